// What an audience needs, from what a smaller one took, with the arithmetic. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/rehearse/outcome.h"

namespace levee::bench {

// What one rehearsal showed of a deployment.
struct Load {
  double viewers = 0;          // at a time, at the most
  double bits_per_second = 0;  // that all of them were sent, on average of the seconds when nearly all were there
  bool knows_cores = false;    // the nodes are ours; else the next three are 0
  double cores = 0;            // of all nodes, busy in that time, on average
  double cpu_seconds = 0;      // what that is an average of
  double busiest = 0;          // cores of all nodes, in the second in which they had most to do
  double busiest_of_all = 0;   // the same of nodes and this program
  double generator_cores = 0;  // of this program, on average like `cores`
  double connections = 0;      // of all of them, at the most
  double grown = 0;            // bytes that the nodes' memory grew by, stored media included
};
Load load_of(const Outcome& outcome);

// Where the rehearsals took place.
struct Machine {
  double nodes = 1;    // that shared the audience
  double workers = 0;  // of each node; 0: one a processor
  double cores = 1;    // that nodes and this program shared
};

// What ended the search, when that was a promise that broke while this program kept time: a limit of what was deployed.
struct Break {
  // Full: more processors may carry more viewers. Spare: they do not.
  enum class Processors : unsigned char { kUnknown, kSpare, kFull };
  std::string what;         // "errors"
  double viewers = 0;       // with whom it broke
  bool is_origins = false;  // it is of what the origin bears, of which more nodes ask no less
  Processors processors = Processors::kUnknown;
  double busiest = 0;  // cores of all nodes in the busiest second, and those that they could have had
  double available = 0;
};
// Nothing when no promise is known to have broken.
std::optional<Break> break_of(const Outcome& outcome, const Load& load, const Machine& machine);

struct Wanted {
  uint64_t viewers = 1'000'000;  // the audience to plan for
  double bitrate = 4e6;          // bits a second of each of them
  double link = 100e9;           // bits a second of a node's network card
  uint32_t cores = 32;           // of a node
};
struct Sizing {
  double nodes_by_link = 0, nodes_by_cores = 0;  // nodes needed; 0: not known
  double nodes_by_break = 0;                     // of nodes like those that were tried; 0: no such limit is known
  std::string limited_by;                        // "network", "processors", "errors"; empty: nothing is known
  double descriptors = 0, memory = 0;            // of each node then, bytes; 0: not known
  bool is_enough = true;                         // false: of nodes, no number is
  std::vector<std::string> lines;                // the arithmetic

  double nodes() const { return std::max({nodes_by_link, nodes_by_cores, nodes_by_break}); }
};
// `seen`: of the largest audience that kept the promises, on `nodes`. Of one without viewers nothing follows.
Sizing size_up(const Load& seen, double nodes, const Wanted& wanted, const std::optional<Break>& broke);

// "812.0 Mb/s"
std::string bits_text(double bits_per_second);

}  // namespace levee::bench
