#include "bench/rehearse.h"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <vector>

#include "bench/fetch_json.h"
#include "bench/load_common.h"
#include "bench/plan.h"
#include "bench/viewer.h"

namespace levee::bench {
namespace {

constexpr double kLagMostMs = 50;  // past this at p99, the generator was the bottleneck

// POSTs one word to the origin's control, and looks at nothing.
class Command final : public HttpClient::Observer {
 public:
  Command(ClientLoop& loop, const Target& origin, const std::string& what) : client_(loop, origin, *this) {
    client_.send("POST", "/control/" + what, {});
  }

 private:
  void on_head(const ResponseHead&) override {}
  void on_body(std::string_view) override {}
  void on_end() override {}
  void on_failure(Failure) override {}
  HttpClient client_;
};

class Rehearsal {
 public:
  explicit Rehearsal(const Plan& plan);
  ~Rehearsal() { event_free(timer_); }
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  void run();
  Json result() const;

 private:
  struct Joining {
    std::unique_ptr<Viewer> viewer;
    int64_t due_us;
    bool joined = false;
  };
  void tick();
  void count_origin(const nlohmann::json& counts);
  void end_second(int64_t now);

  const Plan& plan_;
  const std::optional<Target> origin_;
  ClientLoop loop_{15'000};
  ViewerTally tally_;
  const ViewerModel model_;
  std::vector<Joining> viewers_;
  std::vector<std::unique_ptr<Command>> commands_;
  std::unique_ptr<JsonFetcher> counts_;
  nlohmann::json origin_counts_;
  event* const timer_;
  int64_t began_us_ = 0;
  int64_t next_second_us_ = 1'000'000;
  size_t faults_done_ = 0;
};

Rehearsal::Rehearsal(const Plan& plan)
    : plan_(plan),
      origin_(plan.origin.empty() ? std::nullopt : parse_target(plan.origin + "/control/stats")),
      timer_(event_new(
          &loop_.base(), -1, EV_PERSIST,
          [](evutil_socket_t, short, void* self) { static_cast<Rehearsal*>(self)->tick(); }, this)) {
  for (const Plan::Arrival& arrival : plan.arrivals) {
    for (uint32_t i = 0; i < arrival.count; ++i) {
      const auto due = arrival.at.count() * 1000 + arrival.over.count() * 1000 * i / arrival.count;
      viewers_.push_back({std::make_unique<Viewer>(loop_, plan.target, model_, tally_), due});
    }
  }
  if (!origin_) return;
  commands_.push_back(std::make_unique<Command>(loop_, *origin_, "zero"));
  counts_ =
      std::make_unique<JsonFetcher>(loop_, *origin_, [this](const nlohmann::json& counts) { count_origin(counts); });
}

void Rehearsal::run() {
  constexpr timeval kOften{0, 2000};
  event_add(timer_, &kOften);
  began_us_ = now_us();
  stop_after(loop_, std::chrono::duration<double>(plan_.duration).count());
  event_base_dispatch(&loop_.base());
  for (Joining& each : viewers_) each.viewer->settle();
  event_del(timer_);
  if (counts_) {  // once more, as the last second's requests count too
    counts_->fetch();
    stop_after(loop_, 0.5);
    event_base_dispatch(&loop_.base());
  }
}

void Rehearsal::tick() {
  const int64_t now = now_us() - began_us_;
  for (Joining& each : viewers_) {
    if (each.joined || each.due_us > now) continue;
    each.joined = true;
    each.viewer->join(plan_.target.path, began_us_ + each.due_us);
  }
  for (; faults_done_ < plan_.faults.size() && plan_.faults[faults_done_].at.count() * 1000 <= now; ++faults_done_) {
    std::printf("%4lld s  origin told: %s\n", static_cast<long long>(now / 1'000'000),
                plan_.faults[faults_done_].what.c_str());
    if (origin_) commands_.push_back(std::make_unique<Command>(loop_, *origin_, plan_.faults[faults_done_].what));
  }
  if (now >= next_second_us_) end_second(now);
}

void Rehearsal::count_origin(const nlohmann::json& counts) {
  if (!counts.is_object()) return;
  origin_counts_ = counts;
  tally_.now.origin_requests = counts.value("requests", uint64_t{0});
  tally_.now.origin_active = counts.value("active", uint32_t{0});
}

void Rehearsal::end_second(int64_t now) {
  next_second_us_ += 1'000'000;
  const Second second = tally_.now;
  tally_.tick();
  if (counts_) counts_->fetch();
  if (tally_.seconds.size() % 2 != 0) return;
  const Second& before = tally_.seconds[tally_.seconds.size() - 2];  // a line tells of two seconds
  std::printf("%4lld s  viewers %-6u requests/s %-6u stalled %-5u errors/s %-5u origin asked %-6llu at a time %u\n",
              static_cast<long long>(now / 1'000'000), tally_.total.viewers, (before.requests + second.requests) / 2,
              tally_.total.stalled, (before.errors + second.errors) / 2,
              static_cast<unsigned long long>(second.origin_requests), second.origin_active);
  std::fflush(stdout);
}

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

// Requests for segments by how many there were: 1 is the least. Playlists change, and are asked for again by right.
double amplification(const nlohmann::json& counts) {
  uint64_t requests = 0, distinct = 0;
  if (!counts.contains("paths")) return 0;
  for (const auto& [path, of_path] : counts["paths"].items()) {
    if (path.ends_with(".m3u8")) continue;
    requests += of_path.value("requests", uint64_t{0});
    ++distinct;
  }
  return share(static_cast<double>(requests), static_cast<double>(distinct));
}

Json Rehearsal::result() const {
  const auto to_ms = [](uint64_t us) { return static_cast<double>(us) / 1000; };
  Json measured{
      {"start_up_p99", to_ms(tally_.start_up.at(0.99))},
      {"segment_first_byte_p99", to_ms(tally_.segment_first_byte.at(0.99))},
      {"stalled_viewers", share(static_cast<double>(tally_.stalled_viewers), static_cast<double>(tally_.joined))},
      {"stall_time", share(static_cast<double>(tally_.stall_us), static_cast<double>(tally_.watched_us))},
      {"errors", share(tally_.total.errors, tally_.total.requests)},
      {"not_started", 1 - share(static_cast<double>(tally_.started), static_cast<double>(tally_.joined))}};
  if (origin_counts_.is_object()) {
    measured["origin_amplification"] = amplification(origin_counts_);
    measured["origin_concurrency"] = origin_counts_.value("most_active", 0U);
  }
  Json result{{"viewers", tally_.joined}, {"requests", tally_.total.requests}, {"measured", measured}};
  result["start_up_ms"] = latency_json(tally_.start_up);
  result["segment_first_byte_ms"] = latency_json(tally_.segment_first_byte);
  result["generator_lag_ms"] = latency_json(tally_.lag);
  for (const Second& second : tally_.seconds) {
    result["seconds"].push_back({{"viewers", second.viewers},
                                 {"requests", second.requests},
                                 {"hits", second.hits},
                                 {"errors", second.errors},
                                 {"stalls", second.stalls},
                                 {"stalled", second.stalled},
                                 {"first_byte_p99_ms", to_ms(second.first_byte_p99_us)},
                                 {"origin_requests", second.origin_requests}});
  }
  return result;
}

// Prints and adds the verdict; the exit code. A promise that cannot be measured is not kept.
int judge(const Plan& plan, Json& result) {
  bool kept = true;
  std::printf("\n");
  for (const Plan::Promise& promise : plan.promises) {
    const Json& measured = result["measured"];
    const bool known = measured.contains(promise.what);
    const double value = known ? measured[promise.what].get<double>() : 0;
    const bool holds = known && value <= promise.most;
    kept = kept && holds;
    std::printf("  %-7s %-34s measured %s\n", holds ? "kept" : "BROKEN", promise.words.c_str(),
                known ? measured[promise.what].dump().c_str() : "nothing: the plan names no origin");
    result["promises"].push_back({{"promise", promise.words}, {"kept", holds}, {"measured", value}});
  }
  const double lag = result["generator_lag_ms"]["p99"].get<double>();
  const bool judged = lag <= kLagMostMs;
  result["verdict"] = !judged ? "none" : kept ? "holds" : "does not hold";
  if (!judged) {
    std::printf(
        "\nNo verdict: the generator itself was %.0f ms late at p99. Use fewer viewers, or a quieter machine.\n", lag);
    return 2;
  }
  std::printf("\n%s\n", kept ? "It holds." : "It does not hold.");
  return kept ? 0 : 1;
}

}  // namespace

int run_rehearse(const RehearseOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  allow_many_files();
  const auto read = read_plan(options.plan);
  if (const auto* const wrong = std::get_if<std::string>(&read)) {
    std::fprintf(stderr, "%s\n", wrong->c_str());
    return 2;
  }
  const Plan& plan = std::get<Plan>(read);
  const bool origin_is_here = plan.origin.empty() || parse_target(plan.origin)->is_loopback;
  if ((!plan.target.is_loopback || !origin_is_here) && !options.allow_remote) {
    std::fprintf(
        stderr,
        "levee-bench: the plan's target or origin is not this machine; --allow-remote says that you may load it\n");
    return 2;
  }
  Rehearsal rehearsal(plan);
  rehearsal.run();
  Json result = rehearsal.result();
  const int verdict = judge(plan, result);
  if (!options.json_path.empty()) std::ofstream(options.json_path) << result.dump(1) << '\n';
  return verdict;
}

}  // namespace levee::bench
