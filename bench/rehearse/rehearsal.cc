#include "bench/rehearse/rehearsal.h"

#include <event2/util.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "bench/client/fetch_json.h"
#include "bench/client/origin_control.h"
#include "bench/load/common.h"
#include "bench/origin/media.h"
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

// A latency as it stands while some still wait: each counts with the wait so far, once that is longer than usual.
class WithWaits {
 public:
  explicit WithWaits(const Histogram& seen)
      : all_(seen), usual_us_(std::max(static_cast<int64_t>(seen.at(0.99)), kShortUs)) {}
  void add(int64_t wait_us) {
    if (wait_us > usual_us_) all_.record(wait_us);
  }
  const Histogram& all() const { return all_; }

 private:
  static constexpr int64_t kShortUs = 100'000;
  Histogram all_;
  const int64_t usual_us_;
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
  ~Rehearsal() {
    event_free(beat_);
    for (event* const each : signals_) event_free(each);
  }
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  Outcome run();

 private:
  event* on_signal(int number);
  void interrupt(int number);
  void beat();
  void join_and_leave(int64_t elapsed);
  void strike(int64_t elapsed);
  void record_lag(int64_t now);
  void end_second();
  void end_last_second();
  void count_waits();
  void count_origin(const nlohmann::json& counts);
  void tell(std::string what);
  // Those of the tally, with what has no answer yet.
  struct Latencies {
    Histogram start_up, segment_first_byte, request_first_byte, request_whole;
  };
  Latencies latencies() const;
  Values values() const;
  std::vector<std::string> untested() const;
  void count_elsewhere();
  std::vector<std::string> missed_faults() const;

  const Plan& plan_;
  const Venue& venue_;
  Onlooker& onlooker_;
  const std::vector<Coming> comings_;
  ClientLoop loop_;
  Connections connections_;
  Outcome outcome_;
  Crowd crowd_;
  std::vector<std::unique_ptr<Viewer>> viewers_;
  std::vector<std::unique_ptr<OpenLoad>> loads_;
  std::optional<OriginControl> control_;  // of the origin, when there is one
  std::unique_ptr<JsonFetcher> counts_;
  NodeCost node_cost_;
  Histogram second_lag_;
  event* const beat_;
  const std::array<event*, 2> signals_;
  std::array<void (*)(int), 2> usual_{};  // what those signals did before
  int64_t began_us_ = 0;
  int64_t last_beat_us_ = 0;
  double own_cpu_s_ = 0;
  size_t next_coming_ = 0;
  size_t next_fault_ = 0;
  uint64_t origin_before_ = 0;
  int64_t origin_started_ms_ = 0;
  OriginCounts of_earlier_;  // of origins that ended before the one that runs
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
          [](evutil_socket_t, short, void* self) { static_cast<Rehearsal*>(self)->beat(); }, this)),
      signals_{on_signal(SIGINT), on_signal(SIGTERM)} {
  for (uint32_t i = 0; i < viewers_in(comings_); ++i) viewers_.push_back(std::make_unique<Viewer>(crowd_, i));
  for (const Plan::Requests& requests : plan.requests) loads_.push_back(std::make_unique<OpenLoad>(crowd_, requests));
  if (!venue.origin) return;
  control_.emplace(loop_, *venue.origin);
  control_->tell("zero");
  counts_ = std::make_unique<JsonFetcher>(loop_, control_of(*venue.origin),
                                          [this](const nlohmann::json& counts) { count_origin(counts); });
}

