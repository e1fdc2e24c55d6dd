#include "proxy/ops/client_counts.h"

#include <algorithm>
#include <mutex>

namespace levee {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<const ClientCounts*> living;
  ClientTotals ended;
};
Registry& registry() {
  static Registry one;
  return one;
}

void add(ClientTotals& totals, const ClientCounts& counts) {
  totals.accepted += counts.worker.accepted.get();
  totals.refused += counts.worker.refused.get();
  totals.active += counts.worker.active.get();
  totals.requests += counts.worker.requests.get();
  totals.bytes_sent += counts.worker.bytes_sent.get();
  totals.bytes_fetched += counts.worker.bytes_fetched.get();
  totals.fetches += counts.worker.fetches.get();
  for (size_t i = 0; i < counts.by_cache_use.size(); ++i) totals.by_cache_use[i] += counts.by_cache_use[i].get();
  for (size_t i = 0; i < counts.by_class.size(); ++i) totals.by_class[i] += counts.by_class[i].get();
  for (size_t i = 0; i < counts.stale_by_reason.size(); ++i)
    totals.stale_by_reason[i] += counts.stale_by_reason[i].get();
  totals.collapsed += counts.collapsed.get();
  totals.cut += counts.cut.get();
  totals.aborted += counts.aborted.get();
  totals.tunnels += counts.tunnels.get();
  totals.tunnels_open += counts.tunnels_open.get();
}

}  // namespace

ClientCounts::ClientCounts(const Counters& counters) : worker(counters) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.living.push_back(this);
}

ClientCounts::~ClientCounts() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::erase(all.living, this);
  add(all.ended, *this);
  all.ended.active = 0;
}

void ClientCounts::count_stale(std::string_view detail) {
  const auto* const at = std::find(kStaleReasons.begin(), kStaleReasons.end(), detail);
  stale_by_reason[at == kStaleReasons.end() ? 0 : static_cast<size_t>(at - kStaleReasons.begin())].add();
}

ClientTotals client_totals() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  ClientTotals totals = all.ended;
  for (const ClientCounts* counts : all.living) add(totals, *counts);
  return totals;
}

}  // namespace levee
