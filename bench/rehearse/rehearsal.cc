#include "bench/rehearse/rehearsal.h"

#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "bench/client/fetch_json.h"
#include "bench/client/origin_control.h"
#include "bench/load/common.h"
#include "bench/rehearse/open_load.h"
#include "bench/servers/proc.h"
#include "bench/viewer/arrivals.h"
#include "bench/viewer/viewer.h"

namespace levee::bench {
namespace {

constexpr int64_t kBeatUs = 2000;  // how often it looks at what is due
constexpr timeval kBeat{0, kBeatUs};
constexpr int64_t kSecondUs = 1'000'000;
constexpr size_t kOtherFiles = 200;  // descriptors that are no client's connections

double to_ms(uint64_t microseconds) {
  return static_cast<double>(microseconds) / 1000;
}

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

double own_cpu_s() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

size_t most_connections(const Plan& plan) {
  allow_many_files();
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const size_t most = limit.rlim_cur > 2 * kOtherFiles ? limit.rlim_cur - kOtherFiles : kOtherFiles;
  return plan.connections > 0 ? std::min<size_t>(plan.connections, most) : most;
}

// Processor time of the nodes, those included that ended meanwhile.
class NodeCost {
 public:
  explicit NodeCost(const Deployment* servers) : servers_(servers) { look(); }
  // Since the last look.
  double look() {
    if (servers_ == nullptr) return 0;
    double spent = 0;
    std::map<pid_t, double> now;
    for (const pid_t pid : servers_->node_pids()) {
      now[pid] = cpu_seconds({pid});
      const auto before = before_.find(pid);
      spent += std::max(0.0, now[pid] - (before == before_.end() ? 0 : before->second));
    }
    before_ = std::move(now);
    return spent;
  }

 private:
  const Deployment* const servers_;
  std::map<pid_t, double> before_;
};

uint64_t node_bytes(const Venue& venue) {
  return venue.servers == nullptr ? 0 : resident_bytes(venue.servers->node_pids());
}

Target control_of(const Target& origin) {
  Target counts = origin;
  counts.path = "/control/counts";
  return counts;
}

class Rehearsal {
 public:
  Rehearsal(const Plan& plan, const Venue& venue, Onlooker& onlooker);
  ~Rehearsal() { event_free(beat_); }
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  Outcome run();

 private:
  void beat();
  void join_and_leave(int64_t elapsed);
  void strike(int64_t elapsed);
  void record_lag(int64_t now);
  void end_second();
  void end_last_second();
  void count_origin(const nlohmann::json& counts);
  void tell(std::string what);
  Values values();

