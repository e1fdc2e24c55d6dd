#include "bench/compare/rounds.h"

#include <algorithm>

namespace levee::bench {
double median(std::vector<double> values) {
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Json medians(const std::vector<Json>& rounds) {
  Json result = Json::object();
  for (const Json& any : rounds) {
    for (const auto& [what, unused] : any.items()) {
      if (result.contains(what)) continue;
      std::vector<double> values;
      for (const Json& round : rounds) {
        if (round.contains(what)) values.push_back(round.at(what).get<double>());
      }
      result[what] = median(std::move(values));
    }
  }
  return result;
}

std::optional<Ratio> paired_ratio(const Json& base, const Json& other, const std::string& what) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(base.size(), other.size()); ++i) {
    const double above = base[i].value(what, 0.0), below = other[i].value(what, 0.0);
    if (above > 0 && below > 0) ratios.push_back(above / below);
  }
  if (ratios.empty()) return std::nullopt;
  const auto [least, most] = std::ranges::minmax(ratios);
  return Ratio{.median = median(ratios), .least = least, .most = most};
}

}  // namespace levee::bench
