// PURGE requests: who may, what they name, what is answered.
#pragma once

#include <optional>
#include <string>

#include "proxy/cluster/purge_order.h"

namespace levee {

class Exchange;

// An order that is being carried out for a client.
struct Purging {
  PurgeOrder order;
  Purged here;
  bool is_carried_out() const { return here.ban == nullptr || here.ban->is_done(); }
  uint64_t count() const { return here.ban ? here.ban->purged() : here.count; }
};

// Whether proxy_cache_purge of its location lets the request purge.
bool may_purge(const Exchange& x);
// With Cache-Tag or Surrogate-Key: by their tags. Else by the key that a GET for its target has, or if that ends in "*"
// by what stands before. `Soft-Purge: 1`: soft. Nothing: fields without a tag.
std::optional<PurgeOrder> purge_order(const Exchange& x);

}  // namespace levee