  const Plan& plan_;
  const Venue& venue_;
  Onlooker& onlooker_;
  const std::vector<Coming> comings_;
  ClientLoop loop_;
  Connections connections_;
  Outcome outcome_;
  Viewer::Crowd crowd_;
  std::vector<std::unique_ptr<Viewer>> viewers_;
  std::vector<std::unique_ptr<OpenLoad>> loads_;
  std::optional<OriginControl> control_;  // of the origin, when there is one
  std::unique_ptr<JsonFetcher> counts_;
  NodeCost node_cost_;
  Histogram second_lag_;
  event* const beat_;
  int64_t began_us_ = 0;
  int64_t last_beat_us_ = 0;
  double own_cpu_s_ = 0;
  size_t next_coming_ = 0;
  size_t next_fault_ = 0;
  uint64_t origin_before_ = 0;
  uint64_t work_before_ = 0;
};

Rehearsal::Rehearsal(const Plan& plan, const Venue& venue, Onlooker& onlooker)
    : plan_(plan),
      venue_(venue),
      onlooker_(onlooker),
      comings_(schedule(plan.arrivals, plan.seed)),
      loop_(plan.player.patience_ms),
      connections_(loop_, most_connections(plan)),
      crowd_{loop_, connections_, venue.targets, plan.player, outcome_.tally},
      node_cost_(venue.servers),
      beat_(event_new(
          &loop_.base(), -1, EV_PERSIST,
          [](evutil_socket_t, short, void* self) { static_cast<Rehearsal*>(self)->beat(); }, this)) {
  for (uint32_t i = 0; i < viewers_in(comings_); ++i) viewers_.push_back(std::make_unique<Viewer>(crowd_, i));
  for (const Plan::Requests& requests : plan.requests) loads_.push_back(std::make_unique<OpenLoad>(crowd_, requests));
  if (!venue.origin) return;
  control_.emplace(loop_, *venue.origin);
  control_->tell("zero");
  counts_ = std::make_unique<JsonFetcher>(loop_, control_of(*venue.origin),
                                          [this](const nlohmann::json& counts) { count_origin(counts); });
}

Outcome Rehearsal::run() {
  own_cpu_s_ = own_cpu_s();
  outcome_.resident_before = node_bytes(venue_);
  began_us_ = last_beat_us_ = now_us();
  event_add(beat_, &kBeat);
  stop_after(loop_, std::chrono::duration<double>(plan_.duration).count());
  event_base_dispatch(&loop_.base());
  event_del(beat_);
  outcome_.took_s = static_cast<double>(now_us() - began_us_) / 1e6;
  if (counts_) {  // once more, as the last second's requests count too
    counts_->fetch();
    stop_after(loop_, 0.3);
    event_base_dispatch(&loop_.base());
  }
  for (const auto& load : loads_) load->settle(now_us());
  end_last_second();
  outcome_.connections = connections_.most_open();
  outcome_.lent = connections_.lent();
  outcome_.waited = connections_.waited();
  std::vector<Values> running;
  for (const Moment& moment : outcome_.seconds) {
    running.push_back(moment.values);
    outcome_.node_cpu_s += moment.node_cpu_s;
  }
  outcome_.verdict = judge(plan_.promises, running, outcome_.lateness());
  for (const auto& viewer : viewers_) viewer->leave();
  return std::move(outcome_);
}

void Rehearsal::beat() {
  const int64_t now = now_us();
  record_lag(now);
  const int64_t elapsed = now - began_us_;
  if (elapsed / kSecondUs > static_cast<int64_t>(outcome_.seconds.size())) {
    end_second();
    onlooker_.on_second(outcome_);
  }
  strike(elapsed);
  join_and_leave(elapsed);
  for (const auto& load : loads_) load->send_due(began_us_, now);
}

// A beat that came late counts for all those that should have been in between, and for what was sent and answered
// meanwhile: a crowd's moment is short, and has most of the work.
void Rehearsal::record_lag(int64_t now) {
  for (int64_t late = now - last_beat_us_ - kBeatUs; late > -kBeatUs; late -= kBeatUs) {
    outcome_.lag.record(late);
    second_lag_.record(late);
  }
  const Second& total = outcome_.tally.total;
  const uint64_t work = uint64_t{total.requests} + total.answered + total.errors;
  outcome_.work_lag.record(now - last_beat_us_ - kBeatUs, work - std::exchange(work_before_, work));
  last_beat_us_ = now;
}

void Rehearsal::join_and_leave(int64_t elapsed) {
  for (; next_coming_ < comings_.size() && comings_[next_coming_].at_us <= elapsed; ++next_coming_) {
    const Coming& coming = comings_[next_coming_];
    Viewer& viewer = *viewers_[coming.viewer];
    if (coming.joins) {
      viewer.join(plan_.playlist(coming.viewer), began_us_ + coming.at_us);
    } else {
      viewer.leave();
    }
  }
}

void Rehearsal::strike(int64_t elapsed) {
  for (; next_fault_ < plan_.faults.size() && plan_.faults[next_fault_].at.count() * 1000 <= elapsed; ++next_fault_) {
    const Plan::Fault& fault = plan_.faults[next_fault_];
    tell(fault.words);
    if (const auto* const of_origin = std::get_if<Plan::Fault::OfOrigin>(&fault.what)) {
      if (control_) control_->tell(of_origin->command);
    } else {
      const auto& of_server = std::get<Plan::Fault::OfServer>(fault.what);
      const std::string wrong =
          venue_.servers == nullptr ? "the servers are not ours" : venue_.servers->act(of_server.act, of_server.name);
      if (!wrong.empty()) tell(wrong);
    }
  }
}

void Rehearsal::tell(std::string what) {
  outcome_.events.push_back({(now_us() - began_us_) / 1000, std::move(what)});
  onlooker_.on_event(outcome_.events.back());
}

void Rehearsal::count_origin(const nlohmann::json& counts) {
  if (!counts.is_object()) return;
  outcome_.origin = OriginCounts{.requests = counts.value("requests", uint64_t{0}),
                                 .least = counts.value("least", uint64_t{0}),
                                 .active = counts.value("active", 0U),
                                 .most_active = counts.value("most_active", 0U),
                                 .refused = counts.value("refused", uint64_t{0})};
}

void Rehearsal::end_second() {
  ViewerTally& tally = outcome_.tally;
  const int64_t now = now_us();
  for (const auto& viewer : viewers_) viewer->settle(now);
  Moment moment;
  moment.first_byte_p50_ms = to_ms(tally.now_first_byte.at(0.5));
  moment.first_byte_p99_ms = to_ms(tally.now_first_byte.at(0.99));
  moment.start_up_p99_ms = to_ms(tally.now_start_up.at(0.99));
  moment.lag_p99_ms = to_ms(second_lag_.at(0.99));
  second_lag_ = {};
  if (outcome_.origin) {
    moment.origin_requests = outcome_.origin->requests - std::min(origin_before_, outcome_.origin->requests);
    origin_before_ = outcome_.origin->requests;
    moment.origin_active = outcome_.origin->active;
  }
  moment.node_cpu_s = node_cost_.look();
  moment.node_resident = node_bytes(venue_);
  const double own = own_cpu_s();
  moment.generator_cpu_s = own - std::exchange(own_cpu_s_, own);
  moment.values = values();
  moment.of = tally.tick();
  outcome_.seconds.push_back(moment);
  if (venue_.servers != nullptr) {
    if (std::string dead = venue_.servers->casualties(); !dead.empty()) tell(std::move(dead));
  }
  if (counts_) counts_->fetch();
}

// What is not half a second belongs to the one before, if there is one.
void Rehearsal::end_last_second() {
  const auto whole = static_cast<double>(outcome_.seconds.size());
  end_second();
  if (outcome_.seconds.size() < 2 || outcome_.took_s - whole > 0.5) return;
  const Moment rest = outcome_.seconds.back();
  outcome_.seconds.pop_back();
  Moment& last = outcome_.seconds.back();
  last.values = rest.values;
  last.origin_requests += rest.origin_requests;
  last.node_cpu_s += rest.node_cpu_s;
}

// The running values. Who still waits for a first frame counts with the wait so far, once that is long.
Values Rehearsal::values() {
  const ViewerTally& tally = outcome_.tally;
  const int64_t now = now_us();
  Histogram start_up = tally.start_up;
  const auto usual = static_cast<int64_t>(tally.start_up.at(0.99));
  for (const auto& viewer : viewers_) {
    if (const int64_t waits = viewer->starting_us(now); waits > std::max<int64_t>(usual, 100'000)) {
      start_up.record(waits);
    }
  }
  Values values;
  const auto set = [&values](std::string_view name, double value) { values[*measure_named(name)] = value; };
  const auto joined = static_cast<double>(tally.joined);
  if (!plan_.arrivals.empty()) {
    set("start_up_p99", to_ms(start_up.at(0.99)));
    set("segment_first_byte_p99", to_ms(tally.segment_first_byte.at(0.99)));
    set("stalled_viewers", share(static_cast<double>(tally.stalled_viewers), joined));
    set("stall_seconds_per_hour",
        3600 * share(static_cast<double>(tally.stall_us), static_cast<double>(tally.watched_us)));
    set("not_started", share(static_cast<double>(tally.not_started), joined));
  }
  if (!plan_.requests.empty()) {
    set("request_first_byte_p99", to_ms(tally.request_first_byte.at(0.99)));
    set("request_whole_p99", to_ms(tally.request_whole.at(0.99)));
  }
  set("errors", share(tally.total.errors, tally.total.requests));
  set("wrong_bodies", static_cast<double>(tally.wrong_bodies));
  if (outcome_.origin) {
    set("origin_amplification",
        share(static_cast<double>(outcome_.origin->requests), static_cast<double>(outcome_.origin->least)));
    set("origin_concurrency", outcome_.origin->most_active);
    set("origin_requests", static_cast<double>(outcome_.origin->requests));
  }
  return values;
}

}  // namespace

bool Venue::is_here() const {
  return std::all_of(targets.begin(), targets.end(), [](const Target& target) { return target.is_loopback; }) &&
         (!origin || origin->is_loopback);
}

std::variant<Venue, std::string> open_venue(const Plan& plan, const NodeMaker& maker, Deployment& servers) {
  Venue venue{.targets = plan.targets, .origin = plan.origin, .servers = nullptr};
  if (!plan.deploy) return venue;
  venue.servers = &servers;
  std::string wrong = servers.start_origin(*plan.start_origin);
  if (wrong.empty() && plan.deploy->redis) wrong = servers.start_redis();
  for (uint32_t i = 0; i < plan.deploy->nodes && wrong.empty(); ++i) wrong = servers.start_node(maker);
  if (!wrong.empty()) return wrong;
  venue.origin = parse_target("http://" + servers.origin());
  for (const std::string& node : servers.nodes()) venue.targets.push_back(*parse_target("http://" + node));
  if (venue.targets.empty()) venue.targets.push_back(*venue.origin);
  return venue;
}

Outcome rehearse(const Plan& plan, const Venue& venue, Onlooker& onlooker) {
  return Rehearsal(plan, venue, onlooker).run();
}

}  // namespace levee::bench
