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

// Why a file could not be written; nothing if it could, or `path` is empty. It stays as it is.
std::string unwritable(const std::string& path);
// Makes this the file's text, unless `path` is empty. Whoever looks, or whatever ends this program meanwhile, finds the
// old text or the new one, whole. Or says what is wrong on stderr, and returns false; then the old one stays.
bool write_file(const std::string& path, const std::string& text);

}  // namespace levee::bench
