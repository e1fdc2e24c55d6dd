#include "cache/slots.h"

#include <algorithm>
#include <utility>

namespace levee {
namespace {

constexpr size_t kFirstBuckets = 64;

}  // namespace

void make_stale(Variant& variant, int64_t now) {
  int64_t never = 0;
  variant.entry->stale_since.compare_exchange_strong(never, std::max<int64_t>(now, 1));
  variant.fresh_until = std::min(variant.fresh_until, now);
}

Slots::Slots(std::shared_ptr<Budget> budget) : budget_(std::move(budget)), buckets_(kFirstBuckets) {
  budget_->charge(allocated(kFirstBuckets * sizeof(buckets_[0])));
}

Slots::~Slots() {
  size_t bytes = allocated(buckets_.size() * sizeof(buckets_[0]));
  for (auto& bucket : buckets_) {
    while (bucket) {
      bytes += footprint(*bucket);
      bucket = std::move(bucket->next);
    }
  }
  budget_->release(bytes);
}

size_t Slots::footprint(const Slot& slot) {
  return allocated(sizeof(Slot)) + allocated(slot.key.capacity() + 1);
}

Slot* Slots::find(const KeyHash& hash, std::string_view key) const {
  for (Slot* slot = buckets_[bucket_of(hash)].get(); slot != nullptr; slot = slot->next.get()) {
    if (slot->hash == hash && slot->key == key) return slot;
  }
  return nullptr;
}

Slot& Slots::find_or_add(const KeyHash& hash, std::string_view key) {
  if (Slot* const known = find(hash, key)) return *known;
  if (size_ >= buckets_.size()) grow();
  auto slot = std::make_unique<Slot>();
  slot->hash = hash;
  slot->key = key;
  budget_->charge(footprint(*slot));
  auto& bucket = buckets_[bucket_of(hash)];
  slot->next = std::move(bucket);
  bucket = std::move(slot);
  ++size_;
  return *bucket;
}

void Slots::tidy(Slot& slot) {
  if (!slot.is_empty()) return;
  auto* link = &buckets_[bucket_of(slot.hash)];
  while (link->get() != &slot) link = &(*link)->next;
  budget_->release(footprint(slot));
  *link = std::move(slot.next);
  --size_;
}

void Slots::grow() {
  std::vector<std::unique_ptr<Slot>> old(buckets_.size() * 2);
  budget_->charge(allocated(old.size() * sizeof(old[0])));
  budget_->release(allocated(buckets_.size() * sizeof(old[0])));
  old.swap(buckets_);
  for (auto& bucket : old) {
    while (bucket) {
      std::unique_ptr<Slot> slot = std::move(bucket);
      bucket = std::move(slot->next);
      auto& place = buckets_[bucket_of(slot->hash)];
      slot->next = std::move(place);
      place = std::move(slot);
    }
  }
}

void Slots::mark(Slot& slot, int64_t until) {
  unmark(slot);
  slot.uncacheable_until = until;
  slot.marked_before = last_marked_;
  (last_marked_ != nullptr ? last_marked_->marked_later : first_marked_) = &slot;
  last_marked_ = &slot;
  if (++marks_ <= kMostMarks) return;
  Slot& oldest = *first_marked_;
  unmark(oldest);
  tidy(oldest);
}

void Slots::unmark(Slot& slot) {
  if (slot.uncacheable_until == 0) return;
  (slot.marked_later != nullptr ? slot.marked_later->marked_before : last_marked_) = slot.marked_before;
  (slot.marked_before != nullptr ? slot.marked_before->marked_later : first_marked_) = slot.marked_later;
  slot.marked_later = slot.marked_before = nullptr;
  slot.uncacheable_until = 0;
  --marks_;
}

}  // namespace levee
