// levee-bench rehearse: plays a plan against a deployment, and says whether it kept its promises.
#pragma once

#include <filesystem>
#include <string>

namespace levee::bench {

struct RehearseOptions {
  std::string plan;
  std::string json_path;  // where the whole result goes; empty: nowhere
  std::string html_path;  // where the report goes; empty: nowhere
  std::string levee;      // Levee's program; empty: the one beside this one
  std::string media = "bench/media";
  std::string keep;    // folder for the servers' files and logs, kept; empty: one that goes
  double scale = 1;    // of the audience and of plain requests
  bool quiet = false;  // prints the verdict alone
  bool allow_remote = false;
};

// 0: every promise held. 1: one broke. 2: no verdict: the plan is wrong, a server did not start, or the generator was
// too slow to judge.
int run_rehearse(const RehearseOptions& options);

// The levee beside the program that runs, or the one in PATH.
std::string levee_beside();

}  // namespace levee::bench
