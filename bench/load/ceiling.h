// levee-bench ceiling: what this machine could answer if answering were all: an epoll loop that sends a constant.
#pragma once

#include <cstddef>
#include <string>

namespace levee::bench {

struct CeilingOptions {
  std::string listen = "127.0.0.1:8090";
  size_t size = 1024;       // of the body
  std::string certificate;  // PEM file; with `key`: TLS
  std::string key;
};

// Serves until SIGINT or SIGTERM; the exit code.
int run_ceiling(const CeilingOptions& options);

}  // namespace levee::bench
