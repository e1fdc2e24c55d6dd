// Refreshes in the background that are yet to begin: a few do at the end of each of the loop's turns, so that a crowd
// that finds everything expired has its stale copies first.
//
// One a worker (Worker::local). Loop thread only.
#pragma once

#include <deque>
#include <utility>

#include "proxy/origin/fetch.h"

namespace levee {

class Refreshes {
 public:
  explicit Refreshes(Worker& worker) : worker_(worker) {}

  // Of what is not begun in the end the flights fail (Failure::kAbandoned).
  void add(Order order, Writer writer) { waiting_.emplace_back(std::move(order), std::move(writer)); }
  void clear() { waiting_.clear(); }
  // True if there are more: the next turn must not wait for events.
  bool begin_some();

 private:
  Worker& worker_;
  std::deque<std::pair<Order, Writer>> waiting_;  // first come, first begun
};

}  // namespace levee
