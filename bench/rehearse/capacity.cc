#include "bench/rehearse/capacity.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <optional>
#include <thread>

#include "bench/client/http_client.h"
#include "bench/figures/print.h"
#include "bench/figures/report.h"
#include "bench/rehearse/outcome_text.h"
#include "bench/rehearse/plan.h"
#include "bench/rehearse/rehearsal.h"
#include "bench/rehearse/scale_search.h"
#include "bench/rehearse/screen.h"
#include "bench/servers/scratch.h"

namespace levee::bench {
namespace {

struct Run {
  double scale = 0;
  Outcome outcome;
  Load load;

  Verdict::Kind verdict() const { return outcome.verdict.kind; }
  double lag_ms() const { return outcome.lateness().p99_ms; }
  // How many times as much the nodes or this program could have done, had they a processor each.
  double spare(size_t nodes) const {
    const double busiest = std::max(load.cores / static_cast<double>(std::max<size_t>(nodes, 1)), load.generator_cores);
    return busiest > 0 ? 1 / busiest : 1;
  }
};

std::variant<Run, std::string> play(const Plan& original, double scale, const CapacityOptions& options) {
  Plan plan = original;
  plan.scale(scale);
  const Scratch scratch(options.keep);
  Deployment servers(scratch.path());
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
  std::string text =
      print("  x %-7.3g viewers %-7.0f %-11s nodes %5.2f cores, generator %5.2f cores, late by %-7s at p99 ", run.scale,
            run.load.viewers, bits_text(run.load.bits_per_second).c_str(), run.load.cores, run.load.generator_cores,
            with_unit(run.lag_ms(), Unit::kTime).c_str());
  return text + " " + verdict_line(plan, run.outcome);
}

std::string audience_of(const Run& run) {
  if (run.load.viewers == 0) return print("x %.3g of the plan's requests", run.scale);
  return print("%.0f viewers (x %.3g)", run.load.viewers, run.scale);
}

// What the search found, and what ended it. Only a promise that broke while this program kept time is a limit of the
// target.
std::string finding(const Plan& plan, const Run& best, const std::optional<Run>& next,
                    const std::string& why_not_more) {
  const std::string audience = audience_of(best);
  if (!next) return "At least " + audience + ": " + why_not_more + ".";
  const std::string more = next->load.viewers > 0 ? print("%.0f", next->load.viewers) : print("x %.3g", next->scale);
  if (!next->outcome.verdict.untested.empty() && next->verdict() == Verdict::Kind::kNone) {
    return "At least " + audience + ": with " + more + ": " + verdict_line(plan, next->outcome);
  }
  if (next->verdict() == Verdict::Kind::kNone) {
    return "At least " + audience + ": with " + more + " this program itself was " + hindrance(next->outcome) +
           ", so what broke then is no limit of the target. A generator on a machine of its own can ask for "
           "more.";
  }
  return "The largest audience that keeps the promises: " + audience + ". With " + more + ": " +
         verdict_line(plan, next->outcome) +
         (why_not_more.empty() ? "" : " (The gap is wider than a tenth: " + why_not_more + ".)");
}

// The same when no audience kept the promises.
std::string nothing_found(const Plan& plan, const std::optional<Run>& smallest, const std::string& why_not_less) {
  if (!smallest) return "No verdict: " + why_not_less + ".";
  const std::string audience = "the smallest audience that was tried, " + audience_of(*smallest);
  const std::string bound = why_not_less.empty() ? "" : " (No smaller one was tried: " + why_not_less + ".)";
  return (smallest->verdict() == Verdict::Kind::kBreaks ? "Not even " + audience + ", keeps the promises. "
                                                        : "With " + audience + ": ") +
         verdict_line(plan, smallest->outcome) + bound;
}

// `broken`: the smallest audience that did not keep the promises, if there was one.
Json with_broken(Json result, const Plan& plan, const std::optional<Run>& broken) {
  if (!broken) return result;
  Json& smallest = result["smallest_broken"];
  smallest = {{"scale", broken->scale}, {"viewers", broken->load.viewers}};
  smallest.update(verdict_json(plan, broken->outcome));
  return result;
}

// What is not known is null.
Json known(double value) {
  return value > 0 ? Json(value) : Json();
}

Json result_json(const Run& best, double nodes, const Sizing& sizing, const std::string& found) {
  return {{"verdict", verdict_word(best.verdict())},
          {"says", found},
          {"scale", best.scale},
          {"viewers", best.load.viewers},
          {"nodes", nodes},
          {"bits_per_second", best.load.bits_per_second},
          {"cores", best.load.knows_cores ? Json(best.load.cores) : Json()},
          {"connections", best.load.connections},
          {"grown_bytes", best.load.grown},
          {"nodes_by_link", known(sizing.nodes_by_link)},
          {"nodes_by_cores", known(sizing.nodes_by_cores)},
          {"nodes_by_break", known(sizing.nodes_by_break)},
          {"nodes_needed", known(sizing.is_enough ? sizing.nodes() : 0)},
          {"limited_by", sizing.limited_by.empty() ? Json() : Json(sizing.limited_by)},
          {"descriptors_each", known(sizing.descriptors)},
          {"memory_each", known(sizing.memory)},
          {"arithmetic", sizing.lines}};
}

// Of Levee's "worker_processes 2;"; 0: one a processor.
double workers_of(const std::string& conf_template) {
  std::ifstream file(conf_template);
  double workers = 0;
  for (std::string line; std::getline(file, line);) {
    line.resize(std::min(line.find('#'), line.size()));
    const size_t at = line.find("worker_processes");
    if (at != std::string::npos) std::sscanf(line.c_str() + at, "worker_processes %lf", &workers);
  }
  return workers;
}

Machine machine_of(const Plan& plan) {
  const size_t nodes = plan.deploy ? plan.deploy->nodes : plan.targets.size();
  return {.nodes = static_cast<double>(std::max<size_t>(nodes, 1)),
          .workers = plan.deploy ? workers_of(plan.deploy->conf) : 0,
          .cores = std::max<double>(std::thread::hardware_concurrency(), 1)};
}

int failed(const std::string& why) {
  std::fprintf(stderr, "levee-bench: %s\n", why.c_str());
  return 2;
}

class Search {
 public:
  Search(const Plan& plan, const CapacityOptions& options)
      : plan_(plan), options_(options), scales_(options.most_scale) {}

