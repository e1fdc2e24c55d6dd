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

struct Ratio {
  double median, least, most;  // of rounds
  bool operator==(const Ratio&) const = default;
};
// Over the rounds that both have: `base`'s figure by `other`'s of the same round, since what the machine did to a whole
// round it did to both. `base`, `other`: arrays of rounds, an empty one where a server failed. None: no such round.
std::optional<Ratio> paired_ratio(const Json& base, const Json& other, const std::string& what);

}  // namespace levee::bench
