// What a worker's sessions count, besides Counters: answers by the cache's part in them and by status. Written by the
// worker's thread, read by any.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "proxy/ops/counters.h"

namespace levee {

// Registers itself with the process for as long as it lives.
struct ClientCounts {
  static constexpr std::array<std::string_view, 9> kCacheUses = {
      "none", "pass", "miss", "bypass", "expired", "revalidated", "stale", "updating", "hit"};
  static constexpr std::array<std::string_view, 9> kStaleReasons = {
      "updating", "connect", "timeout", "reset", "invalid", "cut", "overloaded", "origin-status", "edge-overloaded"};
  // detail: Cache-Status's; of those that are updated meanwhile there is none.
  void count_stale(std::string_view detail);
  explicit ClientCounts(const Counters& worker);
  ~ClientCounts();
  ClientCounts(const ClientCounts&) = delete;
  ClientCounts& operator=(const ClientCounts&) = delete;

  const Counters& worker;
  std::array<Counter, 9> by_cache_use;  // by CacheUse (proxy/client/cache_status.h), as in kCacheUses
  std::array<Counter, 6> by_class;      // [1] is 1xx; [0] those that got no answer
  std::array<Counter, kStaleReasons.size()> stale_by_reason;
  Counter collapsed;     // waited for somebody else's fetch
  Counter cut;           // answers that ended in the middle since the origin's did
  Counter aborted;       // clients that left before the end
  Counter tunnels;       // connections that switched protocols
  Counter tunnels_open;  // of these, now
};

// The sums over all workers that live, and of those that have ended.
struct ClientTotals {
  uint64_t accepted = 0, refused = 0, active = 0, requests = 0, bytes_sent = 0, bytes_fetched = 0, fetches = 0;
  std::array<uint64_t, 9> by_cache_use{};
  std::array<uint64_t, 6> by_class{};
  std::array<uint64_t, ClientCounts::kStaleReasons.size()> stale_by_reason{};
  uint64_t collapsed = 0, cut = 0, aborted = 0, tunnels = 0, tunnels_open = 0;
};
ClientTotals client_totals();

}  // namespace levee
