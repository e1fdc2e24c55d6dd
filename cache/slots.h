// The keys of one shard: per key its stored variants, its flights, and whether it is known to be uncacheable.
//
// Not thread-safe: guarded by the shard. All memory is charged to the store's budget.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cache/ban.h"
#include "cache/budget.h"
#include "cache/entry.h"
#include "cache/eviction.h"
#include "cache/flight_core.h"
#include "cache/key.h"

namespace levee {

struct Slot;

// A stored variant of a key. What a look-up needs of the entry is repeated here, near what it touches anyway.
struct Variant : Resident {
  std::shared_ptr<const Entry> entry;
  Slot* slot = nullptr;
  int64_t fresh_until = 0;  // ms; in the past if it must always be validated
  uint64_t checked = 0;     // the newest ban that it is known to have outlived
  bool varies = false;
  bool partial = false;
  bool tried_to_rest = false;
  std::unique_ptr<Variant> next;  // an older one of the same key
};

// As of `now`, ms; the entry too. What was stale before stays as stale as it was.
void make_stale(Variant& variant, int64_t now);

// A flight, and which requests it may serve.
struct Airborne {
  std::shared_ptr<Flight> flight;
  bool any = true;       // nobody knows yet whether the response varies
  bool is_open = false;  // its tags are known
  std::string vary_names;
  std::string vary_values;
  Tags tags;
  uint64_t checked = 0;                             // the newest ban that it has met
  std::vector<std::shared_ptr<const Ban>> to_meet;  // bans by tag that came before its tags did
  std::shared_ptr<const Entry> part;                // the head has come, and is of a part: for those who take it
};

struct Slot {
  std::unique_ptr<Slot> next;  // in its bucket
  KeyHash hash;
  std::string key;
  std::unique_ptr<Variant> variants;  // the newest first
  std::vector<Airborne> flights;
  int64_t uncacheable_until = 0;  // ms; 0: not known to be
  int64_t refresh_after = 0;      // ms: the last refresh failed, what is stale goes out without another until then
  bool refused = false;  // ... because there was no room at the origin: who may not have it is refused until then
  // In the order in which they were found uncacheable.
  Slot* marked_later = nullptr;
  Slot* marked_before = nullptr;

  bool is_empty() const { return variants == nullptr && flights.empty() && uncacheable_until == 0; }
};

class Slots {
 public:
  explicit Slots(std::shared_ptr<Budget> budget);
  ~Slots();

  Slot* find(const KeyHash& hash, std::string_view key) const;
  Slot& find_or_add(const KeyHash& hash, std::string_view key);
  // Frees the slot if nothing is in it.
  void tidy(Slot& slot);
  size_t size() const { return size_; }
  // For going over all of them, which may go on after others came and went: a slot's bucket changes when their count
  // doubles, to one that is further on.
  size_t buckets() const { return buckets_.size(); }
  Slot* first_of(size_t bucket) const { return buckets_[bucket].get(); }

  // Remembers the key as uncacheable; forgets the key that was marked longest ago if there are too many.
  void mark(Slot& slot, int64_t until);
  void unmark(Slot& slot);

 private:
  static constexpr size_t kMostMarks = 4096;
  size_t bucket_of(const KeyHash& hash) const { return hash.low & (buckets_.size() - 1); }
  void grow();
  static size_t footprint(const Slot& slot);

  std::shared_ptr<Budget> budget_;
  std::vector<std::unique_ptr<Slot>> buckets_;
  size_t size_ = 0;
  Slot* last_marked_ = nullptr;
  Slot* first_marked_ = nullptr;
  size_t marks_ = 0;
};

}  // namespace levee
