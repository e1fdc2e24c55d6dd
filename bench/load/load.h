// Load that needs no plan: what the speed runs are made of. Each prints its result and returns the exit code.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace levee::bench {

struct LoadOptions {
  std::string url;  // "{}" in it is replaced by a number
  uint32_t connections = 64;
  double seconds = 5;
  std::vector<pid_t> pids;  // the server's processes, for its processor time and memory
  bool json = false;
  bool allow_remote = false;  // targets other than this machine
};

// Keep-alive GETs, one after the other on each connection, for `seconds` or `requests` (0: no limit). Asks for
// `objects` URLs in turn.
struct HitsOptions : LoadOptions {
  uint64_t requests = 0;
  uint32_t objects = 1;
};
int run_hits(const HitsOptions& options);

// All connections, open already, ask at once for one URL, or in turn for `objects`, of which "{}" in the URL is the
// number. `origin_url`: the same object at the origin itself, for comparison.
struct FlashOptions : LoadOptions {
  uint32_t objects = 1;
  std::string origin_url;
  std::string warm_path = "/object/1/warm";  // asked once on each connection before
  std::vector<std::string> others;           // URLs: so many connections to each of these too, at the same moment
};
int run_flash(const FlashOptions& options);

// Requests that come at their own rate, whether earlier ones are answered or not: NAME,PATH,RATE[,OBJECTS] for each
// class.
// "{}" in the path is a number below OBJECTS in turn, or without them one that was never asked for. Meanwhile the
// origin is told things: SECONDS,WHAT, as "5,hang?for=2000". Latency counts from when a request was due.
struct SurgeOptions : LoadOptions {
  std::vector<std::string> classes, orders;
  std::string origin;         // URL of a levee-bench origin, for orders
  double patience = 10;       // seconds after which a client that hears nothing gives up
  double slow = 1000;         // milliseconds from which a request counts as slow
  double service = 0;         // milliseconds of work that an answer is, at most 1000
  std::vector<double> marks;  // seconds that divide the run into phases, for the report
};
int run_surge(const SurgeOptions& options);

// All connections ask once and stay open for `seconds`.
int run_idle(const LoadOptions& options);

// `connections` viewers of a live playlist.
struct LiveOptions : LoadOptions {};
int run_live(const LiveOptions& options);

}  // namespace levee::bench
