#include "bench/compare/rounds.h"

#include <algorithm>

namespace levee::bench {

Json medians(const std::vector<Json>& rounds) {
  Json result = Json::object();
  for (const Json& any : rounds) {
    for (const auto& [what, unused] : any.items()) {
      if (result.contains(what)) continue;
      std::vector<double> values;
      for (const Json& round : rounds) {
        if (round.contains(what)) values.push_back(round.at(what).get<double>());
      }
      std::ranges::sort(values);
      const size_t middle = values.size() / 2;
      result[what] = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
  }
  return result;
}

}  // namespace levee::bench
