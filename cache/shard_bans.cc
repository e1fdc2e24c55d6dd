// Purges of many keys at once, as one shard carries them out.
#include <algorithm>
#include <utility>

#include "cache/shard.h"

namespace levee {
namespace {

constexpr size_t kLooksAStep = 64;  // of a sweep
constexpr size_t kMostToMeet = 64;  // bans that a flight without a head remembers; then it is not stored

}  // namespace

void Shard::add(std::shared_ptr<const Ban> ban) {
  newest_ban_ = ban->number();
  now_ = std::max(now_, ban->made());
  bans_.push_back(std::move(ban));
}

bool Shard::meets_bans(Variant& variant, Dropped& dropped) {
  const uint64_t met = std::exchange(variant.checked, newest_ban_);
  const Ban* soft = nullptr;  // the first one
  for (auto at = bans_.rbegin(); at != bans_.rend() && (*at)->number() > met; ++at) {
    const Ban& ban = **at;
    if (!ban.covers(variant.slot->key, variant.entry->tags)) continue;
    if (!ban.soft()) {
      ban.count();
      ++counts_.purged;
      drop(variant, dropped);
      return false;
    }
    soft = &ban;
  }
  if (soft == nullptr) return true;
  soft->count();
  ++counts_.purged;
  make_stale(variant, soft->made());
  return true;
}

bool Shard::outlives_bans(Airborne& airborne, std::string_view key) {
  const auto falls_to = [&](const Ban& ban) REQUIRES(mutex) {
    if (!ban.covers(key, airborne.tags)) return false;
    ban.count();
    ++counts_.purged;
    return true;
  };
  if (airborne.is_open) {
    for (const auto& ban : std::exchange(airborne.to_meet, {})) {
      if (falls_to(*ban)) return false;
    }
  }
  const uint64_t met = std::exchange(airborne.checked, newest_ban_);
  for (auto at = bans_.rbegin(); at != bans_.rend() && (*at)->number() > met; ++at) {
    if (!airborne.is_open && (*at)->by_tag()) {
      if (airborne.to_meet.size() >= kMostToMeet) return false;
      airborne.to_meet.push_back(*at);
    } else if (falls_to(**at)) {
      return false;
    }
  }
  return true;
}

// How many it looked at.
size_t Shard::sweep(Slot& slot, Dropped& dropped) {
  size_t looks = 1;
  for (Variant *variant = slot.variants.get(), *next = nullptr; variant != nullptr; variant = next, ++looks) {
    next = variant->next.get();
    outlives_bans(*variant, dropped);
  }
  for (size_t i = 0; i < slot.flights.size(); ++looks) {
    if (outlives_bans(slot.flights[i], slot.key)) {
      ++i;
    } else {
      forget(*slot.flights[i].flight);
    }
  }
  const auto covers = [&](const auto& ban) { return !ban->by_tag() && ban->covers(slot.key, {}); };
  if (slot.uncacheable_until != 0 && std::ranges::any_of(bans_, covers)) slots_.unmark(slot);
  slots_.tidy(slot);
  return looks;
}

bool Shard::sweep(Dropped& dropped) {
  if (bans_.empty()) return false;
  if (sweeping_ == 0) {
    sweeping_ = newest_ban_;
    swept_ = 0;
  }
  for (size_t looks = 0; looks < kLooksAStep && swept_ < slots_.buckets(); ++swept_, ++looks) {
    for (Slot *slot = slots_.first_of(swept_), *next = nullptr; slot != nullptr; slot = next) {
      next = slot->next.get();
      looks += sweep(*slot, dropped);
    }
  }
  if (swept_ >= slots_.buckets()) retire_bans();
  return true;
}

void Shard::retire_bans() {
  while (!bans_.empty() && bans_.front()->number() <= sweeping_) {
    bans_.front()->carried_out();
    bans_.erase(bans_.begin());
  }
  sweeping_ = 0;
}

}  // namespace levee
