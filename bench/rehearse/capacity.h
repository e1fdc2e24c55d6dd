// levee-bench capacity: the largest audience with which a plan keeps its promises, and what more would need.
#pragma once

#include <cstdint>

#include "bench/rehearse/rehearse.h"
#include "bench/rehearse/sizing.h"

namespace levee::bench {

struct CapacityOptions : RehearseOptions {
  uint32_t most_runs = 20;
  double most_scale = 64;
  double most_seconds = 200;  // of the whole search: no rehearsal begins that would end later
  Wanted wanted;
};

// 0: some audience keeps the promises. 1: not even the smallest. 2: this program was too slow to tell, or the plan is
// wrong or cannot be played. 128 and more: interrupted; what was found until then is printed and written.
int run_capacity(const CapacityOptions& options);

}  // namespace levee::bench
