// What the loads share: a checked target, and a loop with a clock for its end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/client/http_client.h"
#include "bench/client/request_fields.h"
#include "bench/figures/report.h"
#include "bench/load/load.h"
#include "bench/origin/pattern.h"

namespace levee::bench {

// Prints what is wrong and returns nothing.
std::optional<Target> checked_target(const std::string& url, bool allow_remote);
// What every load begins with: readiness for thousands of connections, of which some break; and its target, or nothing.
std::optional<Target> begin_load(const LoadOptions& options);
// `text` with its "{}" replaced.
std::string numbered(const std::string& text, uint64_t number);
// Ends the loop's dispatch after this time.
void stop_after(ClientLoop& loop, double seconds);
// Raises the limit of open files as far as allowed, at most to 20,000.
void allow_many_files();

// Processor time of the server between two moments.
class ServerCost {
 public:
  explicit ServerCost(const std::vector<pid_t>& pids);
  // Adds "server_cpu_s" and, per request, "server_cpu_us_per_request".
  void add_to(Json& report, uint64_t requests) const;

 private:
  const std::vector<pid_t>& pids_;
  double begin_;
};

}  // namespace levee::bench
