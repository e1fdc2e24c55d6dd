// Looking up: who has a key, who fetches it, who waits.
#include "cache/shard.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace levee {
namespace {

constexpr size_t kKeysCounted = 16 * 1024;
constexpr uint64_t kReadAhead = 256 * 1024;  // window of a flight that passes

// The request's values for a list of names; valid until the next call on this thread.
const std::string& render(const VarySource& vary, std::string_view names) {
  thread_local std::string values;
  values.clear();
  vary.vary_values(names, values);
  return values;
}

// Whether a stale response may be used while its update is under way.
bool may_serve_while_updating(const Entry& entry, const Rules& rules, int64_t now) {
  if (entry.lifetime.always_validate || entry.lifetime.must_revalidate) return false;
  return rules.stale_while_updating || -entry.fresh_for(now) < entry.lifetime.stale_while_revalidate;
}

}  // namespace

bool matches(const Entry& entry, const VarySource& vary) {
  if (entry.part && !vary.takes(entry)) return false;
  return entry.vary_names.empty() || render(vary, entry.vary_names) == entry.vary_values;
}

Shard::Shard(std::shared_ptr<Budget> budget, Home& home) : budget_(std::move(budget)), home_(home), slots_(budget_) {}

Shard::~Shard() {
  budget_->release(tables_charged_ + entries_charged_);
}

Found Shard::find(const Ask& ask, Dropped& dropped) {
  now_ = std::max(now_, ask.now);
  Slot* const slot = slots_.find(ask.key.hash, ask.key.text);
  if (slot == nullptr) return miss(ask, nullptr, nullptr);
  Variant* const variant = select(*slot, ask.vary);
  if (variant == nullptr || !outlives_bans(*variant, dropped)) return miss(ask, slot, nullptr);
  eviction_.hit(*variant, ask.now);
  if (ask.now < variant->fresh_until && !ask.rules.bypass) {
    ++counts_.hits;
    return Hit{variant->entry};
  }
  return miss(ask, slot, variant->entry);
}

Found Shard::miss(const Ask& ask, Slot* slot, std::shared_ptr<const Entry> stale) {
  const bool serve_stale = stale && !ask.rules.bypass && may_serve_while_updating(*stale, ask.rules, ask.now);
  if (slot != nullptr && slot->uncacheable_until != 0) {
    if (ask.now < slot->uncacheable_until) {
      ++counts_.passes;
      return Pass{Pass::Why::kUncacheable};
    }
    slots_.unmark(*slot);
  }
  if (slot != nullptr) {
    Airborne* airborne = select_flight(*slot, ask.vary);
    if (airborne != nullptr && !outlives_bans(*airborne, slot->key)) {
      forget(*airborne->flight);
      airborne = nullptr;
    }
    if (airborne != nullptr) {
      if (serve_stale) {
        ++counts_.stale;
        return Stale{std::move(stale), std::nullopt};
      }
      if (ask.rules.max_waiters > 0 && airborne->flight->readers() >= ask.rules.max_waiters) {
        ++counts_.passes;
        return Pass{Pass::Why::kWaiters};
      }
      ++counts_.collapsed;
      return Follow{airborne->flight->follow(ask.subscriber), std::move(stale)};
    }
  }
  if (ask.rules.only_join) {
    if (slot != nullptr) slots_.tidy(*slot);
    return Pass{Pass::Why::kAbsent};
  }
  if (stale && ask.now < slot->refresh_after) {
    if (serve_stale) {
      ++counts_.stale;
      return Stale{std::move(stale), std::nullopt};
    }
    if (slot->refused) {
      ++counts_.passes;
      return Pass{Pass::Why::kRefused};
    }
  }
  if (ask.rules.min_uses > 1 && !stale) {
    if (asked_.capacity() == 0) {
      asked_.resize(kKeysCounted);
      charge_tables();
    }
    if (asked_.count(ask.key.hash.high) < ask.rules.min_uses) {
      if (slot != nullptr) slots_.tidy(*slot);
      ++counts_.passes;
      return Pass{Pass::Why::kMinUses};
    }
  }
  return lead(ask, slot, std::move(stale), serve_stale);
}

