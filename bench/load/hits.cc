#include <deque>

#include "bench/load/common.h"

namespace levee::bench {
namespace {

struct Tally {
  uint64_t asked = 0, answered = 0, failed = 0, not_ok = 0, bytes = 0;
  Histogram latency;
};

class HitsConnection final : public HttpClient::Observer {
 public:
  HitsConnection(ClientLoop& loop, const Target& target, const std::vector<std::string>& paths, uint64_t limit,
                 Tally& tally)
      : loop_(loop), paths_(paths), limit_(limit), tally_(tally), client_(loop, target, *this) {}

  void ask() {
    if (limit_ > 0 && tally_.asked >= limit_) return;
    began_us_ = now_us();
    client_.get(paths_[tally_.asked++ % paths_.size()], player_fields());
  }

 private:
  bool wants_body() const override { return false; }
  void on_head(const ResponseHead& head) override {
    if (head.status / 100 != 2) ++tally_.not_ok;
  }
  void on_body(std::string_view bytes) override { tally_.bytes += bytes.size(); }
  void on_skipped(uint64_t bytes) override { tally_.bytes += bytes; }
  void on_end() override {
    tally_.latency.record(now_us() - began_us_);
    ++tally_.answered;
    next();
  }
  void on_failure(Failure) override {
    ++tally_.failed;
    next();
  }
  void next() {
    if (limit_ > 0 && tally_.answered + tally_.failed >= limit_) event_base_loopbreak(&loop_.base());
    if (tally_.failed < 1000) ask();  // a server that is gone is not asked for ever
  }

  ClientLoop& loop_;
  const std::vector<std::string>& paths_;
  const uint64_t limit_;
  Tally& tally_;
  int64_t began_us_ = 0;
  HttpClient client_;
};

}  // namespace

int run_hits(const HitsOptions& options) {
  const auto target = begin_load(options);
  if (!target) return 2;
  std::vector<std::string> paths;
  for (uint32_t i = 0; i < std::max(options.objects, 1U); ++i) paths.push_back(numbered(target->path, i));
  ClientLoop loop(10'000);
  Tally tally;
  std::deque<HitsConnection> connections;
  for (uint32_t i = 0; i < options.connections; ++i) {
    connections.emplace_back(loop, *target, paths, options.requests, tally).ask();
  }
  const ServerCost cost(options.pids);
  const int64_t began = now_us();
  if (options.seconds > 0) stop_after(loop, options.seconds);
  // Never asleep: to wake us would be the server's work, and dear on a virtual machine; behind a network it has none.
  while (event_base_loop(&loop.base(), EVLOOP_NONBLOCK) == 0 && event_base_got_break(&loop.base()) == 0 &&
         event_base_got_exit(&loop.base()) == 0) {
  }
  const double took = static_cast<double>(now_us() - began) / 1e6;
  Json report{{"requests", tally.answered},
              {"failed", tally.failed},
              {"not_2xx", tally.not_ok},
              {"seconds", took},
              {"requests_per_s", static_cast<double>(tally.answered) / took},
              {"MB_per_s", static_cast<double>(tally.bytes) / took / 1e6},
              {"latency_ms", latency_json(tally.latency)}};
  cost.add_to(report, tally.answered);
  print_report(report, options.json);
  return tally.answered > 0 && tally.failed + tally.not_ok == 0 ? 0 : 1;
}

}  // namespace levee::bench
