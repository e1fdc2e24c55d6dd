#include "bench/origin/capacity_model.h"

#include <algorithm>
#include <utility>

namespace levee::bench {

// An origin that thrashes: twice as many waiters as it bears make it twice as slow.
int64_t CapacityModel::service_ms() const {
  if (capacity_.slots == 0) return 0;
  const auto waiting = static_cast<int64_t>(waiting_.size());
  const auto bearable = static_cast<int64_t>(capacity_.collapse_past);
  return bearable == 0 || waiting <= bearable ? capacity_.service_ms : capacity_.service_ms * waiting / bearable;
}

CapacityModel::Entry CapacityModel::enter(uint64_t ticket, Start start) {
  if (capacity_.slots == 0 || serving_ < capacity_.slots) {
    ++serving_;
    start(service_ms());
    return Entry::kServed;
  }
  if (waiting_.size() >= capacity_.queue) return Entry::kRefused;
  waiting_.push_back({ticket, std::move(start)});
  return Entry::kQueued;
}

void CapacityModel::leave() {
  --serving_;
  start_waiting();
}

void CapacityModel::change(const Capacity& capacity) {
  capacity_ = capacity;
  start_waiting();
}

void CapacityModel::start_waiting() {
  if (is_starting_) return;  // this one leaves as it starts: no call inside of a call for each that waits
  is_starting_ = true;
  while (!waiting_.empty() && (capacity_.slots == 0 || serving_ < capacity_.slots)) {
    const Waiter next = std::move(waiting_.front());
    waiting_.pop_front();
    ++serving_;
    next.start(service_ms());
  }
  is_starting_ = false;
}

void CapacityModel::abandon(uint64_t ticket) {
  std::erase_if(waiting_, [ticket](const Waiter& waiter) { return waiter.ticket == ticket; });
}

}  // namespace levee::bench
