// levee-bench compare: the same scenarios, or the same plan, against Levee and its peers, interleaved, in server CPU
// seconds.
#pragma once

#include <string>
#include <vector>

namespace levee::bench {

struct CompareOptions {
  std::string plan;                  // to be rehearsed with each; empty: scenarios of its own
  int rounds = 3;                    // of the plan
  bool quick = false;                // shortened forms
  std::vector<std::string> only;     // scenarios; none: all
  std::vector<std::string> servers;  // folders of `peers`; none: those of each scenario
  std::string peers = "bench/peers";
  std::string levee = "build/levee";
  std::string media = "bench/media";
  std::string micro;  // Google Benchmark's JSON, to be kept with the results; empty: none
  std::string json_path = "build/compare.json";
  std::string readme_path;  // README.md, whose table becomes that of the results; empty: none
  std::string html_path;    // empty: none
};

// 0: all were measured. 1: some were not. 2: nothing was: the plan is wrong, or the origin does not start. 128 and
// more: interrupted; stderr says in what, and what is kept.
int run_compare(const CompareOptions& options);

}  // namespace levee::bench
