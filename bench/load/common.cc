#include "bench/load/common.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "bench/servers/proc.h"

namespace levee::bench {

std::optional<Target> checked_target(const std::string& url, bool allow_remote) {
  auto target = parse_target(url);
  if (!target) {
    std::fprintf(stderr, "levee-bench: not a URL with a literal address: %s\n", url.c_str());
  } else if (!target->is_loopback && !allow_remote) {
    std::fprintf(stderr, "levee-bench: %s is not this machine; --allow-remote says that you may load it\n",
                 url.c_str());
    return std::nullopt;
  }
  return target;
}

std::optional<Target> begin_load(const LoadOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  allow_many_files();
  return checked_target(options.url, options.allow_remote);
}

std::string numbered(const std::string& text, uint64_t number) {
  const size_t at = text.find("{}");
  if (at == std::string::npos) return text;
  return std::string(text).replace(at, 2, std::to_string(number));
}

void stop_after(ClientLoop& loop, double seconds) {
  const auto microseconds = static_cast<int64_t>(seconds * 1e6);
  const timeval delay{microseconds / 1'000'000, static_cast<suseconds_t>(microseconds % 1'000'000)};
  event_base_loopexit(&loop.base(), &delay);
}

void allow_many_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 20'000);
  setrlimit(RLIMIT_NOFILE, &limit);
}

ServerCost::ServerCost(const std::vector<pid_t>& pids) : pids_(pids), begin_(cpu_seconds(pids)) {}

void ServerCost::add_to(Json& report, uint64_t requests) const {
  if (pids_.empty()) return;
  const double used = cpu_seconds(pids_) - begin_;
  report["server_cpu_s"] = used;
  if (requests > 0) report["server_cpu_us_per_request"] = used * 1e6 / static_cast<double>(requests);
}

}  // namespace levee::bench
