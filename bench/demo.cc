#include "bench/demo.h"

#include <event2/event.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "bench/client/fetch_json.h"
#include "bench/servers/process.h"

namespace levee::bench {
namespace {

using Json = nlohmann::json;
constexpr const char* kOrigin = "127.0.0.1:8081";
constexpr const char* kLevee = "127.0.0.1:8080";
constexpr timeval kEvery{3, 0};
constexpr timeval kFirst{1, 0};

// A number somewhere in a status document: "/cache/hits" as RFC 6901 has it.
uint64_t number(const Json& status, const char* pointer) {
  const Json::json_pointer where(pointer);
  return status.contains(where) && status[where].is_number() ? status[where].get<uint64_t>() : 0;
}

class Demo {
 public:
  explicit Demo(const DemoOptions& options)
      : loop_(2000),
        origin_({"/proc/self/exe", "origin", "--quiet", "--listen", kOrigin, "--media", options.media, "--player",
                 options.player}),
        levee_({options.levee, "-p", std::filesystem::absolute(options.prefix), "-c",
                std::filesystem::absolute(options.conf)}),
        counts_(loop_, *parse_target("http://" + std::string(kOrigin) + "/control/stats"),
                [this](const Json& counts) { keep_counts(counts); }),
        status_(loop_, *parse_target("http://" + std::string(kLevee) + "/levee/status"),
                [this](const Json& status) { print_line(status); }) {}

  int run();

 private:
  void tick();
  void keep_counts(const Json& counts) {
    origin_requests_ = number(counts, "/requests");
    ++asked_;
    status_.fetch();
  }
  void print_line(const Json& status);
  void stop() { event_base_loopbreak(&loop_.base()); }

  ClientLoop loop_;
  Process origin_;
  Process levee_;
  JsonFetcher counts_;
  JsonFetcher status_;
  uint64_t origin_requests_ = 0;
  uint64_t asked_ = 0;  // our own requests for the status, which are no viewer's
};

int Demo::run() {
  const auto on_stop = [](evutil_socket_t, short, void* self) { static_cast<Demo*>(self)->stop(); };
  const auto on_tick = [](evutil_socket_t, short, void* self) { static_cast<Demo*>(self)->tick(); };
  event* const interrupt = evsignal_new(&loop_.base(), SIGINT, on_stop, this);
  event* const terminate = evsignal_new(&loop_.base(), SIGTERM, on_stop, this);
  event* const timer = event_new(&loop_.base(), -1, EV_PERSIST, on_tick, this);
  evsignal_add(interrupt, nullptr);
  evsignal_add(terminate, nullptr);
  event_base_loopexit(&loop_.base(), &kFirst);
  event_base_dispatch(&loop_.base());
  if (origin_.runs() && levee_.runs()) {
    std::printf(
        "\n"
        "  Watch     http://%s/                   in a browser\n"
        "            http://%s/live/index.m3u8    in any HLS player (ffplay, VLC, Safari); /live/ts.m3u8 is the same "
        "as TS\n"
        "  Status    http://%s/levee/status       http://%s/levee/metrics\n"
        "  Try       curl -XPOST '%s/control/hang?for=10s'   the origin hangs for 10 s; fail, reset, slow: likewise\n"
        "  Ctrl-C stops all of it.\n\n",
        kLevee, kLevee, kLevee, kLevee, kOrigin);
    std::fflush(stdout);
    event_add(timer, &kEvery);
    event_base_dispatch(&loop_.base());
  }
  for (event* each : {interrupt, terminate, timer}) event_free(each);
  const bool failed = origin_.exit_code().value_or(0) != 0 || levee_.exit_code().value_or(0) != 0;
  if (failed) std::fprintf(stderr, "levee-bench demo: %s has ended\n", levee_.exit_code() ? "Levee" : "the origin");
  return failed ? 1 : 0;
}

void Demo::tick() {
  if (!origin_.runs() || !levee_.runs()) return stop();
  counts_.fetch();
}

void Demo::print_line(const Json& status) {
  const auto show = [&status](const char* pointer) { return static_cast<unsigned long long>(number(status, pointer)); };
  const unsigned long long others = std::max(show("/connections/active"), 1ULL) - 1;  // but this one
  std::printf(
      "viewers' connections %-5llu requests %-8llu hits %-8llu collapsed %-6llu stale %-6llu origin asked %llu\n",
      others, show("/requests/total") - std::min<unsigned long long>(show("/requests/total"), asked_),
      show("/requests/cache/hit"), show("/requests/collapsed"),
      show("/requests/cache/stale") + show("/requests/cache/updating"),
      static_cast<unsigned long long>(origin_requests_));
  std::fflush(stdout);
}

}  // namespace

int run_demo(const DemoOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  std::filesystem::create_directories(options.prefix);
  if (access(options.levee.c_str(), X_OK) != 0) {
    std::fprintf(stderr, "levee-bench demo: there is no %s\n", options.levee.c_str());
    return 1;
  }
  return Demo(options).run();
}

}  // namespace levee::bench
