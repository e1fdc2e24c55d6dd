// levee-bench capacity: the largest audience with which a plan keeps its promises, and what more would need.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/rehearse/rehearse.h"

namespace levee::bench {

struct CapacityOptions : RehearseOptions {
  uint32_t most_runs = 8;
  double most_scale = 64;
  uint64_t viewers = 1'000'000;  // the audience to plan for
  uint64_t bitrate = 4'000'000;  // bits a second of each of them
  double link = 100e9;           // bits a second of a node's network card
  uint32_t cores = 32;           // of a node
};

// 0: some audience keeps the promises. 1: not even the smallest. 2: the plan is wrong or cannot be played.
int run_capacity(const CapacityOptions& options);

// Which scale to try next: doubles while plans hold, then halves the gap. Pure.
class ScaleSearch {
 public:
  explicit ScaleSearch(double most) : most_(most) {}
  double next() const;
  void tell(bool held);
  // Whether the gap is within a tenth, or the most is reached.
  bool is_over() const;
  double best() const { return best_; }  // the largest that held; 0: none

 private:
  static constexpr double kLeast = 1.0 / 16;
  const double most_;
  double best_ = 0;
  double worst_ = 0;  // the smallest that did not hold; 0: none
};

// What one rehearsal showed of a deployment.
struct Load {
  double viewers = 0;          // at a time, at the most
  double bits_per_second = 0;  // that all of them were sent, in the busiest second
  double cores = 0;            // of nodes, busy in that time
};
// How many nodes an audience needs, with the arithmetic, a line each. Pure.
struct Sizing {
  double nodes_by_link = 0, nodes_by_cores = 0;
  std::vector<std::string> lines;
};
Sizing size_up(const Load& seen, const CapacityOptions& wanted);

}  // namespace levee::bench
