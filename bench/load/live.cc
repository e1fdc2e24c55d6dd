#include <memory>
#include <vector>

#include "bench/load/common.h"
#include "bench/viewer/viewer.h"

namespace levee::bench {
namespace {

constexpr int64_t kRampMs = 2000;  // all join within one segment
constexpr int64_t kBeatUs = 5000;

struct Audience {
  explicit Audience(const Target& target) : targets{target} {}

  ClientLoop loop{15'000};
  Connections connections{loop, 19'000};
  const std::vector<Target> targets;
  ViewerTally tally;
  ViewerModel model;
  Crowd crowd{loop, connections, targets, model, tally};
  std::vector<std::unique_ptr<Viewer>> viewers;
  std::string path;
  int64_t began_us = 0;
  uint32_t joined = 0;
  Histogram lag;
  int64_t last_beat_us = 0;

  void join_due() {
    const int64_t now = now_us();
    lag.record(now - last_beat_us - kBeatUs);
    last_beat_us = now;
    while (joined < viewers.size()) {
      const int64_t due = began_us + kRampMs * 1000 * joined / static_cast<int64_t>(viewers.size());
      if (due > now) return;
      viewers[joined++]->join(path, due);
    }
  }
};

}  // namespace

int run_live(const LiveOptions& options) {
  const auto target = begin_load(options);
  if (!target) return 2;
  Audience audience(*target);
  audience.path = target->path;
  for (uint32_t i = 0; i < options.connections; ++i) {
    audience.viewers.push_back(std::make_unique<Viewer>(audience.crowd, i));
  }
  const auto on_join = [](evutil_socket_t, short, void* held) { static_cast<Audience*>(held)->join_due(); };
  event* const timer = event_new(&audience.loop.base(), -1, EV_PERSIST, on_join, &audience);
  constexpr timeval kOften{0, kBeatUs};
  event_add(timer, &kOften);
  const ServerCost cost(options.pids);
  audience.began_us = audience.last_beat_us = now_us();
  stop_after(audience.loop, options.seconds);
  event_base_dispatch(&audience.loop.base());
  const ViewerTally& tally = audience.tally;
  for (const auto& viewer : audience.viewers) viewer->settle(now_us());
  Json report{{"viewers", options.connections},   {"started", tally.started},
              {"requests", tally.total.answered}, {"errors", tally.total.errors},
              {"stalled", tally.stalled_viewers}, {"MB", static_cast<double>(tally.total.bytes) / 1e6}};
  report["start_up_ms"] = latency_json(tally.start_up);
  report["segment_first_byte_ms"] = latency_json(tally.segment_first_byte);
  report["segment_whole_ms"] = latency_json(tally.segment_whole);
  report["playlist_ms"] = latency_json(tally.playlist_whole);
  report["generator_lag_ms"] = latency_json(audience.lag);
  cost.add_to(report, tally.total.answered);
  print_report(report, options.json);
  for (const auto& viewer : audience.viewers) viewer->leave();
  event_free(timer);
  return tally.total.errors == 0 && tally.started == options.connections ? 0 : 1;
}

}  // namespace levee::bench
