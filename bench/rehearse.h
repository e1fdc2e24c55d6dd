// levee-bench rehearse: plays a plan against a deployment, and says whether it kept its promises.
#pragma once

#include <string>

namespace levee::bench {

struct RehearseOptions {
  std::string plan;
  std::string json_path;  // where the whole result goes; empty: nowhere
  bool allow_remote = false;
};

// 0: every promise held. 1: one broke. 2: no verdict: the plan is wrong, or the generator was too slow to judge.
int run_rehearse(const RehearseOptions& options);

}  // namespace levee::bench
