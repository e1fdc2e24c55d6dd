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
  uint64_t bytes = 0;    // all it takes, body included
  int64_t arrived = 0;   // ms
  int64_t last_use = 0;  // ms; that of its arrival at first
  uint8_t uses = 0;      // saturating
  uint8_t queue = 0;     // which queue it is in, as the policy numbers them
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

// S3-FIFO (SOSP 2023): a small queue that everything passes, a main queue for what proved itself there, and the memory
// of keys that left. Two changes make it fit for live streams, whose segments have a burst of hits and then never one
// again:
//
// - Hits earn a place in the main queue only if the last of them came in the later half of the stay in the small queue.
//   A burst that is over counts for nothing; what is still in use stays in the small queue for another round.
// - The small queue's share is elastic. A key that comes back soon after it left the small queue makes it larger, one
// that
//   left the main queue makes it smaller, twice as fast. On live traffic it takes nearly everything, which makes the
//   whole a FIFO; on VOD it stays at a tenth.
//
// Measured against FIFO, LRU, SIEVE and plain S3-FIFO in bench/micro/eviction_traces.cc. Nothing needs to be told which
// entries are live.
class ElasticS3Fifo final : public Eviction {
 public:
  ElasticS3Fifo();
  void insert(Resident& resident, int64_t now) override;
  void hit(Resident& resident, int64_t now) override {
    if (resident.uses < kMostUses) ++resident.uses;
    resident.last_use = now;
  }
  void erase(Resident& resident) override;
  void resize(Resident& resident, uint64_t bytes) override;
  Resident* victim(int64_t now) override;
  // A victim stays after all: back to the young end of its queue.
  void put_back(Resident& resident);
  // Whether a resident, or a victim just taken out, is of the main queue.
  static bool is_main(const Resident& resident) { return resident.queue == kMain; }
  double small_share() const { return small_share_; }
  size_t footprint() const { return left_small_.footprint() + left_main_.footprint(); }

 private:
  static constexpr uint8_t kMostUses = 3;
  enum Queue : uint8_t { kSmall, kMain };
  ResidentQueue& queue_of(const Resident& resident) { return resident.queue == kMain ? main_ : small_; }
  Resident* from_small(int64_t now);
  Resident* from_main();
  void remember();

  ResidentQueue small_;
  ResidentQueue main_;
  Ghosts left_small_;
  Ghosts left_main_;
  double small_share_;
};

}  // namespace levee
