// Rounds of the same measurement. Pure.
#pragma once

#include <vector>

#include "bench/figures/report.h"

namespace levee::bench {

// The median of each figure over the rounds that have it.
Json medians(const std::vector<Json>& rounds);

}  // namespace levee::bench
