// Fetches that wait for a slot of an origin: in the order of their class, and within a class the oldest first, or the
// newest first once it backs up: who has waited longest for a live segment wants one that is over.
//
// Pure, time is passed in (ms). Guarded by its Admission's mutex.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "conf/location.h"

namespace levee {

// What waits, best first. Priority::kAuto is never queued.
inline constexpr std::array kClasses{Priority::kPlaylist, Priority::kLive, Priority::kOther, Priority::kBackground};
constexpr size_t class_index(Priority priority) {
  for (size_t i = 0; i < kClasses.size(); ++i) {
    if (kClasses[i] == priority) return i;
  }
  return class_index(Priority::kOther);
}

class FetchQueue {
 public:
  explicit FetchQueue(size_t size) : size_(size) {}
  void resize(size_t size) { size_ = size; }

  struct Pushed {
    uint64_t ticket = 0;           // 0: no room
    std::optional<uint64_t> shed;  // who had to go for it: of a lower class, the one that waited longest
  };
  Pushed push(Priority priority, int64_t now, int64_t deadline);
  // The next that is to be served and whose deadline is not over.
  std::optional<uint64_t> pop(int64_t now);
  bool remove(uint64_t ticket);
  size_t size() const;
  size_t size(Priority priority) const { return classes_[class_index(priority)].size(); }

 private:
  // A class backs up when its oldest has waited for this part of its time.
  static constexpr int64_t kBackedUp = 4;
  struct Waiting {
    int64_t since = 0, deadline = 0;
  };
  using Class = std::map<uint64_t, Waiting>;  // by ticket: the oldest first
  std::array<Class, kClasses.size()> classes_;
  size_t size_;
  uint64_t last_ticket_ = 0;
};

}  // namespace levee
