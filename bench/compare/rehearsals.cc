#include "bench/compare/rehearsals.h"

#include <sched.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <map>
#include <vector>

#include "bench/compare/rounds.h"
#include "bench/figures/print.h"
#include "bench/rehearse/outcome_text.h"
#include "bench/rehearse/rehearsal.h"
#include "bench/rehearse/screen.h"
#include "bench/servers/interruption.h"
#include "bench/servers/peer.h"
#include "bench/servers/proc.h"
#include "bench/servers/scratch.h"

namespace levee::bench {
namespace {

namespace fs = std::filesystem;

struct Row {
  const char* as;  // a Headline's
  const char* what;
  const char* label;
};
// Those that were measured get into the tables. Names that are measures are those of promises.
constexpr std::array kRows{
    Row{"ms", "start_up_p99", "start-up p99"},
    Row{"ms", "segment_first_byte_p99", "segment's first byte p99"},
    Row{"ms", "request_first_byte_p99", "request's first byte p99"},
    Row{"ms", "request_whole_p99", "request's last byte p99"},
    Row{"percent", "not_started", "viewers without a frame after 5 s"},
    Row{"percent", "stalled_viewers", "viewers who stalled"},
    Row{"count", "stall_seconds_per_hour", "stall seconds an hour watched"},
    Row{"percent", "errors", "errors"},
    Row{"count", "wrong_bodies", "wrong bodies"},
    Row{"count", "origin_requests", "origin requests"},
    Row{"count", "origin_amplification", "origin requests by the least"},
    Row{"count", "origin_concurrency", "most at the origin at a time"},
    Row{"s", "cpu_s", "server CPU"},
    Row{"ratio", "cpu_us", "good answers"},
    Row{"ms", "lag_p99_ms", "the generator's own lag p99"},
};

Json figures(const Outcome& outcome) {
  Json all = Json::object();
  for (size_t i = 0; i < kMeasures.size(); ++i) {
    const auto& value = outcome.seconds.back().values[i];
    if (value) all[std::string(kMeasures[i].name)] = kMeasures[i].unit == Unit::kShare ? 100 * *value : *value;
  }
  all["cpu_s"] = outcome.node_cpu_s;
  const double good = outcome.tally.total.requests - std::min(outcome.tally.total.requests, outcome.tally.total.errors);
  if (good > 0) all["cpu_us"] = outcome.node_cpu_s * 1e6 / good;
  all["lag_p99_ms"] = outcome.lateness().p99_ms;
  return all;
}

// Of a server over its rounds.
struct Record {
  std::vector<Json> rounds;
  int held = 0, unjudged = 0;
  std::string says = "It holds.";  // or of the first round that did not; without one, of the first without a verdict

  void add(const Plan& plan, const Outcome& outcome) {
    rounds.push_back(figures(outcome));
    const bool has_broken = held + unjudged + 1 < static_cast<int>(rounds.size());
    switch (outcome.verdict.kind) {
      case Verdict::Kind::kHolds:
        ++held;
        break;
      case Verdict::Kind::kNone:
        if (unjudged++ == 0 && !has_broken) says = verdict_line(plan, outcome);
        break;
      case Verdict::Kind::kBreaks:
        if (!has_broken) says = verdict_line(plan, outcome);
        break;
    }
  }
  Json json() const { return {{"held", held}, {"unjudged", unjudged}, {"rounds", rounds.size()}, {"says", says}}; }
};

// This program, and what it starts, leaves the first processor to the nodes.
void leave_first_processor() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 2) return;
  CPU_CLR(processors().of_server, &set);
  sched_setaffinity(0, sizeof set, &set);
}