Outcome Rehearsal::run() {
  while (control_ && control_->is_telling()) event_base_loop(&loop_.base(), EVLOOP_ONCE);  // what follows counts
  own_cpu_s_ = own_cpu_s();
  outcome_.resident_before = node_bytes(venue_);
  began_us_ = last_beat_us_ = now_us();
  event_add(beat_, &kBeat);
  for (size_t i = 0; i < signals_.size(); ++i) {
    usual_[i] = std::signal(event_get_signal(signals_[i]), SIG_IGN);  // what it is again when the event is gone
    event_add(signals_[i], nullptr);
  }
  stop_after(loop_, std::chrono::duration<double>(plan_.duration).count());
  event_base_dispatch(&loop_.base());
  event_del(beat_);
  // A terminal's SIGINT is followed by the SIGTERM of this program's guard, which must not end it before the reports
  // are written; somebody's second one reaches the guard, and that kills.
  for (size_t i = 0; i < signals_.size(); ++i) {
    event_del(signals_[i]);
    if (outcome_.interrupted_by == 0) std::signal(event_get_signal(signals_[i]), usual_[i]);
  }
  outcome_.took_s = static_cast<double>(now_us() - began_us_) / 1e6;
  if (counts_) {  // once more, as the last second's requests count too
    counts_->fetch();
    stop_after(loop_, 0.3);
    event_base_dispatch(&loop_.base());
  }
  end_last_second();
  count_waits();
  count_elsewhere();
  outcome_.connections = connections_.most_open();
  outcome_.lent = connections_.lent();
  outcome_.waited = connections_.waited();
  outcome_.shortage = connections_.shortage();
  std::vector<Values> running;
  for (const Moment& moment : outcome_.seconds) {
    running.push_back(moment.values);
    outcome_.node_cpu_s += moment.node_cpu_s;
  }
  outcome_.verdict = judge(plan_.promises, running, outcome_.lateness(), untested());
  if (outcome_.interrupted_by != 0) outcome_.verdict.kind = Verdict::Kind::kNone;
  for (const auto& viewer : viewers_) viewer->leave();
  return std::move(outcome_);
}

event* Rehearsal::on_signal(int number) {
  return evsignal_new(
      &loop_.base(), number,
      [](evutil_socket_t signal, short, void* self) {
        static_cast<Rehearsal*>(self)->interrupt(static_cast<int>(signal));
      },
      this);
}