  // Tries until it is over. Or what is wrong.
  std::string run() {
    const int64_t began = now_us();
    const double each = std::chrono::duration<double>(plan_.duration).count() + 1;  // with starting and stopping
    for (uint32_t i = 0; !scales_.is_over(); ++i) {
      if (interrupted_by_ != 0) return end("it was interrupted");
      const double spent = static_cast<double>(now_us() - began) / 1e6;
      if (i == options_.most_runs) return end("--runs is reached");
      if (i > 0 && spent + each > options_.most_seconds) return end("--seconds is over");
      if (std::string wrong = try_next(); !wrong.empty()) return wrong;
    }
    return end(broken_ ? "" : "--most is reached");
  }
  int interrupted_by() const { return interrupted_by_; }  // a signal; 0: none
  const std::optional<Run>& best() const { return best_; }
  const std::optional<Run>& broken() const { return broken_; }  // the smallest
  const std::string& why_not_more() const { return why_not_more_; }

 private:
  std::string end(const std::string& why) {
    why_not_more_ = why;
    return {};
  }
  std::string try_next() {
    auto played = play(plan_, scales_.next(), options_);
    if (const auto* const wrong = std::get_if<std::string>(&played)) return *wrong;
    Run& run = std::get<Run>(played);
    interrupted_by_ = run.outcome.interrupted_by;
    if (interrupted_by_ != 0) return {};  // it says nothing of this audience
    std::printf("%s\n", row(plan_, run).c_str());
    std::fflush(stdout);
    const bool held = run.verdict() == Verdict::Kind::kHolds;
    scales_.tell(held, run.spare(plan_.deploy ? plan_.deploy->nodes : plan_.targets.size()));
    (held ? best_ : broken_) = std::move(run);
    return {};
  }

  const Plan& plan_;
  const CapacityOptions& options_;
  ScaleSearch scales_;
  std::optional<Run> best_, broken_;
  std::string why_not_more_;
  int interrupted_by_ = 0;
};

// No audience is known to keep the promises. The exit code.
int end_without(const Plan& plan, const Search& search, const CapacityOptions& options) {
  const auto& smallest = search.broken();
  const bool is_broken = smallest && smallest->verdict() == Verdict::Kind::kBreaks && search.interrupted_by() == 0;
  const std::string found = nothing_found(plan, smallest, search.why_not_more());
  std::printf("\n%s\n", found.c_str());
  std::fflush(stdout);
  const Json result{{"verdict", verdict_word(is_broken ? Verdict::Kind::kBreaks : Verdict::Kind::kNone)},
                    {"says", found}};
  const bool written = write_file(options.json_path, with_broken(result, plan, smallest).dump(1) + "\n");
  if (search.interrupted_by() != 0) return 128 + search.interrupted_by();
  return is_broken && written ? 1 : 2;
}

}  // namespace

int run_capacity(const CapacityOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  auto read = read_plan(options.plan);
  if (const auto* const wrong = std::get_if<std::string>(&read)) return failed(*wrong);
  Plan& plan = std::get<Plan>(read);
  if (const std::string wrong = unwritable(options.json_path); !wrong.empty()) return failed(wrong);
  if (plan.start_origin) plan.start_origin->media = options.media;
  Search search(plan, options);
  if (const std::string wrong = search.run(); !wrong.empty()) return failed(wrong);
  if (!search.best()) return end_without(plan, search, options);
  const std::string found = finding(plan, *search.best(), search.broken(), search.why_not_more());
  const Machine machine = machine_of(plan);
  const std::optional<Break> broke =
      search.broken() ? break_of(search.broken()->outcome, search.broken()->load, machine) : std::nullopt;
  const Sizing sizing = size_up(search.best()->load, machine.nodes, options.wanted, broke);
  std::printf("\n%s\n\n", found.c_str());
  for (const std::string& line : sizing.lines) std::printf("  %s\n", line.c_str());
  std::fflush(stdout);
  const Json result = with_broken(result_json(*search.best(), machine.nodes, sizing, found), plan, search.broken());
  const bool written = write_file(options.json_path, result.dump(1) + "\n");
  if (search.interrupted_by() != 0) return 128 + search.interrupted_by();
  return written ? 0 : 2;
}

}  // namespace levee::bench
