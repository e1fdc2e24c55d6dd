// Sending an answer, and all that may happen while a session waits: the body's rest, the client's leaving, deadlines.
#include <algorithm>
#include <cstdlib>

#include "proxy/client/answer.h"
#include "proxy/client/commons.h"
#include "proxy/client/session.h"
#include "proxy/ops/log.h"

namespace levee {
namespace {

constexpr int64_t kNever = INT64_MAX;

int64_t or_never(int64_t deadline) {
  return deadline == 0 ? kNever : deadline;
}

}  // namespace

Session::Next Session::answered(Sender::Outcome outcome) {
  step_ = Step::kSend;
  return sent(outcome);
}

Session::Next Session::go_on() {
  return sent(exchange_->sender.go_on(connection_.stream));
}

Session::Next Session::sent(Sender::Outcome outcome) {
  Exchange& x = *exchange_;
  switch (outcome) {
    case Sender::Outcome::kDone:
      if (x.slicing.done()) return Step::kFinish;
      x.looks = 0;
      return Step::kNextSlice;
    case Sender::Outcome::kBlocked:
      if (!x.blocked || x.sender.made_progress()) {
        x.send_deadline = connection_.worker.now() + x.plan->location->send_timeout.count();
      }
      x.blocked = true;
      wait_here();
      return std::nullopt;
    case Sender::Outcome::kDry:
      x.blocked = false;
      wait_here();
      return std::nullopt;
    case Sender::Outcome::kCut:
      connection_.commons.counts.cut.add();
      log(LogLevel::kError, connection_.number, "response was cut short after ", x.sender.body_bytes(), " bytes");
      if (!x.cut_is_clean) connection_.stream.abort();
      close_books();
      return Step::kEnded;
    case Sender::Outcome::kGone:
      return leave(499);
  }
  std::abort();
}

// What to be told of now, in kAwait and kSend.
void Session::wait_here() {
  Exchange& x = *exchange_;
  const int64_t now = connection_.worker.now();
  const bool wants_body = !x.body.is_done() && x.body.has_room() && !x.body_withheld;
  const bool reads = wants_body || (x.may_be_closing && !x.blocked && !x.body_withheld);
  int64_t deadline = kNever;
  if (x.blocked) deadline = std::min(deadline, or_never(x.send_deadline));
  if (wants_body) {
    if (x.body_deadline == 0) await_body();
    deadline = std::min(deadline, x.body_deadline);
  }
  deadline = std::min(deadline, or_never(x.wait_deadline));
  using Wait = Stream::Wait;
  const Wait what = x.blocked ? (reads ? Wait::kBoth : Wait::kWrite) : (reads ? Wait::kRead : Wait::kNothing);
  connection_.stream.wait(what, deadline == kNever ? 0 : std::max<int64_t>(1, deadline - now));
  const auto& kept = x.body.kept();
  if (!x.body.is_done() && kept && !kept->on_room) {
    kept->on_room = [this] {
      if (!running_ && exchange_ && (step_ == Step::kAwait || step_ == Step::kSend)) wait_here();
    };
  }
}

// The connection became readable or writable while a flight or the client is waited for.
Session::Next Session::client_event() {
  Exchange& x = *exchange_;
  if (x.body_withheld) return std::nullopt;
  if (!x.body.is_done() && x.body.has_room()) {
    const uint64_t before = x.body.size();
    const auto state = x.body.read(x.input, connection_.stream, connection_.commons.body);
    if (x.body.size() > before) body_came(x.body.size() - before);
    switch (state) {
      case RequestReader::State::kDone:
      case RequestReader::State::kMore:
      case RequestReader::State::kFull:
        return std::nullopt;
      case RequestReader::State::kTooLarge:
      case RequestReader::State::kBad:
        x.keep_alive = false;
        if (step_ != Step::kAwait) return std::nullopt;
        x.reader.reset();
        return answered(send_error(x, state == RequestReader::State::kBad ? 400 : 413));
      case RequestReader::State::kGone:
        return leave(499);
    }
  }
  if (x.blocked || !x.may_be_closing) return std::nullopt;
  // Who shuts down sending may still read. A response that only this client waits for is given up all the same, as
  // nginx does; one that others share costs nothing more. Anything else is a pipelined request, read when its turn
  // comes.
  if (connection_.stream.peer_closed() && x.note.alone && !x.plan->location->ignore_client_abort) return leave(499);
  x.may_be_closing = false;
  wait_here();
  return std::nullopt;
}

Session::Next Session::too_late() {
  switch (step_) {
    case Step::kHandshake:
    case Step::kIdle:
    case Step::kDiscard:
    case Step::kLinger:
    case Step::kEnded:
      return Step::kEnded;
    case Step::kReadHead:
      if (exchange_ && exchange_->head.has_begun()) return refuse(408);
      return Step::kEnded;
    case Step::kReadBody:
      exchange_->keep_alive = false;
      return answered(send_error(*exchange_, 408));
    case Step::kTunnel:
      log(LogLevel::kInfo, connection_.number, "a tunnel was silent for too long");
      connection_.commons.counts.tunnels_open.subtract();
      exchange_->sender.count(exchange_->tunnel->sent());
      close_books();
      return Step::kEnded;
    case Step::kRoute:
    case Step::kLookUp:
    case Step::kNextSlice:
    case Step::kFinish:
      return std::nullopt;
    case Step::kPurge:
      return tell_purged();
    case Step::kAwait:
    case Step::kSend:
      break;
  }
  Exchange& x = *exchange_;
  const int64_t now = connection_.worker.now();
  if (x.blocked && now >= or_never(x.send_deadline)) {
    log(LogLevel::kInfo, connection_.number, "client timed out while it was sent to");
    connection_.stream.abort();
    return leave(408);
  }
  if (now >= or_never(x.wait_deadline)) return fail({Failure::kTimeout, 504, 0});
  if (!x.body.is_done() && now >= or_never(x.body_deadline)) {
    x.keep_alive = false;
    x.body.abort();
    if (step_ == Step::kSend) return leave(408);
    x.reader.reset();
    return answered(send_error(x, 408));
  }
  wait_here();
  return std::nullopt;
}

}  // namespace levee
