// What a fetch does when something goes wrong, and how it ends.
#include <algorithm>
#include <utility>

#include "proxy/ops/log.h"
#include "proxy/origin/fetch_task.h"

namespace levee {
namespace {

int status_of(Failure why) {
  switch (why) {
    case Failure::kTimeout:
      return 504;
    case Failure::kOverloaded:
      return 503;
    case Failure::kAbandoned:
    case Failure::kConnect:
    case Failure::kReset:
    case Failure::kInvalid:
    case Failure::kCut:
    case Failure::kChanged:
    case Failure::kOriginStatus:
      return 502;
  }
  return 502;
}

std::string_view describe(Failure why) {
  switch (why) {
    case Failure::kTimeout:
      return "upstream timed out";
    case Failure::kConnect:
      return "no connection to upstream";
    case Failure::kReset:
      return "upstream prematurely closed connection";
    case Failure::kInvalid:
      return "upstream sent an invalid response";
    case Failure::kCut:
      return "upstream cut its response short";
    case Failure::kAbandoned:
    case Failure::kOverloaded:
    case Failure::kChanged:
    case Failure::kOriginStatus:
      return "upstream failed";
  }
  return "upstream failed";
}

}  // namespace

// An attempt came to nothing: another one, or the end.
Fetch::Next Fetch::failed(Trouble trouble, Failure why) {
  if (seat_)
    log(LogLevel::kError, 0, "fetch: ", describe(why), ", upstream: ", seat_.peer().name, ", request: ", order_.target);
  if (writer_.is_open()) return cut();

  const bool closed_while_idle = trouble == Trouble::kError && connection_ != nullptr && connection_->reused() &&
                                 attempt().bytes_received == 0 && !fresh_only_ && replayable();
  if (closed_while_idle) {
    leave_server(Outcome::kUnknown);
    trace_->attempts.pop_back();
    --tries_;
    fresh_only_ = true;
    return Step::kChoose;
  }
  if (at_peer()) return leave_peer(why == Failure::kInvalid ? Outcome::kBad : Outcome::kAway);
  if (permit_ && (why == Failure::kTimeout || why == Failure::kReset)) {
    permit_->failed(resource_, attempt_began_, worker_.now());
  }
  attempt().status = status_of(why);
  last_fault_ = {why, status_of(why)};
  tried_.push_back(seat_.shared_peer());
  const bool again = may_retry(trouble);
  const bool was_connected = step_ != Step::kConnect && step_ != Step::kHandshake;
  leave_server(why == Failure::kConnect   ? Outcome::kAway
               : why != Failure::kTimeout ? Outcome::kBad
               : was_connected            ? Outcome::kTimeout
                                          : Outcome::kSilent);
  return again ? Step::kChoose : give_up(last_fault_);
}

// Whether it waits for an answer, and may do something else. What may have been done already is not given up.
bool Fetch::awaits_answer() const {
  const bool awaits = step_ == Step::kConnect || step_ == Step::kHandshake || step_ == Step::kReadHead;
  return awaits && seat_ && idempotent_ && !writer_.is_open();
}

// The server that it waits for turned out to be away, and somebody has paid for knowing it.
bool Fetch::is_deserted() const {
  if (!awaits_answer()) return false;
  const Milliseconds patience = step_ == Step::kReadHead ? location_.read_timeout : location_.connect_timeout;
  return upstream_->is_away(seat_.peer(), patience.count(), worker_.now());
}

// It was a trial that hangs, and another one has found that the server is back.
bool Fetch::is_lost() const {
  return awaits_answer() && upstream_->is_back(seat_.peer(), attempt_began_);
}

Fetch::Next Fetch::ask_again() {
  leave_server(Outcome::kUnknown);
  return upstream_->withdraw_retry(worker_.now()) ? Step::kChoose : give_up({Failure::kTimeout, 504});
}

Fetch::Next Fetch::deserted() {
  attempt().status = 504;
  last_fault_ = {Failure::kTimeout, 504};
  tried_.push_back(seat_.shared_peer());
  const bool again = may_retry(Trouble::kTimeout);
  leave_server(Outcome::kUnknown);
  return again ? Step::kChoose : give_up(last_fault_);
}

// The body broke off. Its readers have a part: it goes on at that byte, or they are cut off too.
Fetch::Next Fetch::cut() {
  log(LogLevel::kError, 0, "upstream cut its response short at byte ", writer_.size(), ", request: ", order_.target);
  if (at_peer()) return lost_peer();
  leave_server(Outcome::kBad);
  if (writer_.unwanted() || resumptions_ >= kMostResumptions) return give_up({Failure::kCut});
  resuming_ = resumption(order_, *entry_, decoder_.framing(), writer_.size());
  if (!resuming_) return give_up({Failure::kCut});
  ++resumptions_;
  fresh_only_ = true;
  tried_.clear();
  return resumptions_ == 1 ? Step::kChoose : Step::kPause;
}

// Who has cut a body twice is likely to be away for a moment.
Fetch::Next Fetch::pause() {
  timer_.set(int64_t{100} << resumptions_);
  return std::nullopt;
}

Fetch::Next Fetch::give_up(Fault fault) {
  reusable_ = false;
  copy_.reset();
  if (!writer_.ended()) {
    writer_.fail(fault, entry_ && writer_.is_open() ? part_of_cut(order_, *entry_, writer_.size(), total_) : nullptr);
  }
  return end();
}

bool Fetch::replayable() const {
  return order_.body == nullptr || order_.body->taken == kept_body_.size();
}

bool Fetch::may_retry(Trouble trouble) {
  if (!location_.next_upstream.has(trouble) || !replayable()) return false;
  if (!idempotent_ && attempt().bytes_sent > 0 && !location_.next_upstream.has(Trouble::kNonIdempotent)) return false;
  const int64_t now = worker_.now();
  const int64_t limit = location_.next_upstream_timeout.count();
  if (location_.next_upstream_tries > 0 && tries_ >= location_.next_upstream_tries) return false;
  if (limit > 0 && now - began_ >= limit) return false;
  return upstream_->has_others(tried_, seat_ ? &seat_.peer() : nullptr, now) && upstream_->withdraw_retry(now);
}

// Ends the attempt; the connection is closed.
void Fetch::leave_server(Outcome outcome) {
  seat_.judge(outcome, worker_.now());
  close_attempt();
  seat_.leave();
  worker_.local<OriginPool>().drop(std::move(connection_));
}

void Fetch::close_attempt() {
  if (!seat_ || trace_->attempts.empty()) return;
  attempt().response_time = worker_.now() - attempt_began_;
}

Fetch::Next Fetch::end() {
  if (step_ == Step::kEnded) return Step::kEnded;
  step_ = Step::kEnded;
  timer_.clear();
  flush_timer_.clear();
  leave_pop();
  close_attempt();
  seat_.leave();
  permit_.reset();
  place_.reset();
  auto& pool = worker_.local<OriginPool>();
  if (connection_ != nullptr && reusable_) {
    pool.keep(*rules_, std::move(connection_));
  } else {
    pool.drop(std::move(connection_));
  }
  if (order_.body != nullptr) order_.body->on_more = nullptr;
  worker_.reap(*this);
  return Step::kEnded;
}

}  // namespace levee
