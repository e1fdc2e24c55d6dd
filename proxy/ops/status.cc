#include "proxy/ops/status.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "proxy/ops/client_counts.h"
#include "proxy/ops/gauges.h"

namespace levee {
namespace {

using Json = nlohmann::ordered_json;

Json zone_json(const StoreStats& stats) {
  return {{"entries", stats.entries},     {"bytes", stats.bytes},   {"capacity", stats.capacity},
          {"flights", stats.flights},     {"hits", stats.hits},     {"misses", stats.misses},
          {"stale", stats.stale},         {"passes", stats.passes}, {"collapsed", stats.collapsed},
          {"evictions", stats.evictions}, {"purged", stats.purged}, {"landed", stats.landed},
          {"failed", stats.failed}};
}

Json gauges_json() {
  Json gauges = Json::array();
  for (const Sample& sample : collect_gauges()) {
    Json one = {{"name", sample.name}};
    for (const auto& [name, value] : sample.labels) one[name] = value;
    one["value"] = sample.value;
    gauges.push_back(std::move(one));
  }
  return gauges;
}

}  // namespace

std::string status_json(const Generation& generation) {
  const ClientTotals totals = client_totals();
  Json status = {{"pid", getpid()}, {"generation", generation.number}};
  status["connections"] = {{"active", totals.active},
                           {"accepted", totals.accepted},
                           {"refused", totals.refused},
                           {"aborted", totals.aborted},
                           {"tunnels", totals.tunnels_open}};
  status["requests"] = {{"total", totals.requests}, {"collapsed", totals.collapsed}, {"cut", totals.cut}};
  for (size_t i = 0; i < totals.by_cache_use.size(); ++i) {
    status["requests"]["cache"][std::string(ClientCounts::kCacheUses[i])] = totals.by_cache_use[i];
  }
  for (size_t i = 0; i < totals.stale_by_reason.size(); ++i) {
    status["requests"]["stale"][std::string(ClientCounts::kStaleReasons[i])] = totals.stale_by_reason[i];
  }
  for (size_t i = 1; i < totals.by_class.size(); ++i) {
    status["requests"]["status"][std::to_string(i) + "xx"] = totals.by_class[i];
  }
  status["bytes"] = {{"sent", totals.bytes_sent}, {"fetched", totals.bytes_fetched}};
  status["origin"] = {{"fetches", totals.fetches}};
  status["zones"] = Json::object();
  for (const auto& [name, store] : generation.stores) status["zones"][name] = zone_json(store->stats());
  status["gauges"] = gauges_json();
  return status.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace levee