Found Shard::lead(const Ask& ask, Slot* slot, std::shared_ptr<const Entry> stale, bool serve_stale) {
  if (slot == nullptr) slot = &slots_.find_or_add(ask.key.hash, ask.key.text);
  Airborne airborne;
  // What is stored of this key says by what it varies, as long as no new head says otherwise.
  if (const Variant* const newest = slot->variants.get()) {
    airborne.any = newest->entry->vary_names.empty();
    airborne.vary_names = newest->entry->vary_names;
    if (!airborne.any) airborne.vary_values = render(ask.vary, airborne.vary_names);
  }
  airborne.checked = newest_ban_;
  airborne.flight = std::make_shared<Flight>(home_.shared(), slot->key, slot->hash, kReadAhead);
  budget_->charge(airborne.flight->footprint());
  Flown flown = Flight::begin(airborne.flight, ask.subscriber);
  slot->flights.push_back(std::move(airborne));
  ++counts_.flights;
  if (serve_stale && ask.rules.background_update) {
    ++counts_.stale;
    return Stale{std::move(stale), std::move(flown)};
  }
  ++counts_.misses;
  auto part = stale ? nullptr : begun(*slot, ask.vary);
  return Lead{std::move(flown.writer), std::move(flown.reader), std::move(stale), std::move(part)};
}

Variant* Shard::select(const Slot& slot, const VarySource& vary) const {
  std::string_view rendered;
  const std::string* values = nullptr;
  for (Variant* variant = slot.variants.get(); variant != nullptr; variant = variant->next.get()) {
    if (variant->partial && !vary.takes(*variant->entry)) continue;
    if (!variant->varies) return variant;
    const Entry& entry = *variant->entry;
    if (values == nullptr || rendered != entry.vary_names) {
      values = &render(vary, entry.vary_names);
      rendered = entry.vary_names;
    }
    if (*values == entry.vary_values) return variant;
  }
  return nullptr;
}

Airborne* Shard::select_flight(Slot& slot, const VarySource& vary) const {
  for (Airborne& airborne : slot.flights) {
    if (airborne.part && !vary.takes(*airborne.part)) continue;
    if (airborne.any || render(vary, airborne.vary_names) == airborne.vary_values) return &airborne;
  }
  return nullptr;
}

std::shared_ptr<const Entry> Shard::begun(const Slot& slot, const VarySource& vary) const {
  for (const Variant* variant = slot.variants.get(); variant != nullptr; variant = variant->next.get()) {
    const Entry& entry = *variant->entry;
    if (!variant->partial || entry.part->first != 0 || entry.part->series != 0 || !entry.has_strong_validator())
      continue;
    if (variant->checked != newest_ban_) continue;
    if (!variant->varies || render(vary, entry.vary_names) == entry.vary_values) return variant->entry;
  }
  return nullptr;
}

std::shared_ptr<const Entry> Shard::peek(const KeyView& key, const VarySource& vary, Dropped& dropped) {
  Slot* const slot = slots_.find(key.hash, key.text);
  Variant* const variant = slot != nullptr ? select(*slot, vary) : nullptr;
  if (variant == nullptr) return nullptr;
  if (outlives_bans(*variant, dropped)) return variant->entry;
  slots_.tidy(*slot);
  return nullptr;
}

size_t Shard::purge(const KeyView& key, bool soft, int64_t now, Dropped& dropped) {
  Slot* const slot = slots_.find(key.hash, key.text);
  if (slot == nullptr) return 0;
  size_t found = slot->flights.size();
  for (const Airborne& airborne : slot->flights) budget_->release(airborne.flight->footprint());
  counts_.flights -= slot->flights.size();
  slot->flights.clear();
  slots_.unmark(*slot);
  for (Variant* variant = slot->variants.get(); variant != nullptr; variant = variant->next.get(), ++found) {
    if (soft) make_stale(*variant, now);
  }
  while (!soft && slot->variants) drop(*slot->variants, dropped);
  slots_.tidy(*slot);
  counts_.purged += found;
  return found;
}

void Shard::forget_uncacheable(const KeyView& key) {
  Slot* const slot = slots_.find(key.hash, key.text);
  if (slot == nullptr) return;
  slots_.unmark(*slot);
  slots_.tidy(*slot);
}

void Shard::add_to(StoreStats& stats) const {
  stats.entries += counts_.entries;
  stats.flights += counts_.flights;
  stats.hits += counts_.hits;
  stats.misses += counts_.misses;
  stats.stale += counts_.stale;
  stats.collapsed += counts_.collapsed;
  stats.passes += counts_.passes;
  stats.evictions += counts_.evictions;
  stats.landed += counts_.landed;
  stats.failed += counts_.failed;
  stats.purged += counts_.purged;
  stats.bans = std::max<uint64_t>(stats.bans, bans_.size());
}

}  // namespace levee
