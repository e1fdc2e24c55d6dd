// One part of a store: the slots of some keys, what evicts them, and counts. Each has its own lock.
//
// What leaves a shard is handed out, to be freed when the lock is released: freeing a body may take the kernel's time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cache/annotations.h"
#include "cache/eviction.h"
#include "cache/ghosts.h"
#include "cache/slots.h"
#include "cache/store.h"

namespace levee {

class Shard {
 public:
  using Dropped = std::vector<std::shared_ptr<const Entry>>;

  static constexpr uint64_t kLargestShare = 2;  // an entry may take one part in so many of the whole store

  Shard(std::shared_ptr<Budget> budget, Home& home);
  ~Shard();

  Mutex mutex;

  // The decision of Store::find.
  Found find(const Ask& ask, Dropped& dropped) REQUIRES(mutex);
  std::shared_ptr<const Entry> peek(const KeyView& key, const VarySource& vary, Dropped& dropped) REQUIRES(mutex);
  size_t purge(const KeyView& key, bool soft, int64_t now, Dropped& dropped) REQUIRES(mutex);
  void add(std::shared_ptr<const Ban> ban) REQUIRES(mutex);
  // A step of carrying out bans; false: there was nothing to do.
  bool sweep(Dropped& dropped) REQUIRES(mutex);
  void forget_uncacheable(const KeyView& key) REQUIRES(mutex);

  // From flights: see Home.
  void opened(const Flight& flight, const std::shared_ptr<const Entry>& entry) REQUIRES(mutex);
  bool landed(const Flight& flight, const std::shared_ptr<const Entry>& entry, Dropped& dropped) REQUIRES(mutex);
  void passed(const Flight& flight, int64_t until) REQUIRES(mutex);
  void failed(const Flight& flight, const std::shared_ptr<const Entry>& part, Dropped& dropped) REQUIRES(mutex);

  // Takes out one entry; null: there is none. Or leaves it for now, if it is text that was of use and may take less
  // memory: then `rests`, and the caller packs the body without the lock and calls replace().
  struct Evicted {
    std::shared_ptr<const Entry> entry;
    bool rests = false;
  };
  Evicted evict() REQUIRES(mutex);
  // Puts the same response with another body in the place of `old`, if that is still there, and was used so often since
  // eviction last looked.
  void replace(const Entry& old, const std::shared_ptr<const Entry>& entry, unsigned uses, Dropped& dropped)
      REQUIRES(mutex);

  void add_to(StoreStats& stats) const REQUIRES(mutex);

 private:
  Found miss(const Ask& ask, Slot* slot, std::shared_ptr<const Entry> stale) REQUIRES(mutex);
  Found lead(const Ask& ask, Slot* slot, std::shared_ptr<const Entry> stale, bool serve_stale) REQUIRES(mutex);
  Variant* select(const Slot& slot, const VarySource& vary) const REQUIRES(mutex);
  Airborne* select_flight(Slot& slot, const VarySource& vary) const REQUIRES(mutex);
  static Airborne* airborne(Slot& slot, const Flight& flight);
  // What bans that it has not met make of a variant: stale, or false: it was dropped, and its slot may be empty.
  bool outlives_bans(Variant& variant, Dropped& dropped) REQUIRES(mutex) {
    return variant.checked == newest_ban_ || meets_bans(variant, dropped);
  }
  bool meets_bans(Variant& variant, Dropped& dropped) REQUIRES(mutex);
  // ... of a flight; false: it is not to be stored or followed any more.
  bool outlives_bans(Airborne& airborne, std::string_view key) REQUIRES(mutex);
  size_t sweep(Slot& slot, Dropped& dropped) REQUIRES(mutex);
  void retire_bans() REQUIRES(mutex);
  std::shared_ptr<const Entry> begun(const Slot& slot, const VarySource& vary) const REQUIRES(mutex);
  bool fits(const Entry& entry) const REQUIRES(mutex);
  // Takes the flight off its slot, which may be empty then; null if it was not there any more.
  Slot* forget(const Flight& flight) REQUIRES(mutex);
  void store(Slot& slot, const std::shared_ptr<const Entry>& entry, Dropped& dropped) REQUIRES(mutex);
  std::unique_ptr<Variant> unlink(Variant& variant) REQUIRES(mutex);
  void drop(Variant& variant, Dropped& dropped) REQUIRES(mutex);
  void set_entry(Variant& variant, const std::shared_ptr<const Entry>& entry) REQUIRES(mutex);
  void charge_entry(const Entry& entry) REQUIRES(mutex);
  void release_entry(const Entry& entry) REQUIRES(mutex);
  void charge_tables() REQUIRES(mutex);

  // Constant.
  const std::shared_ptr<Budget> budget_;
  Home& home_;  // owns this shard

  Slots slots_ GUARDED_BY(mutex);
  ElasticS3Fifo eviction_ GUARDED_BY(mutex);
  Ghosts asked_ GUARDED_BY(mutex);  // how often keys were asked for, for min_uses
  size_t tables_charged_ GUARDED_BY(mutex) = 0;
  size_t entries_charged_ GUARDED_BY(mutex) = 0;
  int64_t now_ GUARDED_BY(mutex) = 0;                               // the latest that was heard of
  std::vector<std::shared_ptr<const Ban>> bans_ GUARDED_BY(mutex);  // the oldest first
  uint64_t newest_ban_ GUARDED_BY(mutex) = 0;                       // its number; stays when it is done
  uint64_t sweeping_ GUARDED_BY(mutex) = 0;  // bans up to this one are done when the sweep has passed; 0: none runs
  size_t swept_ GUARDED_BY(mutex) = 0;       // buckets
  StoreStats counts_ GUARDED_BY(mutex);
};

}  // namespace levee
