// All that a rehearsal has seen.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/rehearse/promise.h"
#include "bench/viewer/viewer_tally.h"

namespace levee::bench {

// What a levee-bench origin counts.
struct OriginCounts {
  uint64_t requests = 0;
  uint64_t least = 0;  // that one ideal cache would have made for the same answers
  uint32_t active = 0;
  uint32_t most_active = 0;
  uint64_t refused = 0;
  std::optional<uint64_t> struck = {};  // by faults; none: it does not tell
};

// One second, and the running values at its end.
struct Moment {
  Second of;
  double first_byte_p50_ms = 0;  // of segments and plain requests
  double first_byte_p99_ms = 0;
  double start_up_p99_ms = 0;
  double lag_p99_ms = 0;  // of the generator
  uint64_t origin_requests = 0;
  uint32_t origin_active = 0;
  double node_cpu_s = 0;
  uint64_t node_resident = 0;  // bytes
  double generator_cpu_s = 0;
  Values values;
};

struct Happening {
  int64_t at_ms = 0;
  std::string what;
};

struct Outcome {
  std::vector<Moment> seconds;
  std::vector<Happening> events;
  ViewerTally tally;
  std::optional<OriginCounts> origin;  // none: the plan names none, or it did not answer
  Histogram lag;                       // of the generator: how late it was, at each moment
  Histogram work_lag;                  // the same for each request and answer, at most
  double took_s = 0;
  double node_cpu_s = 0;               // 0: the nodes are not ours
  uint64_t resident_before = 0;        // bytes of the nodes, before anybody came
  size_t connections = 0;              // at a time at most
  uint64_t lent = 0;                   // requests on another client's connection
  uint64_t waited = 0;                 // requests that found no connection
  int shortage = 0;                    // why the generator's machine had no socket for one (errno); 0: it had
  std::vector<std::string> elsewhere;  // hosts other than the targets that playlists named, which nobody asked
  uint64_t asked_elsewhere = 0;        // requests for what those hosts have
  int interrupted_by = 0;              // a signal, before its time was over; there is no verdict then
  Verdict verdict;

  Lateness lateness() const {
    const uint64_t p99_us = std::max(lag.at(0.99), work_lag.at(0.99));
    const double requests = std::max<double>(tally.total.requests, 1);
    return {.p99_ms = static_cast<double>(p99_us) / 1000,
            .most_ms = static_cast<double>(lag.max()) / 1000,
            .waited = static_cast<double>(waited) / requests};
  }
};

}  // namespace levee::bench
