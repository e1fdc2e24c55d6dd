// Resources that fail by themselves, as a channel whose encoder is not there yet: one that has failed, and fails again
// though others were answered well meanwhile, says nothing on what its origin can carry.
//
// Pure. Guarded by its Admission's mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace levee {

class FaultyResources {
 public:
  void answered(uint64_t resource) {
    ++good_;
    if (!known_.empty()) known_.erase(resource);
  }
  // It has failed. True: by itself.
  bool failed(uint64_t resource) {
    const auto at = known_.find(resource);
    const bool by_itself = at != known_.end() && at->second != good_;
    if (at == known_.end() && known_.size() == kMost) known_.erase(known_.begin());
    known_[resource] = good_;
    return by_itself;
  }

 private:
  static constexpr size_t kMost = 1024;           // of which one is forgotten then: it counts once more
  uint64_t good_ = 0;                             // answers
  std::unordered_map<uint64_t, uint64_t> known_;  // how many there had been when it failed, by resource
};

}  // namespace levee
