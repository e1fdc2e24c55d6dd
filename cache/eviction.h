// Which stored entry leaves when memory is short.
//
// Not thread-safe: one Eviction a shard, under its lock. Residents are embedded in what is stored; nothing is
// allocated.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cache/ghosts.h"

namespace levee {

// What eviction knows of one stored entry.
struct Resident {
  Resident* newer = nullptr;
  Resident* older = nullptr;
  uint64_t hash = 0;
  uint64_t bytes = 0;  // all it takes, body included
  uint8_t uses = 0;    // saturating
  uint8_t queue = 0;   // which queue it is in, as the policy numbers them
};

// Residents in order of arrival.
class ResidentQueue {
 public:
  void push(Resident& resident);
  void remove(Resident& resident);
  Resident* oldest() const { return oldest_; }
  uint64_t bytes() const { return bytes_; }
  size_t size() const { return size_; }
  void grow(int64_t bytes) { bytes_ = static_cast<uint64_t>(static_cast<int64_t>(bytes_) + bytes); }

 private:
  Resident* newest_ = nullptr;
  Resident* oldest_ = nullptr;
  uint64_t bytes_ = 0;
  size_t size_ = 0;
};

class Eviction {
 public:
  virtual ~Eviction() = default;
  virtual void insert(Resident& resident, int64_t now) = 0;
  virtual void hit(Resident& resident, int64_t now) = 0;
  virtual void erase(Resident& resident) = 0;
  // Its bytes change, its place does not.
  virtual void resize(Resident& resident, uint64_t bytes) = 0;
  // Takes out the one to leave; null: there is none.
  virtual Resident* victim(int64_t now) = 0;
};

// S3-FIFO (SOSP 2023): a small queue that everything passes, a main queue for what was used again there, and the memory
// of keys that left the small queue unused.
class S3Fifo final : public Eviction {
 public:
  void insert(Resident& resident, int64_t now) override;
  void hit(Resident& resident, int64_t now) override;
  void erase(Resident& resident) override;
  void resize(Resident& resident, uint64_t bytes) override;
  Resident* victim(int64_t now) override;
  // Whether a resident (or a victim just taken out) is of the main queue.
  static bool is_main(const Resident& resident) { return resident.queue == kMain; }
  size_t footprint() const { return ghosts_.footprint(); }

 private:
  enum Queue : uint8_t { kSmall, kMain };
  void leave_small(Resident& resident);

  ResidentQueue small_;
  ResidentQueue main_;
  Ghosts ghosts_;
};

}  // namespace levee