// What has been seen until now is not lost.
void Rehearsal::interrupt(int number) {
  if (outcome_.interrupted_by == 0) outcome_.interrupted_by = number;
  event_base_loopbreak(&loop_.base());
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
  if (const auto started = counts.value("started_ms", int64_t{0});
      std::exchange(origin_started_ms_, started) != started) {
    of_earlier_ = outcome_.origin.value_or(OriginCounts{});
  }
  std::optional<uint64_t> struck;
  if (counts.contains("struck")) struck = of_earlier_.struck.value_or(0) + counts.value("struck", uint64_t{0});
  outcome_.origin = OriginCounts{.requests = of_earlier_.requests + counts.value("requests", uint64_t{0}),
                                 .least = of_earlier_.least + counts.value("least", uint64_t{0}),
                                 .active = counts.value("active", 0U),
                                 .most_active = std::max(of_earlier_.most_active, counts.value("most_active", 0U)),
                                 .refused = of_earlier_.refused + counts.value("refused", uint64_t{0}),
                                 .struck = struck};
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

// Nobody will answer any more.
void Rehearsal::count_waits() {
  const Latencies all = latencies();
  ViewerTally& tally = outcome_.tally;
  tally.start_up = all.start_up;
  tally.segment_first_byte = all.segment_first_byte;
  tally.request_first_byte = all.request_first_byte;
  tally.request_whole = all.request_whole;
}

Rehearsal::Latencies Rehearsal::latencies() const {
  const ViewerTally& tally = outcome_.tally;
  const int64_t now = now_us();
  WithWaits start_up(tally.start_up), segment(tally.segment_first_byte);
  for (const auto& viewer : viewers_) {
    start_up.add(viewer->starting_us(now));
    segment.add(viewer->segment_waits_us(now));
  }
  WithWaits first(tally.request_first_byte), whole(tally.request_whole);
  for (const auto& load : loads_) {
    load->each_wait(now, [&](int64_t first_us, int64_t whole_us) {
      first.add(first_us);
      whole.add(whole_us);
    });
  }
  return {start_up.all(), segment.all(), first.all(), whole.all()};
}

// Whatever a playlist says, it is the targets that are asked.
void Rehearsal::count_elsewhere() {
  for (const auto& [authority, requests] : outcome_.tally.by_authority) {
    const auto is_it = [&authority](const Target& target) {
      return evutil_ascii_strcasecmp(target.authority.c_str(), authority.c_str()) == 0;
    };
    if (std::ranges::any_of(venue_.targets, is_it) || std::ranges::any_of(plan_.targets, is_it)) continue;
    outcome_.elsewhere.push_back(authority);
    outcome_.asked_elsewhere += requests;
  }
}

std::vector<std::string> Rehearsal::untested() const {
  std::vector<std::string> untested;
  if (!plan_.arrivals.empty() && outcome_.tally.started == 0) untested.emplace_back("not one viewer saw a frame");
  if (control_) {
    for (const std::string& told : control_->refused()) untested.push_back("the origin refused \"" + told + "\"");
  }
  const auto missed = missed_faults();
  untested.insert(untested.end(), missed.begin(), missed.end());
  return untested;
}

// Of the origin's, when it says that it struck nothing at all.
std::vector<std::string> Rehearsal::missed_faults() const {
  std::vector<std::string> missed;
  if (!outcome_.origin || outcome_.origin->struck != 0) return missed;
  for (const Plan::Fault& fault : plan_.faults) {
    const auto* const told = std::get_if<Plan::Fault::OfOrigin>(&fault.what);
    if (told == nullptr || told->command.starts_with("ok") || told->command.starts_with("capacity")) continue;
    if (told->command.starts_with("zero")) return {};  // nobody knows of what was struck before
    missed.push_back("\"" + fault.words + "\" struck no request (" + plan_.file + ":" + std::to_string(fault.line) +
                     ")");
  }
  return missed;
}

// The running values; none of what nothing has measured yet.
Values Rehearsal::values() const {
  const ViewerTally& tally = outcome_.tally;
  const Latencies latency = latencies();
  Values values;
  const auto set = [&values](std::string_view name, double value) { values[*measure_named(name)] = value; };
  const auto set_p99 = [&set](std::string_view name, const Histogram& seen) {
    if (seen.count() > 0) set(name, to_ms(seen.at(0.99)));
  };
  const auto set_share = [&set](std::string_view name, auto part, auto whole, double times = 1) {
    if (whole > 0) set(name, times * static_cast<double>(part) / static_cast<double>(whole));
  };
  set_p99("start_up_p99", latency.start_up);
  set_p99("segment_first_byte_p99", latency.segment_first_byte);
  set_p99("request_first_byte_p99", latency.request_first_byte);
  set_p99("request_whole_p99", latency.request_whole);
  // Of viewers who never saw a frame nobody knows whether they would have stalled; of those who have not waited long,
  // and of an origin that was asked for nothing, not yet anything.
  if (tally.started > 0) set_share("stalled_viewers", tally.stalled_viewers, tally.joined);
  if (tally.started + tally.not_started > 0) set_share("not_started", tally.not_started, tally.joined);
  set_share("stall_seconds_per_hour", tally.stall_us, tally.watched_us, 3600);
  set_share("errors", tally.total.errors, tally.total.requests);
  if (tally.verified > 0) set("wrong_bodies", static_cast<double>(tally.wrong_bodies));
  if (outcome_.origin) {
    set_share("origin_amplification", outcome_.origin->requests, outcome_.origin->least);
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

namespace {

// Starts what the plan deploys; returns what is wrong.
std::string deploy(const Plan& plan, const NodeMaker& maker, Deployment& servers, Venue& venue) {
  if (const std::string& media = plan.start_origin->media; plan.needs_media() && !Media::load(media)) {
    return "no media in " + media + ", and the plan's stream is the film";
  }
  std::string wrong = servers.start_origin(*plan.start_origin);
  if (wrong.empty() && plan.deploy->redis) wrong = servers.start_redis();
  for (uint32_t i = 0; i < plan.deploy->nodes && wrong.empty(); ++i) wrong = servers.start_node(maker);
  if (!wrong.empty()) return wrong;
  venue.servers = &servers;
  venue.origin = parse_target("http://" + servers.origin());
  for (const std::string& node : servers.nodes()) venue.targets.push_back(*parse_target("http://" + node));
  if (venue.targets.empty()) venue.targets.push_back(*venue.origin);
  return {};
}

}  // namespace

std::variant<Venue, std::string> open_venue(const Plan& plan, const NodeMaker& maker, Deployment& servers) {
  Venue venue{.targets = plan.targets, .origin = plan.origin, .servers = nullptr};
  if (plan.deploy) {
    if (std::string wrong = deploy(plan, maker, servers, venue); !wrong.empty()) return wrong;
  }
  for (Target& target : venue.targets) {
    if (!plan.host) break;
    target.authority = plan.host->authority;
    target.server_name = plan.host->name;
  }
  return venue;
}

Outcome rehearse(const Plan& plan, const Venue& venue, Onlooker& onlooker) {
  return Rehearsal(plan, venue, onlooker).run();
}

}  // namespace levee::bench
