// levee-bench demo: the bundled origin with Levee in front of it, until Ctrl-C. What `make run` does.
#pragma once

#include <string>

namespace levee::bench {

struct DemoOptions {
  std::string levee = "build/levee";
  std::string conf = "conf/examples/live.conf";
  std::string prefix = "build/run";  // Levee's folder
  std::string media = "bench/media";
  std::string player;  // folder with hls.min.js
};

int run_demo(const DemoOptions& options);

}  // namespace levee::bench
