#include "bench/rehearse/capacity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <optional>

#include "bench/figures/print.h"
#include "bench/figures/report.h"
#include "bench/rehearse/outcome_text.h"
#include "bench/rehearse/plan.h"
#include "bench/rehearse/rehearsal.h"
#include "bench/rehearse/screen.h"

namespace levee::bench {
namespace {

constexpr double kFill = 0.8;  // how much of a card or a processor may be used
constexpr double kClose = 1.1;

std::string bits(double value) {
  if (value >= 1e12) return print("%.2f Tb/s", value / 1e12);
  if (value >= 1e9) return print("%.2f Gb/s", value / 1e9);
  return value >= 1e6 ? print("%.1f Mb/s", value / 1e6) : print("%.0f kb/s", value / 1e3);
}

struct Run {
  double scale = 0;
  Outcome outcome;
  Load load;
};

// The audience at its largest, and what it took on average of the seconds when it was nearly so large.
Load load_of(const Outcome& outcome) {
  Load load;
  for (const Moment& moment : outcome.seconds) load.viewers = std::max<double>(load.viewers, moment.of.viewers);
  double seconds = 0, bytes = 0;
  for (const Moment& moment : outcome.seconds) {
    if (moment.of.viewers < 0.9 * load.viewers) continue;
    ++seconds;
    bytes += static_cast<double>(moment.of.bytes);
    load.cores += moment.node_cpu_s;
  }
  load.bits_per_second = seconds > 0 ? bytes * 8 / seconds : 0;
  load.cores = seconds > 0 ? load.cores / seconds : 0;
  return load;
}

std::variant<Run, std::string> play(const Plan& original, double scale, const CapacityOptions& options) {
  Plan plan = original;
  plan.scale(scale);
  Deployment servers(working_folder(options.keep));
  const NodeMaker maker =
      levee_maker(options.levee.empty() ? levee_beside() : options.levee, plan.deploy ? plan.deploy->conf : "");
  const auto opened = open_venue(plan, maker, servers);
  if (const auto* const wrong = std::get_if<std::string>(&opened)) return *wrong;
  const Venue& venue = std::get<Venue>(opened);
  if (!venue.is_here() && !options.allow_remote) {
    return "the plan's target is not this machine; --allow-remote says that you may load it";
  }
  Run run{.scale = scale, .outcome = rehearse(plan, venue, *make_silence()), .load = {}};
  run.load = load_of(run.outcome);
  return run;
}

std::string row(const Plan& plan, const Run& run) {
  std::string text = print("  x %-7.3g viewers %-7.0f %-11s %5.2f cores of nodes   lag %-7s", run.scale,
                           run.load.viewers, bits(run.load.bits_per_second).c_str(), run.load.cores,
                           with_unit(static_cast<double>(run.outcome.lag.at(0.99)) / 1000, Unit::kTime).c_str());
  return text + " " + verdict_line(plan, run.outcome);
}

void print_sizing(const Load& load, const CapacityOptions& options) {
  for (const std::string& line : size_up(load, options).lines) std::printf("  %s\n", line.c_str());
}

Json sizing_json(const Run& best, const CapacityOptions& options) {
  const Sizing sizing = size_up(best.load, options);
  return {{"scale", best.scale},
          {"viewers", best.load.viewers},
          {"bits_per_second", best.load.bits_per_second},
          {"cores", best.load.cores},
          {"nodes_by_link", sizing.nodes_by_link},
          {"nodes_by_cores", sizing.nodes_by_cores},
          {"arithmetic", sizing.lines}};
}

}  // namespace

double ScaleSearch::next() const {
  if (worst_ == 0) return best_ == 0 ? 1 : std::min(best_ * 2, most_);
  return best_ == 0 ? worst_ / 2 : std::sqrt(best_ * worst_);
}

void ScaleSearch::tell(bool held) {
  if (held) {
    best_ = next();
  } else {
    worst_ = next();
  }
}

bool ScaleSearch::is_over() const {
  if (best_ >= most_) return true;
  if (worst_ == 0) return false;
  return best_ == 0 ? worst_ < 2 * kLeast : worst_ / best_ < kClose;
}

Sizing size_up(const Load& seen, const CapacityOptions& wanted) {
  Sizing sizing;
  const auto viewers = static_cast<double>(wanted.viewers);
  const auto bitrate = static_cast<double>(wanted.bitrate);
  const double traffic = viewers * bitrate;
  const double by_link = wanted.link * kFill / bitrate;
  sizing.nodes_by_link = std::ceil(viewers / by_link);
  sizing.lines.push_back(print("For %.0f viewers at %s: %.0f x %s = %s.", viewers, bits(bitrate).c_str(), viewers,
                               bits(bitrate).c_str(), bits(traffic).c_str()));
  sizing.lines.push_back(print("Network: a card of %s at %.0f %% carries %.0f viewers; %.0f / %.0f = %.0f nodes.",
                               bits(wanted.link).c_str(), kFill * 100, by_link, viewers, by_link,
                               sizing.nodes_by_link));
  if (seen.cores <= 0 || seen.viewers <= 0 || seen.bits_per_second <= 0) return sizing;
  // A viewer's cost is of its requests and of its bytes. Taken as if it were all of bytes when these grow, it is too
  // high rather than too low.
  const double of_each = seen.bits_per_second / seen.viewers;
  const double growth = std::max(bitrate / of_each, 1.0);
  const double viewers_per_core = seen.viewers / seen.cores / growth;
  const double by_cores = viewers_per_core * wanted.cores * kFill;
  sizing.nodes_by_cores = std::ceil(viewers / by_cores);
  sizing.lines.push_back(print("Processors: %.0f viewers of %s each kept %.2f cores busy: %.0f a core.", seen.viewers,
                               bits(of_each).c_str(), seen.cores, seen.viewers / seen.cores));
  sizing.lines.push_back(
      print("At %s, %.1f times the bytes: %.0f / %.1f = %.0f a core; %u cores at %.0f %% carry %.0f; "
            "%.0f / %.0f = %.0f nodes.",
            bits(bitrate).c_str(), growth, seen.viewers / seen.cores, growth, viewers_per_core, wanted.cores,
            kFill * 100, by_cores, viewers, by_cores, sizing.nodes_by_cores));
  const bool is_link = sizing.nodes_by_link >= sizing.nodes_by_cores;
  sizing.lines.push_back(print("You need %.0f nodes, limited by %s; and some to spare.",
                               std::max(sizing.nodes_by_link, sizing.nodes_by_cores),
                               is_link ? "the network" : "the processors"));
  return sizing;
}

int run_capacity(const CapacityOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  auto read = read_plan(options.plan);
  if (const auto* const wrong = std::get_if<std::string>(&read)) {
    std::fprintf(stderr, "levee-bench: %s\n", wrong->c_str());
    return 2;
  }
  Plan& plan = std::get<Plan>(read);
  if (plan.start_origin) plan.start_origin->media = options.media;
  ScaleSearch search(options.most_scale);
  std::optional<Run> best, broken;
  for (uint32_t i = 0; i < options.most_runs && !search.is_over(); ++i) {
    auto played = play(plan, search.next(), options);
    if (const auto* const wrong = std::get_if<std::string>(&played)) {
      std::fprintf(stderr, "levee-bench: %s\n", wrong->c_str());
      return 2;
    }
    Run& run = std::get<Run>(played);
    std::printf("%s\n", row(plan, run).c_str());
    std::fflush(stdout);
    const bool held = run.outcome.verdict.kind == Verdict::Kind::kHolds;
    search.tell(held);
    (held ? best : broken) = std::move(run);
  }
  if (!best) {
    std::printf("\nNot even the smallest audience keeps the promises.\n");
    return 1;
  }
  std::printf("\nThe largest audience that keeps the promises: %.0f viewers (x %.3g). %s\n\n", best->load.viewers,
              best->scale,
              broken ? verdict_line(plan, broken->outcome).c_str() : "More was not tried: raise --most or --runs.");
  print_sizing(best->load, options);
  if (!options.json_path.empty()) std::ofstream(options.json_path) << sizing_json(*best, options).dump(1) << '\n';
  return 0;
}

}  // namespace levee::bench
