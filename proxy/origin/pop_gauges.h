// A PoP's lines in levee_status and levee_metrics.
#pragma once

#include <vector>

#include "proxy/ops/gauges.h"

namespace levee {

class Pop;
void add_samples(const Pop& pop, std::vector<Sample>& out);

}  // namespace levee