// Says nothing of the node when it is interrupted.
std::variant<Outcome, std::string> play(const Plan& plan, const NodeMaker& maker, const fs::path& folder) {
  std::variant<Outcome, std::string> result;
  {
    Deployment servers(folder);
    const auto opened = open_venue(plan, maker, servers);
    if (const auto* const wrong = std::get_if<std::string>(&opened)) return *wrong;
    if (interrupted_by() != 0) return "interrupted";
    Outcome outcome = rehearse(plan, std::get<Venue>(opened), *make_silence());
    if (outcome.interrupted_by != 0) interrupt(outcome.interrupted_by);
    result = std::move(outcome);
  }
  std::error_code none;
  fs::remove_all(folder, none);
  return result;
}

void say(int round, int rounds, const std::string& server, const Plan& plan, const Outcome& outcome) {
  std::printf("  round %d of %d  %-8s %6.2f s of CPU  %s\n", round, rounds, server.c_str(), outcome.node_cpu_s,
              verdict_line(plan, outcome).c_str());
  std::fflush(stdout);
}

Json scenario_of(const Plan& plan, const std::map<std::string, Record>& records) {
  Json result{{"title", plan.name + ": " + plan.about},
              {"headlines", Json::array()},
              {"peers", Json::object()},
              {"verdicts", Json::object()},
              {"rounds", Json::object()}};
  for (const auto& [server, record] : records) {
    if (record.rounds.empty()) continue;
    result["peers"][server] = medians(record.rounds);
    result["verdicts"][server] = record.json();
    result["rounds"][server] = record.rounds;
  }
  for (const Row& row : kRows) {
    bool is_measured = false;
    for (const Json& peer : result["peers"]) is_measured = is_measured || peer.contains(row.what);
    if (is_measured) result["headlines"].push_back({{"as", row.as}, {"what", row.what}, {"label", row.label}});
  }
  return result;
}

Json result_of(const Plan& plan, const std::map<std::string, Record>& records, Json missing) {
  Json result = scenario_of(plan, records);
  result["not_measured"] = std::move(missing);
  return result;
}

}  // namespace

std::string uncomparable(const Plan& plan) {
  if (!plan.deploy || plan.deploy->nodes == 0) return "compare starts the nodes itself, and the plan deploys none";
  return plan.deploy->redis ? "the peers know no Redis, so there is nothing to compare" : "";
}

std::variant<Compared, std::string> compare_rehearsals(const Plan& plan, const CompareOptions& options,
                                                       const fs::path& scratch, const std::function<void(Json)>& keep) {
  if (std::string wrong = make_keys(scratch); !wrong.empty()) return wrong;
  leave_first_processor();
  const Scratch memory = Scratch::in_memory();
  std::error_code none;
  const fs::path self = fs::read_symlink("/proc/self/exe", none);  // taskset's own would be another
  const PeerTerms terms{.keys = scratch, .memory = memory.path(), .levee = options.levee, .bench = self};
  std::vector<std::string> servers = options.servers;
  if (servers.empty()) servers = {"levee", "nginx", "varnish", "ats"};
  std::map<std::string, Record> records;
  Json missing = Json::object();
  for (int round = 1; round <= options.rounds; ++round) {
    for (const std::string& server : servers) {
      if (missing.contains(server)) continue;
      const NodeMaker maker = [&](const NodeSite& site) {
        return make_peer(fs::path(options.peers) / server, terms, site);
      };
      auto played = play(plan, maker, scratch / server);
      if (interrupted_by() != 0) {
        const std::string where =
            "round " + std::to_string(round) + " of " + std::to_string(options.rounds) + " with " + server;
        return Compared{result_of(plan, records, std::move(missing)), where};
      }
      if (const auto* const wrong = std::get_if<std::string>(&played)) {
        missing[server] = *wrong;
        continue;
      }
      const Outcome& outcome = std::get<Outcome>(played);
      say(round, options.rounds, server, plan, outcome);
      records[server].add(plan, outcome);
      keep(result_of(plan, records, missing));
    }
  }
  return Compared{result_of(plan, records, std::move(missing)), {}};
}

}  // namespace levee::bench
