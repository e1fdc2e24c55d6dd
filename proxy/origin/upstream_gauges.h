// What levee_status and levee_metrics show of upstreams: limits, queues, refusals, servers and their breakers.
#pragma once

#include <memory>
#include <vector>

#include "proxy/ops/gauges.h"
#include "proxy/origin/upstream_state.h"

namespace levee {

void add_samples(const std::vector<std::shared_ptr<UpstreamState>>& upstreams, int64_t now, std::vector<Sample>& out);

}  // namespace levee
