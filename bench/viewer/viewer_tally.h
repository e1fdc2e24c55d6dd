// What happens to the clients of one thread, in sum and second by second.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bench/figures/histogram.h"

namespace levee::bench {

struct Second {
  uint32_t viewers = 0;  // at its end
  uint32_t joins = 0;
  uint32_t starts = 0;  // first frames
  uint32_t requests = 0;
  uint32_t answered = 0;
  uint32_t told = 0;  // answers that said whether they came from a cache
  uint32_t hits = 0;
  uint32_t collapsed = 0;  // that waited for another's fetch
  uint32_t errors = 0;
  uint32_t stalls = 0;   // that began
  uint32_t stalled = 0;  // viewers, at its end
  uint32_t switches = 0;
  uint64_t bytes = 0;
};

struct ViewerTally {
  Second total;
  Histogram start_up;            // from joining to the first frame
  Histogram segment_first_byte;  // all from when they were due
  Histogram segment_whole;
  Histogram playlist_whole;
  Histogram request_first_byte;  // of plain requests
  Histogram request_whole;
  uint64_t joined = 0;
  uint64_t started = 0;          // that saw a first frame
  uint64_t not_started = 0;      // that had none some seconds after joining
  uint64_t stalled_viewers = 0;  // that stalled once or more
  int64_t stall_us = 0;
  int64_t watched_us = 0;         // time between the first frame and now, stalls included
  uint64_t skipped_segments = 0;  // that were gone before the viewer got to them
  uint64_t wrong_bodies = 0;
  uint64_t verified = 0;                                      // bodies that were looked at
  std::map<std::string, uint64_t, std::less<>> by_authority;  // requests for what a URI put on a server by its name

  Second now;                // the second that runs
  Histogram now_first_byte;  // of segments and plain requests
  Histogram now_start_up;

  void add(uint32_t Second::*what, uint32_t count = 1) {
    now.*what += count;
    total.*what += count;
  }
  void add_bytes(uint64_t bytes) {
    now.bytes += bytes;
    total.bytes += bytes;
  }
  // Begins the next second; the one that ends, with what stands at its end.
  Second tick() {
    Second ended = now;
    ended.viewers = total.viewers;
    ended.stalled = total.stalled;
    now = {};
    now_first_byte = {};
    now_start_up = {};
    return ended;
  }
};

}  // namespace levee::bench
