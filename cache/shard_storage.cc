// What a shard stores, what it costs, and what leaves.
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "cache/shard.h"

namespace levee {
namespace {

constexpr size_t kMostVariants = 64;  // of one key; beyond, the oldest leaves
constexpr int kPinnedTries = 16;

// Whether the body is text as it is, not compressed already.
bool may_rest(const Entry& entry) {
  if (entry.part || entry.body->is_resting() || entry.fields.find("Content-Encoding")) return false;
  const std::string_view type = entry.fields.find("Content-Type").value_or("");
  if (type.starts_with("text/")) return true;
  static constexpr std::array<std::string_view, 6> kText = {"mpegurl", "json", "xml", "javascript", "subrip", "vtt"};
  return std::any_of(kText.begin(), kText.end(),
                     [&](std::string_view part) { return type.find(part) != std::string_view::npos; });
}

// See Entry::fresh_for.
int64_t fresh_until(const Entry& entry) {
  const Lifetime& lifetime = entry.lifetime;
  if (lifetime.always_validate || lifetime.fresh_for <= 0) return INT64_MIN;
  const int64_t until =
      saturating_add(entry.response_time, saturating_subtract(lifetime.fresh_for, lifetime.initial_age));
  const int64_t purged = entry.stale_since.load(std::memory_order_relaxed);
  return purged == 0 ? until : std::min(until, purged);
}

void adopt(Variant& variant, const std::shared_ptr<const Entry>& entry) {
  variant.entry = entry;
  variant.fresh_until = fresh_until(*entry);
  variant.varies = !entry->vary_names.empty();
  variant.partial = entry->part.has_value();
  variant.tried_to_rest = entry->body->is_resting();
}

size_t metadata(const Entry& entry) {
  return entry.footprint() + allocated(sizeof(Variant));
}

}  // namespace

bool Shard::fits(const Entry& entry) const {
  return metadata(entry) + entry.body->footprint() <= budget_->capacity() / kLargestShare;
}

// In the place of what the same requests select; the whole also in that of a part.
void Shard::store(Slot& slot, const std::shared_ptr<const Entry>& entry, Dropped& dropped) {
  const bool partial = entry->part.has_value();
  if (slot.variants != nullptr && slot.variants->entry->stopgap) drop(*slot.variants, dropped);
  size_t count = 0;
  Variant *last = nullptr, *same = nullptr, *next = nullptr;
  for (Variant* variant = slot.variants.get(); variant != nullptr; variant = next) {
    next = variant->next.get();
    if (variant->entry->vary_names == entry->vary_names && variant->entry->vary_values == entry->vary_values) {
      if (variant->partial == partial) same = variant;
      if (variant->partial && !partial) {
        drop(*variant, dropped);
        continue;
      }
    }
    ++count;
    last = variant;
  }
  if (same != nullptr) {
    dropped.push_back(same->entry);
    same->checked = newest_ban_;
    return set_entry(*same, entry);
  }
  if (count >= kMostVariants) drop(*last, dropped);
  auto variant = std::make_unique<Variant>();
  variant->slot = &slot;
  variant->hash = slot.hash.high;
  variant->checked = newest_ban_;
  adopt(*variant, entry);
  variant->bytes = metadata(*entry) + entry->body->footprint();
  charge_entry(*entry);
  variant->next = std::move(slot.variants);
  slot.variants = std::move(variant);
  eviction_.insert(*slot.variants, entry->response_time);
  ++counts_.entries;
}

void Shard::set_entry(Variant& variant, const std::shared_ptr<const Entry>& entry) {
  release_entry(*variant.entry);
  charge_entry(*entry);
  adopt(variant, entry);
  eviction_.resize(variant, metadata(*entry) + entry->body->footprint());
}

void Shard::charge_entry(const Entry& entry) {
  budget_->charge(metadata(entry));
  entries_charged_ += metadata(entry);
}

void Shard::release_entry(const Entry& entry) {
  budget_->release(metadata(entry));
  entries_charged_ -= metadata(entry);
}

std::unique_ptr<Variant> Shard::unlink(Variant& variant) {
  auto* link = &variant.slot->variants;
  while (link->get() != &variant) link = &(*link)->next;
  std::unique_ptr<Variant> owned = std::move(*link);
  *link = std::move(owned->next);
  release_entry(*owned->entry);
  --counts_.entries;
  return owned;
}

void Shard::drop(Variant& variant, Dropped& dropped) {
  eviction_.erase(variant);
  dropped.push_back(unlink(variant)->entry);
}

Shard::Evicted Shard::evict() {
  // What is being sent gives no memory back when it leaves; but not for ever, or all that is pinned would stay.
  for (int tries = 0;; ++tries) {
    Resident* const victim = eviction_.victim(now_);
    charge_tables();
    if (victim == nullptr) return {};
    auto& variant = static_cast<Variant&>(*victim);
    if (variant.entry.use_count() > 1 && tries < kPinnedTries) {
      eviction_.put_back(variant);
      continue;
    }
    if (ElasticS3Fifo::is_main(variant) && !variant.tried_to_rest && variant.entry->fresh_for(now_) > 0 &&
        may_rest(*variant.entry)) {
      variant.tried_to_rest = true;
      eviction_.put_back(variant);
      return {variant.entry, true};
    }
    Slot& slot = *variant.slot;
    Evicted evicted{std::move(unlink(variant)->entry), false};
    slots_.tidy(slot);
    ++counts_.evictions;
    return evicted;
  }
}

void Shard::replace(const Entry& old, const std::shared_ptr<const Entry>& entry, unsigned uses, Dropped& dropped) {
  const Slot* const slot = slots_.find(old.hash, old.key);
  if (slot == nullptr) return;
  for (Variant* variant = slot->variants.get(); variant != nullptr; variant = variant->next.get()) {
    if (variant->entry.get() != &old || variant->uses < uses) continue;
    entry->stale_since.store(old.stale_since.load());  // a soft purge may have come since the copy was made
    dropped.push_back(variant->entry);
    return set_entry(*variant, entry);
  }
}

void Shard::charge_tables() {
  const size_t bytes = eviction_.footprint() + asked_.footprint();
  if (bytes == tables_charged_) return;
  budget_->charge(bytes);
  budget_->release(tables_charged_);
  tables_charged_ = bytes;
}

}  // namespace levee
