#include "proxy/cluster/purge_member.h"

#include <utility>

#include "proxy/cluster/sweeper.h"
#include "proxy/generation.h"

namespace levee {
void PurgeMember::use(const std::shared_ptr<Pop>& pop) {
  // What is stored was there while this node heard of no purges.
  const bool joins_late = std::exchange(began_, true) && bus_ == nullptr;
  if (pop == pop_) return;
  bus_.reset();
  pop_ = pop;
  Redis* const redis = worker_.local<PopMember>().redis();
  if (!pop || redis == nullptr) return;
  PurgeBus::Hands hands;
  hands.carry_out = [this](std::string_view order) { return carry_out(order); };
  hands.suspect_all = [this] { return suspect_all(); };
  hands.lost = [this] { pop_->upkeep().lost(); };
  hands.wake = [this, &mailbox = worker_.mailbox()] {
    mailbox.post([this] {
      if (bus_) bus_->look();
    });
  };
  bus_ = std::make_unique<PurgeBus>(worker_.loop(), *redis, pop->prefix(), pop->purges(), std::move(hands));
  if (joins_late) bus_->suspect();
}

// What we have no zone for is not for us. What we do not understand, of a node of a later version, may cover anything.
bool PurgeMember::carry_out(std::string_view text) {
  const std::optional<PurgeOrder> order = parse_order(text);
  if (!order) return suspect_all();
  const auto& stores = worker_.generation()->stores;
  const auto store = stores.find(order->zone);
  if (store != stores.end() && !carry_out(store->second, *order)) return false;
  pop_->counts.purges_applied.fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool PurgeMember::suspect_all() {
  bool done = true;
  for (const auto& [zone, store] : worker_.generation()->stores) {
    done = carry_out(store, {PurgeOrder::By::kPrefix, true, zone, {""}}) && done;
  }
  if (done) pop_->counts.purges_suspected.fetch_add(1, std::memory_order_relaxed);
  return done;
}

bool PurgeMember::carry_out(const std::shared_ptr<Store>& store, const PurgeOrder& order) {
  const Purged purged = apply(order, *store, worker_.now());
  if (purged.ban) worker_.local<Sweeper>().carry_out(store, purged.ban, [] {});
  return !purged.refused;
}

}  // namespace levee
