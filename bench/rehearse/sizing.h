// What an audience needs, from what a smaller one took, with the arithmetic. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/rehearse/outcome.h"

namespace levee::bench {

// What one rehearsal showed of a deployment.
struct Load {
  double viewers = 0;          // at a time, at the most
  double bits_per_second = 0;  // that all of them were sent, on average of the seconds when nearly all were there
  double cores = 0;            // of nodes, busy in that time
  double generator_cores = 0;  // the same of this program
  double connections = 0;      // of all of them, at the most
  double grown = 0;            // bytes that the nodes' memory grew by, stored media included
};
Load load_of(const Outcome& outcome);

struct Wanted {
  uint64_t viewers = 1'000'000;  // the audience to plan for
  double bitrate = 4e6;          // bits a second of each of them
  double link = 100e9;           // bits a second of a node's network card
  uint32_t cores = 32;           // of a node
};
struct Sizing {
  double nodes_by_link = 0, nodes_by_cores = 0;  // nodes needed; 0: not known
  double descriptors = 0, memory = 0;            // of each node then, bytes; 0: not known
  std::vector<std::string> lines;                // the arithmetic
};
Sizing size_up(const Load& seen, const Wanted& wanted);

// "812.0 Mb/s"
std::string bits_text(double bits_per_second);

}  // namespace levee::bench
