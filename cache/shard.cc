#include "cache/shard.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace levee {
namespace {

constexpr int64_t kRefreshPause =
    1000;  // ms after a failed refresh, so that an origin in trouble is not asked at once again
constexpr int64_t kLongestRefreshPause = 10'000;  // ms, if the origin asked for it
constexpr int64_t kRefusedRefreshPause = 100;     // ms, if the origin was not asked at all
constexpr size_t kMostVariants = 64;              // of one key; beyond, the oldest leaves
constexpr int kPinnedTries = 16;
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

int64_t refresh_pause(const Fault& fault) {
  if (fault.why == Failure::kOverloaded) return kRefusedRefreshPause;
  return std::clamp(fault.retry_after, kRefreshPause, kLongestRefreshPause);
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

bool matches(const Entry& entry, const VarySource& vary) {
  if (entry.part && !vary.takes(entry)) return false;
  return entry.vary_names.empty() || render(vary, entry.vary_names) == entry.vary_values;
}

Shard::Shard(std::shared_ptr<Budget> budget, Home& home) : budget_(std::move(budget)), home_(home), slots_(budget_) {}

Shard::~Shard() {
  budget_->release(tables_charged_ + entries_charged_);
}

// ---- looking up

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
  if (serve_stale && ask.now < slot->refresh_after) {
    ++counts_.stale;
    return Stale{std::move(stale), std::nullopt};
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

// ---- what flights bring

Airborne* Shard::airborne(Slot& slot, const Flight& flight) {
  const auto found = std::ranges::find(slot.flights, &flight, [](const Airborne& one) { return one.flight.get(); });
  return found == slot.flights.end() ? nullptr : &*found;
}

void Shard::opened(const Flight& flight, const std::shared_ptr<const Entry>& entry) {
  Slot* const slot = slots_.find(flight.hash(), flight.key());
  Airborne* const found = slot != nullptr ? airborne(*slot, flight) : nullptr;
  if (found == nullptr) return;
  found->any = entry->vary_names.empty();
  found->vary_names = entry->vary_names;
  found->vary_values = entry->vary_values;
  found->tags = entry->tags;
  if (entry->part) found->part = entry;
  found->is_open = true;
  if (outlives_bans(*found, slot->key)) return;
  forget(flight);
  slots_.tidy(*slot);
}

void Shard::landed(const Flight& flight, const std::shared_ptr<const Entry>& entry, Dropped& dropped) {
  Slot* const slot = slots_.find(flight.hash(), flight.key());
  Airborne* const found = slot != nullptr ? airborne(*slot, flight) : nullptr;
  if (found == nullptr) return;
  if (!found->is_open) found->tags = entry->tags;  // a 304
  found->is_open = true;
  const bool lives = outlives_bans(*found, slot->key);
  forget(flight);
  if (!lives) return slots_.tidy(*slot);
  ++counts_.landed;
  slots_.unmark(*slot);
  now_ = std::max(now_, entry->response_time);
  // A stopgap has no Vary of its own, and would hide all that is there.
  const bool welcome = entry->keep && !(entry->stopgap && slot->variants != nullptr);
  if (welcome && fits(*entry)) store(*slot, entry, dropped);
  slots_.tidy(*slot);
}

void Shard::passed(const Flight& flight, int64_t until) {
  Slot* const slot = forget(flight);
  if (slot == nullptr) return;
  ++counts_.passes;
  if (until > 0) slots_.mark(*slot, until);
  slots_.tidy(*slot);
}

void Shard::failed(const Flight& flight, const std::shared_ptr<const Entry>& part, Dropped& dropped) {
  Slot* const slot = slots_.find(flight.hash(), flight.key());
  Airborne* const found = slot != nullptr ? airborne(*slot, flight) : nullptr;
  if (found == nullptr) return;
  const bool lives = outlives_bans(*found, slot->key);
  forget(flight);
  ++counts_.failed;
  if (part && lives && part->body->size() > 0 && fits(*part)) store(*slot, part, dropped);
  slot->refresh_after = now_ + refresh_pause(flight.fault());
  slots_.tidy(*slot);
}

Slot* Shard::forget(const Flight& flight) {
  Slot* const slot = slots_.find(flight.hash(), flight.key());
  if (slot == nullptr) return nullptr;
  auto& flights = slot->flights;
  const Airborne* const found = airborne(*slot, flight);
  if (found == nullptr) return nullptr;
  budget_->release(flight.footprint());
  flights.erase(flights.begin() + (found - flights.data()));
  if (flights.empty()) flights = {};  // an entry's slot has no use for the memory
  --counts_.flights;
  return slot;
}

// ---- what is stored

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
