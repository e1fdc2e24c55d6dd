// Rounds of the same measurement. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/figures/report.h"

namespace levee::bench {

double median(std::vector<double> values);  // of one at least

// The median of each figure over the rounds that have it.
Json medians(const std::vector<Json>& rounds);

// The median over the rounds that both have of `base`'s figure by `other`'s of the same round: what the machine did to
// a whole round it did to both. `base`, `other`: arrays of rounds, an empty one where a server failed. None: no such
// round.
std::optional<double> paired_ratio(const Json& base, const Json& other, const std::string& what);

}  // namespace levee::bench
