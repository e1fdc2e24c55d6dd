// What happens to the viewers of one thread, in sum and second by second.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/histogram.h"

namespace levee::bench {

struct Second {
  uint32_t viewers = 0;  // at its end
  uint32_t requests = 0;
  uint32_t answered = 0;
  uint32_t hits = 0;
  uint32_t errors = 0;
  uint32_t stalls = 0;   // that began
  uint32_t stalled = 0;  // viewers, at its end
  uint64_t bytes = 0;
  uint64_t first_byte_p50_us = 0;  // of segments
  uint64_t first_byte_p99_us = 0;
  uint64_t origin_requests = 0;
  uint32_t origin_active = 0;
};

struct ViewerTally {
  Second total;
  Histogram start_up;            // from joining to the first frame
  Histogram segment_first_byte;  // from when it was due
  Histogram segment_whole;
  Histogram playlist_whole;
  Histogram lag;  // how late the generator itself was
  uint64_t joined = 0;
  uint64_t started = 0;          // that saw a first frame
  uint64_t stalled_viewers = 0;  // that stalled once or more
  int64_t stall_us = 0;
  int64_t watched_us = 0;         // time between the first frame and now, stalls included
  uint64_t skipped_segments = 0;  // that were gone before the viewer got to them
  uint64_t wrong_bodies = 0;

  Second now;  // the second that runs
  Histogram now_first_byte;
  std::vector<Second> seconds;

  // Closes the second that runs.
  void tick() {
    now.viewers = total.viewers;
    now.stalled = total.stalled;
    now.first_byte_p50_us = now_first_byte.at(0.5);
    now.first_byte_p99_us = now_first_byte.at(0.99);
    seconds.push_back(now);
    now = {};
    now_first_byte = {};
  }
  void add(uint32_t Second::*what, uint32_t count = 1) {
    now.*what += count;
    total.*what += count;
  }
};

}  // namespace levee::bench
