#include <csignal>
#include <deque>
#include <functional>
#include <optional>

#include "bench/load/common.h"

namespace levee::bench {
namespace {

struct Tally {
  uint64_t answered = 0, failed = 0, wrong = 0;
  int64_t began_us = 0;  // when all asked
  Histogram first_byte, last_byte;
};

// Asks for two things, when told: something to have a connection, then what is measured.
class FlashConnection final : public HttpClient::Observer {
 public:
  FlashConnection(ClientLoop& loop, const Target& target, Tally& tally, bool verifies, uint64_t& waiting)
      : loop_(loop),
        tally_(tally),
        waiting_(waiting),
        pattern_(target.path),
        verifies_(verifies),
        client_(loop, target, *this) {}

  void ask(std::string_view path, bool measured) {
    measured_ = measured;
    pattern_ = Pattern(path.substr(0, path.find('?')));
    received_ = 0;
    is_right_ = true;
    client_.get(path, player_fields());
  }

 private:
  bool wants_body() const override { return verifies_; }
  void on_head(const ResponseHead& head) override { is_right_ = head.status == 200; }
  void on_body(std::string_view bytes) override {
    if (verifies_ && measured_) is_right_ = is_right_ && pattern_.matches(received_, bytes);
    on_skipped(bytes.size());
  }
  void on_skipped(uint64_t bytes) override {
    if (received_ == 0 && measured_) tally_.first_byte.record(now_us() - tally_.began_us);
    received_ += bytes;
  }
  void on_end() override {
    if (measured_) {
      tally_.last_byte.record(now_us() - tally_.began_us);
      ++tally_.answered;
      if (!is_right_) ++tally_.wrong;
    }
    done();
  }
  void on_failure(Failure) override {
    ++tally_.failed;
    done();
  }
  void done() {
    if (--waiting_ == 0) event_base_loopbreak(&loop_.base());
  }

  ClientLoop& loop_;
  Tally& tally_;
  uint64_t& waiting_;
  Pattern pattern_;
  const bool verifies_;
  bool measured_ = false;
  bool is_right_ = true;
  uint64_t received_ = 0;
  HttpClient client_;
};

// `count` connections to each target, all at once: a tally for each. They ask in turn, so that no target is ahead.
// `on_crowd` is called when all are connected and warm.
std::vector<Tally> flash(const std::vector<Target>& targets, const std::string& warm_path, uint32_t count,
                         uint32_t objects, const std::function<void()>& on_crowd) {
  ClientLoop loop(30'000);
  std::vector<Tally> tallies(targets.size());
  uint64_t waiting = count * targets.size();
  std::deque<FlashConnection> connections;
  for (uint32_t i = 0; i < count; ++i) {  // one in fifty looks at every byte
    for (size_t at = 0; at < targets.size(); ++at) {
      connections.emplace_back(loop, targets[at], tallies[at], i % 50 == 0, waiting).ask(warm_path, false);
    }
    if (i % 200 == 199) event_base_loop(&loop.base(), EVLOOP_NONBLOCK);  // a backlog is not what is measured
  }
  if (waiting > 0) event_base_dispatch(&loop.base());
  waiting = connections.size();  // NOLINT(clang-analyzer-deadcode.DeadStores): the connections count it down
  std::vector<std::string> paths;
  for (uint32_t i = 0; i < objects; ++i) paths.push_back(numbered(targets[0].path, i));
  size_t next = 0;
  on_crowd();
  for (Tally& tally : tallies) tally.began_us = now_us();
  for (FlashConnection& connection : connections) connection.ask(paths[next++ / targets.size() % paths.size()], true);
  event_base_dispatch(&loop.base());
  return tallies;
}

double to_ms(uint64_t microseconds) {
  return static_cast<double>(microseconds) / 1000;
}

void add_tally(const Tally& tally, Json& report) {
  report.update({{"answered", tally.answered}, {"failed", tally.failed}, {"wrong", tally.wrong}});
  report["first_byte_ms"] = latency_json(tally.first_byte);
  report["last_byte_ms"] = latency_json(tally.last_byte);
}

}  // namespace

int run_flash(const FlashOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  allow_many_files();
  std::vector<std::string> urls{options.url};
  urls.insert(urls.end(), options.others.begin(), options.others.end());
  std::vector<Target> targets;
  for (const std::string& url : urls) {
    const auto target = checked_target(url, options.allow_remote);
    if (!target) return 2;
    targets.push_back(*target);
  }
  Json report;
  if (!options.origin_url.empty()) {
    const auto origin = checked_target(options.origin_url, options.allow_remote);
    if (!origin) return 2;
    const Tally alone = flash({*origin}, options.warm_path, 1, 1, [] {})[0];
    report["origin_ms"] = {{"first_byte", to_ms(alone.first_byte.max())}, {"last_byte", to_ms(alone.last_byte.max())}};
  }
  std::optional<ServerCost> cost;
  const std::vector<Tally> tallies = flash(targets, options.warm_path, options.connections,
                                           std::max(options.objects, 1U), [&] { cost.emplace(options.pids); });
  add_tally(tallies[0], report);
  uint64_t answered = 0;
  bool all_well = true;
  for (size_t at = 0; at < tallies.size(); ++at) {
    answered += tallies[at].answered;
    all_well = all_well && tallies[at].answered == options.connections && tallies[at].failed + tallies[at].wrong == 0;
    if (at > 0) add_tally(tallies[at], report["also"][urls[at]]);
  }
  cost->add_to(report, answered);
  print_report(report, options.json);
  return all_well ? 0 : 1;
}

}  // namespace levee::bench
