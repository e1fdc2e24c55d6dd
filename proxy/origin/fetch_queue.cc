#include "proxy/origin/fetch_queue.h"

#include <iterator>

namespace levee {

FetchQueue::Pushed FetchQueue::push(Priority priority, int64_t now, int64_t deadline) {
  const size_t own = class_index(priority);
  Pushed pushed;
  if (size() >= size_) {
    size_t lowest = kClasses.size() - 1;
    while (lowest > own && classes_[lowest].empty()) --lowest;
    if (lowest <= own) return pushed;
    pushed.shed = classes_[lowest].begin()->first;
    classes_[lowest].erase(classes_[lowest].begin());
  }
  pushed.ticket = ++last_ticket_;
  classes_[own].emplace(pushed.ticket, Waiting{now, deadline});
  return pushed;
}

std::optional<uint64_t> FetchQueue::pop(int64_t now) {
  for (Class& waiting : classes_) {
    while (!waiting.empty()) {
      const auto oldest = waiting.begin();
      const Waiting& first = oldest->second;
      const bool backed_up = (now - first.since) * kBackedUp >= first.deadline - first.since;
      const auto next = backed_up ? std::prev(waiting.end()) : oldest;
      const bool in_time = now < next->second.deadline;
      const uint64_t ticket = next->first;
      waiting.erase(next);
      if (in_time) return ticket;
    }
  }
  return std::nullopt;
}

bool FetchQueue::remove(uint64_t ticket) {
  for (Class& waiting : classes_) {
    if (waiting.erase(ticket) > 0) return true;
  }
  return false;
}

size_t FetchQueue::size() const {
  size_t all = 0;
  for (const Class& waiting : classes_) all += waiting.size();
  return all;
}

}  // namespace levee
