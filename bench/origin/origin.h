// levee-bench origin: an origin of live streams and objects with the weaknesses of real ones.
//
// While it runs:  POST /control/COMMAND?ARGUMENT&...  as in bench/origin/command.h; 400 says what is wrong with it
//                 GET /control/stats  counts in JSON, /control/counts  without the paths
#pragma once

#include <string>

#include "bench/origin/capacity_model.h"
#include "bench/origin/site.h"

namespace levee::bench {

struct OriginOptions {
  std::string listen = "127.0.0.1:8081";
  SiteOptions site;
  Capacity capacity;
  std::string script;  // file of faults by time; empty: none
  bool quiet = false;
};

// Serves until SIGINT or SIGTERM; the exit code.
int run_origin(const OriginOptions& options);

}  // namespace levee::bench
