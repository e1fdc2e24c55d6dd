// The fetch's way through its upstream's limit and queue, and what becomes of those who are refused.
#include <cstdlib>
#include <string>
#include <utility>

#include "cache/date.h"
#include "cache/store.h"
#include "proxy/origin/fetch_task.h"
#include "proxy/origin/name_keeper.h"
#include "proxy/origin/priority.h"

namespace levee {
namespace {

constexpr int64_t kNegative = 1000;    // ms that the crowd behind a refused fetch is answered from memory
constexpr int64_t kRetryAfter = 1000;  // ms; each client is told its own time
constexpr int64_t kLookAgain = 1000;   // ms

// Whether the readers have something better than to wait: a stale copy that may be served when the origin is
// overloaded.
bool has_stale(const Order& order, int64_t now) {
  if (order.stale == nullptr) return false;
  Rules rules;
  rules.stale_if_error = order.location->use_stale.has(Trouble::kOverloaded);
  return Store::may_serve_on_error(*order.stale, rules, now);
}

std::shared_ptr<Entry> negative_entry(size_t body_size, int64_t now, int64_t wall_ms) {
  auto entry = std::make_shared<Entry>();
  entry->status = 503;
  char date[kDateSize];
  format_date(wall_ms / 1000, date);
  entry->fields.add("Date", std::string_view(date, kDateSize));
  entry->fields.add("Content-Type", "text/plain");
  entry->fields.add("Cache-Control", "no-store");
  entry->fields.trim();
  entry->content_length = body_size;
  entry->response_time = now;
  entry->lifetime.fresh_for = kNegative;
  entry->lifetime.must_revalidate = true;  // never instead of an answer
  entry->lifetime.explicit_freshness = true;
  entry->stopgap = true;
  return entry;
}

}  // namespace

Fetch::Next Fetch::admit() {
  if (place_) {
    switch (place_->claim(permit_)) {
      case Place::Standing::kWaiting:
        return std::nullopt;
      case Place::Standing::kGranted:
        place_.reset();
        timer_.clear();
        return Step::kResolve;
      case Place::Standing::kShed:
        return refuse();
    }
    std::abort();
  }
  // No slot is needed, and no wait, to find that there is no server.
  if (const auto until = upstream_->down_until(asked(), worker_.now())) {
    worker_.local<NameKeeper>().refresh(upstream_, *rules_, location_);
    UpstreamState::Pick none;
    none.retry_at = *until;
    return no_server(none);
  }
  waits_since_ = worker_.now();
  return admitted(upstream_->admission().admit(priority_, may_wait(), worker_.subscriber(*this), waits_since_));
}

// All servers that may be asked have as many fetches as they may. One that may not be asked now makes room when it may.
Fetch::Next Fetch::stand_back(const UpstreamState::Pick& pick) {
  Permit permit = std::move(*permit_);
  permit_.reset();
  const int64_t now = worker_.now();
  const Next next = admitted(upstream_->admission().stand_back(
      std::move(permit), pick.departures, priority_, may_wait(), worker_.subscriber(*this), waits_since_, now));
  if (place_ && pick.retry_at > now && pick.retry_at < place_->deadline()) timer_.set(pick.retry_at - now);
  return next;
}

// Its time in the queue is over, or it is time that somebody tries a server that was left out. Who tries is the first
// in the queue; so all go on looking.
Fetch::Next Fetch::waited() {
  const int64_t left = place_ ? place_->deadline() - worker_.now() : 0;
  if (left <= 0) return refuse();
  timer_.set(std::min(left, kLookAgain));
  upstream_->admission().room_made(0);
  return std::nullopt;
}

Fetch::Next Fetch::admitted(Admission::Answer answer) {
  if (auto* permit = std::get_if<Permit>(&answer)) {
    permit_.emplace(std::move(*permit));
    return Step::kResolve;
  }
  if (std::holds_alternative<Refused>(answer)) return refuse();
  place_.emplace(std::move(std::get<Place>(answer)));
  timer_.set(std::max<int64_t>(place_->deadline() - worker_.now(), 0));
  step_ = Step::kAdmit;
  return std::nullopt;
}

bool Fetch::may_wait() const {
  if (order_.only_if_free) return is_waited_for();
  const bool in_background = order_.background && !is_waited_for();
  return in_background || writer_.is_open() || !has_stale(order_, worker_.now());
}

UpstreamState::Asked Fetch::asked() const {
  return {resource_, !order_.background || is_waited_for()};
}

// Of a refresh in the background: whether somebody has joined it.
bool Fetch::is_waited_for() const {
  return writer_.readers() > 0;
}

Fetch::Next Fetch::refuse() {
  place_.reset();
  if (writer_.is_open()) return give_up({Failure::kCut});          // it was to go on where a peer broke off
  if (order_.only_if_free) return give_up({Failure::kAbandoned});  // who has joined it meanwhile looks again
  const int64_t now = worker_.now();
  if (has_stale(order_, now)) {
    upstream_->admission().count_stale();
    return give_up({Failure::kOverloaded, 503, kRetryAfter});
  }
  upstream_->admission().count_shed(priority_);
  if (order_.key.empty() || !order_.may_store || order_.stale != nullptr) {
    return give_up({Failure::kOverloaded, 503, kRetryAfter});
  }
  static constexpr std::string_view kText = "503 Service Unavailable: the origin is at its limit\n";
  const std::string_view text = order_.method == "HEAD" ? std::string_view() : kText;
  writer_.open(negative_entry(kText.size(), now, worker_.wall_ms()));
  if (!text.empty()) writer_.append(std::as_bytes(std::span(text)));
  writer_.finish();
  return end();
}

// What the limiter learns from a response head: the time of good ones, and refusals.
void Fetch::tell_limiter(int status) {
  if (!permit_) return;
  if (status == 429 || status == 503) return permit_->failed(resource_, request_sent_, worker_.now());
  if (status < 500 && !is_held_by_design(order_.target)) permit_->head_came(resource_, request_sent_, worker_.now());
}

}  // namespace levee
