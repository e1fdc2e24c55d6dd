#include "bench/figures/report.h"

#include <cmath>
#include <cstdio>

namespace levee::bench {
namespace {

double to_ms(double microseconds) {
  return std::round(microseconds / 10) / 100;
}

void print_lines(const Json& report, const std::string& before) {
  for (const auto& [name, value] : report.items()) {
    std::string label = before;
    if (!before.empty()) label += ' ';
    label += name;
    if (value.is_object()) {
      print_lines(value, label);
    } else {
      std::printf("  %-28s %s\n", label.c_str(),
                  value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
    }
  }
}

}  // namespace

Json latency_json(const Histogram& histogram) {
  return {{"p50", to_ms(static_cast<double>(histogram.at(0.5)))},
          {"p90", to_ms(static_cast<double>(histogram.at(0.9)))},
          {"p99", to_ms(static_cast<double>(histogram.at(0.99)))},
          {"max", to_ms(static_cast<double>(histogram.max()))},
          {"mean", to_ms(histogram.mean())}};
}

void print_report(const Json& report, bool as_json) {
  if (as_json) {
    std::printf("%s\n", report.dump().c_str());
  } else {
    print_lines(report, "");
  }
  std::fflush(stdout);
}

}  // namespace levee::bench
