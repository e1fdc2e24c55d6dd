// How a simulated viewer's player behaves: hls.js's defaults where it has some.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/client/request_fields.h"

namespace levee::bench {

// player { throughput 8m 2m; buffer 30s; start 1; behind 3; retry 1s 8s; timeout 10s; }
struct ViewerModel {
  std::vector<uint64_t> throughput;  // bits a second that a viewer's line carries, dealt out in turn; empty: any
  int64_t buffer_ms = 30'000;        // holds it so much, it fetches nothing more
  int64_t behind_edge = 3;           // where it begins: so many segments before the playlist's end
  int64_t start_segments = 1;        // that it wants before the first frame
  int64_t retry_first_ms = 1000;     // then twice as long each time
  int64_t retry_most_ms = 8000;
  int64_t patience_ms = 10'000;  // a request that hears nothing for so long has failed
  bool verifies = false;         // looks at every byte of /sim/ segments and of objects
  std::string fields = player_fields();
};

}  // namespace levee::bench
