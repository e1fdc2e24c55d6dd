// Results as JSON or as lines for a terminal.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/figures/histogram.h"

namespace levee::bench {

using Json = nlohmann::ordered_json;

// Of microseconds, in milliseconds: {"p50": .., "p90": .., "p99": .., "max": .., "mean": ..}.
Json latency_json(const Histogram& histogram);
// What stands at a JSON pointer.
inline double number(const Json& json, const std::string& pointer) {
  return json.at(Json::json_pointer(pointer)).get<double>();
}
// One line of JSON, or a line for each value.
void print_report(const Json& report, bool as_json);

}  // namespace levee::bench
