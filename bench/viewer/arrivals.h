// When viewers come and go. Pure: the same plan and seed give the same moments.
#pragma once

#include <cstdint>
#include <vector>

namespace levee::bench {

// viewers ramp 500 at=10s over=2s;
struct Arrival {
  enum class Shape : unsigned char {
    kStep,    // all at once
    kRamp,    // evenly over `over`
    kFlash,   // steep at first, then ever fewer: half of them within a seventh of `over`
    kDrift,   // at random moments of `over`, each staying for about `stay`
    kRejoin,  // a share of those who watch leave at once, and come back within `over` after `away`: an ad break, a
              // crash
    kLeave,   // a share of those who watch leave, evenly over `over`
  };
  Shape shape = Shape::kStep;
  uint32_t count = 0;  // of kStep to kDrift
  double share = 1;    // of kRejoin and kLeave
  int64_t at_ms = 0;
  int64_t over_ms = 0;
  int64_t stay_ms = 0;  // 0: until the end
  int64_t away_ms = 0;
  int line = 0;  // of the plan
};

struct Coming {
  int64_t at_us = 0;
  uint32_t viewer = 0;
  bool joins = true;  // or leaves
};

// In order of time. Viewers are numbered from 0 as the plan lists them.
std::vector<Coming> schedule(const std::vector<Arrival>& arrivals, uint32_t seed);
// How many different viewers there are, and how many at a time at most.
uint32_t viewers_in(const std::vector<Coming>& comings);
uint32_t most_at_once(const std::vector<Coming>& comings);

}  // namespace levee::bench
