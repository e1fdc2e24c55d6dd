// PURGE requests: who may, what they name, what is answered.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <utility>

#include "proxy/cluster/purge_order.h"

namespace levee {

class Exchange;

// An order that is being carried out for a client.
struct Purging {
  // What the other nodes of the PoP know of it.
  enum class Elsewhere : uint8_t {
    kNobody,  // there are none
    kOnItsWay,
    kDelivered,  // it stands in the stream
    kWaiting,    // Redis is away; it will be delivered when that is back
    kRefused,    // too many wait already
  };
  explicit Purging(PurgeOrder wanted) : order(std::move(wanted)) {}
  bool is_carried_out() const { return here.ban == nullptr || here.ban->is_done(); }
  bool is_over() const { return is_carried_out() && elsewhere.load() != Elsewhere::kOnItsWay; }
  uint64_t count() const { return here.ban ? here.ban->purged() : here.count; }

  const PurgeOrder order;
  Purged here;
  std::atomic<Elsewhere> elsewhere{Elsewhere::kNobody};  // set on the thread that has the bus
};

// Whether proxy_cache_purge of its location lets the request purge.
bool may_purge(const Exchange& x);
// With Cache-Tag or Surrogate-Key: by their tags. Else by the key that a GET for its target has, or if that ends in "*"
// by what stands before. `Soft-Purge: 1`: soft. Nothing: fields without a tag.
std::optional<PurgeOrder> purge_order(const Exchange& x);

}  // namespace levee
