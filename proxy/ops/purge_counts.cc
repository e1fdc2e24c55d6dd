#include "proxy/ops/purge_counts.h"

#include "proxy/ops/gauges.h"

namespace levee {
namespace {

PurgeCounts counts;

const GaugeSource source([](std::vector<Sample>& out) {
  const auto add = [&](const char* name, const std::atomic<uint64_t>& value, const char* help) {
    out.push_back({name, {}, static_cast<double>(value.load(std::memory_order_relaxed)), help});
  };
  add("levee_purge_requests_total", counts.requests, "PURGE requests.");
  add("levee_purge_forbidden_total", counts.forbidden, "PURGE requests that were not allowed.");
});

}  // namespace

PurgeCounts& purge_counts() {
  return counts;
}

}  // namespace levee
