// What flights bring to a shard.
#include <algorithm>

#include "cache/shard.h"

namespace levee {
namespace {

// ms after a failed refresh, so that an origin in trouble is not asked again at once.
constexpr int64_t kRefreshPause = 1000;
constexpr int64_t kLongestRefreshPause = 10'000;  // ms, if the origin asked for it
constexpr int64_t kRefusedRefreshPause = 100;     // ms, if the origin was not asked at all

int64_t refresh_pause(const Fault& fault) {
  if (fault.why == Failure::kOverloaded) return kRefusedRefreshPause;
  return std::clamp(fault.retry_after, kRefreshPause, kLongestRefreshPause);
}

}  // namespace

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

bool Shard::landed(const Flight& flight, const std::shared_ptr<const Entry>& entry, Dropped& dropped) {
  Slot* const slot = slots_.find(flight.hash(), flight.key());
  Airborne* const found = slot != nullptr ? airborne(*slot, flight) : nullptr;
  if (found == nullptr) return false;
  if (!found->is_open) found->tags = entry->tags;  // a 304
  found->is_open = true;
  const bool lives = outlives_bans(*found, slot->key);
  forget(flight);
  if (!lives) {
    slots_.tidy(*slot);
    return false;
  }
  ++counts_.landed;
  slots_.unmark(*slot);
  now_ = std::max(now_, entry->response_time);
  // A stopgap has no Vary of its own, and would hide all that is there.
  const bool welcome = entry->keep && !(entry->stopgap && slot->variants != nullptr) && fits(*entry);
  if (welcome) store(*slot, entry, dropped);
  slots_.tidy(*slot);
  return welcome;
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
  slot->refused = flight.fault().why == Failure::kOverloaded;
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

}  // namespace levee
