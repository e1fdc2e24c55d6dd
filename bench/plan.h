// A rehearsal's plan, read from a file in the grammar of configurations.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "bench/target.h"

namespace levee::bench {

struct Plan {
  // viewers 500 at=10s over=2s;
  struct Arrival {
    uint32_t count = 0;
    std::chrono::milliseconds at{0};
    std::chrono::milliseconds over{0};  // 0: all at once
  };
  // fault 15s "hang?for=5000";   what is POSTed to the origin's /control/
  struct Fault {
    std::chrono::milliseconds at{0};
    std::string what;
  };
  // promise stalled_viewers 1%;
  struct Promise {
    std::string what;
    double most = 0;  // milliseconds, a share, or a number
    std::string words;
  };

  Target target;
  std::string origin;  // URL of a levee-bench origin; empty: none
  std::chrono::milliseconds duration{30000};
  std::vector<Arrival> arrivals;
  std::vector<Fault> faults;
  std::vector<Promise> promises;

  uint32_t viewers() const;
};

// The plan, or "file:line: what is wrong".
std::variant<Plan, std::string> read_plan(const std::string& path);

}  // namespace levee::bench
