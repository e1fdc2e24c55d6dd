// Resources that hang at a server which may be well: each is left alone for a pause that doubles, so that not everybody
// who asks for it pays its time-out. After the pause one tries, and the others wait for the next one.
//
// Pure, time is passed in (ms). Guarded by its upstream's mutex.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "conf/upstream.h"

namespace levee {

class HungResources {
 public:
  // Whether it is left alone now.
  bool holds(uint64_t resource, int64_t now) const {
    const auto at = std::ranges::find(known_, resource, &Known::resource);
    return at != known_.end() && now < at->until;
  }
  // Whether it hung when it was last asked for.
  bool knows(uint64_t resource) const { return std::ranges::find(known_, resource, &Known::resource) != known_.end(); }
  // Somebody asks for it.
  void begin(uint64_t resource, int64_t now) {
    const auto at = std::ranges::find(known_, resource, &Known::resource);
    if (at != known_.end()) at->until = now + at->pause;
  }
  void hung(uint64_t resource, const Breaker& limits, int64_t now) {
    const auto at = std::ranges::find(known_, resource, &Known::resource);
    const int64_t before = at == known_.end() ? 0 : at->pause;
    if (at != known_.end()) known_.erase(at);
    if (known_.size() == kMost) known_.erase(known_.begin());
    const int64_t pause = before == 0 ? limits.backoff.count() : std::min(2 * before, limits.max_backoff.count());
    known_.push_back({resource, now + pause, pause});
  }
  // Who asked for it has not waited for an answer.
  void release(uint64_t resource) {
    const auto at = std::ranges::find(known_, resource, &Known::resource);
    if (at != known_.end()) at->until = 0;
  }
  void answered(uint64_t resource) {
    if (!known_.empty()) std::erase_if(known_, [&](const Known& each) { return each.resource == resource; });
  }

 private:
  static constexpr size_t kMost = 16;  // the oldest is forgotten: it costs its time-out again
  struct Known {
    uint64_t resource;
    int64_t until, pause;
  };
  std::vector<Known> known_;
};

}  // namespace levee
