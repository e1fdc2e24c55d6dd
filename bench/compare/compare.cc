#include "bench/compare/compare.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "bench/client/http_client.h"
#include "bench/compare/case.h"
#include "bench/compare/rehearsals.h"
#include "bench/compare/rounds.h"
#include "bench/compare/tables.h"
#include "bench/servers/interruption.h"

namespace levee::bench {
namespace {

namespace fs = std::filesystem;

std::string here() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

// How the kernel paces what servers send, which a large body's cost depends on.
std::string congestion_control() {
  std::ifstream file("/proc/sys/net/ipv4/tcp_congestion_control");
  std::string name;
  std::getline(file, name);
  return name;
}

std::string date_now() {
  std::array<char, 32> date{};
  const time_t now = time(nullptr);
  tm parts{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
  return date.data();
}

Json machine(const CompareOptions& options, const fs::path& scratch) {
  utsname system{};
  uname(&system);
  double load = 0;
  getloadavg(&load, 1);
  Json result{{"date", date_now()},
              {"cpu", processor()},
              {"cores", sysconf(_SC_NPROCESSORS_ONLN)},
              {"kernel", system.release},
              {"congestion_control", congestion_control()},
              {"load_before", load},
              {"versions", Json::object()}};
  std::vector<fs::path> folders(fs::directory_iterator(options.peers), {});
  std::ranges::sort(folders);
  const PeerTerms terms{.keys = {}, .memory = {}, .levee = options.levee, .bench = here()};
  for (const fs::path& folder : folders) {
    const std::string version = fs::is_directory(folder) ? peer_version(folder, terms, scratch) : "";
    if (!version.empty()) result["versions"][folder.filename()] = version;
  }
  return result;
}

const char* name_of(Headline::As as) {
  switch (as) {
    case Headline::As::kRatio:
      return "ratio";
    case Headline::As::kMs:
      return "ms";
    case Headline::As::kSeconds:
      return "s";
    case Headline::As::kMegabytes:
      return "MB";
    case Headline::As::kPercent:
      return "percent";
    case Headline::As::kCount:
      return "count";
  }
  std::abort();
}

bool is_in(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::ranges::find(names, name) != names.end();
}

using Rounds = std::map<std::string, std::vector<Json>>;

// A measurement that finds the origin gone, or cannot read what it says, is none.
Scenario::Measured readable(const auto& measure) {
  try {
    return measure();
  } catch (const Json::exception& wrong) {
    return std::string("what it took cannot be told: ") + wrong.what();
  }
}

// Interleaved: what else the machine does strikes all alike. `missing`: gets what could not be measured, and why.
// Ends at once when it is interrupted.
Rounds measure_all(const Scenario& scenario, Stage& stage, const std::vector<std::unique_ptr<Peer>>& peers,
                   Json& missing) {
  std::map<std::string, Json> prepared;
  for (const auto& peer : peers) {
    if (interrupted_by() != 0) return {};
    auto made = scenario.prepare ? readable([&] { return scenario.prepare(stage, *peer); }) : Json();
    if (auto* wrong = std::get_if<std::string>(&made)) {
      missing[peer->name()] = *wrong;
    } else {
      prepared[peer->name()] = std::move(std::get<Json>(made));
    }
  }
  Rounds rounds;
  for (int turn = 0; turn < scenario.rounds; ++turn) {
    for (const auto& peer : peers) {
      if (interrupted_by() != 0) return {};
      if (!prepared.contains(peer->name())) continue;
      auto measured = readable([&] { return scenario.measure(stage, *peer, {turn, prepared[peer->name()]}); });
      if (auto* wrong = std::get_if<std::string>(&measured)) {
        missing[peer->name()] = *wrong;
        rounds[peer->name()].push_back(Json::object());
      } else {
        rounds[peer->name()].push_back(std::move(std::get<Json>(measured)));
      }
    }
  }
  return rounds;
}

Json play(const Scenario& scenario, const CompareOptions& options, Stage& stage) {
  Json result{{"title", scenario.title}, {"date", date_now()},       {"headlines", Json::array()},
              {"peers", Json::object()}, {"rounds", Json::object()}, {"not_measured", Json::object()}};
  for (const Headline& headline : scenario.headlines) {
    result["headlines"].push_back({{"as", name_of(headline.as)}, {"what", headline.what}, {"label", headline.label}});
  }
  const int64_t began = now_us();
  std::vector<std::unique_ptr<Peer>> peers;
  for (const std::string& name : options.servers.empty() ? scenario.servers : options.servers) {
    if (interrupted_by() != 0) break;
    auto started = stage.start(fs::path(options.peers) / name, options.levee, scenario);
    if (auto* wrong = std::get_if<std::string>(&started)) {
      result["not_measured"][name] = *wrong;
    } else {
      peers.push_back(std::move(std::get<std::unique_ptr<Peer>>(started)));
    }
  }
  Rounds rounds = measure_all(scenario, stage, peers, result["not_measured"]);
  for (const auto& peer : peers) peer->ask_to_end();
  for (const auto& peer : peers) {
    const std::vector<Json>& all = rounds[peer->name()];
    if (Json middle = medians(all); !middle.empty()) result["peers"][peer->name()] = std::move(middle);
    result["rounds"][peer->name()] = all;
  }
  peers.clear();
  result["took_s"] = static_cast<double>(now_us() - began) / 1e6;
  return result;
}

// Google Benchmark's results by name: nanoseconds, or for traces of requests the share that was missed.
void add_micro(const std::string& path, Json& results) {
  std::ifstream file(path);
  const Json all = Json::parse(file, nullptr, false);
  if (!all.is_object()) return;
  static const std::map<std::string, double> kUnits = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  for (const Json& each : all.value("benchmarks", Json::array())) {
    const std::string name = each.at("name");
    if (each.contains("missed_%")) {
      results["missed_percent"][name] = each.at("missed_%");
    } else {
      results["micro"][name] = each.at("cpu_time").get<double>() * kUnits.at(each.at("time_unit"));
    }
  }
}

bool write_readme(const std::string& path, const Json& results) {
  if (path.empty()) return true;
  std::ifstream file(path);
  const auto text = with_table({std::istreambuf_iterator<char>(file), {}}, results);
  if (text) return write_file(path, *text);
  std::fprintf(stderr, "levee-bench: %s has no place for the table\n", path.c_str());
  return false;
}

// What the file of results has: it stays until it is measured anew.
Json measured_before(const CompareOptions& options) {
  std::ifstream file(options.json_path);
  Json before = Json::parse(file, nullptr, false);
  if (!before.is_object() || before.value("quick", !options.quick) != options.quick) return Json::object();
  for (Json& scenario : before["scenarios"]) {
    if (!scenario.contains("date")) scenario["date"] = before.at("machine").at("date");
  }
  return before;
}

std::vector<Scenario> all_scenarios(bool quick) {
  auto scenarios = speed_scenarios(quick);
  for (Scenario& scenario : overload_scenarios(quick)) scenarios.push_back(std::move(scenario));
  return scenarios;
}
std::vector<std::string> scenario_names(bool quick) {
  std::vector<std::string> names;
  for (const Scenario& scenario : all_scenarios(quick)) names.push_back(scenario.name);
  return names;
}

// What is wrong before anything is played.
std::string unusable(const CompareOptions& options) {
  if (!fs::is_directory(options.peers)) return "there is no folder " + options.peers + " (--peers)";
  const std::vector<std::string> known = scenario_names(options.quick);
  for (const std::string& name : options.only) {
    if (is_in(known, name)) continue;
    std::string wrong = "there is no scenario " + name + " (--only): ";
    for (const std::string& each : known) wrong.append(each == known.front() ? "" : ", ").append(each);
    return wrong;
  }
  for (const std::string& path : {options.json_path, options.html_path, options.readme_path}) {
    if (std::string wrong = unwritable(path); !wrong.empty()) return wrong;
  }
  return {};
}

// The results, which are written as they come: an interruption keeps all that was measured.
class Results {
 public:
  Results(const CompareOptions& options, const fs::path& scratch) : options_(options), all_(measured_before(options)) {
    all_["machine"] = machine(options, scratch);
    all_["quick"] = options.quick;
    if (!all_.contains("scenarios")) all_["scenarios"] = Json::object();
    if (!options.micro.empty()) add_micro(options.micro, all_);
  }

  // Replaces what there was of this name.
  const Json& add(const std::string& name, Json scenario) {
    if (std::ranges::find(measured_, name) == measured_.end()) measured_.push_back(name);
    Json& place = all_["scenarios"][name];
    place = std::move(scenario);
    write();
    return place;
  }
  // What was not measured this time is no longer of interest, unless --only left it out. Whether all is written.
  bool finish() {
    if (options_.only.empty()) {
      Json scenarios = Json::object();
      for (const std::string& name : measured_) scenarios[name] = std::move(all_["scenarios"][name]);
      all_["scenarios"] = std::move(scenarios);
    }
    const bool is_written = write();
    return write_readme(options_.readme_path, all_) && is_written;
  }
  // What an interruption in this has left; empty: before there was anything to lose.
  std::string left(const std::string& interrupted_in) const {
    std::string text =
        interrupted_in.empty() ? "interrupted" : "interrupted in " + interrupted_in + ", of which nothing is kept";
    if (measured_.empty()) return text + "; nothing was measured before it";
    text += "; " + options_.json_path + " has what was measured before it: ";
    for (const std::string& name : measured_) text += (name == measured_.front() ? "" : ", ") + name;
    return text;
  }
  bool has_all() const {
    return std::ranges::all_of(measured_, [this](const std::string& name) {
      return all_.at("scenarios").at(name).at("not_measured").empty();
    });
  }

 private:
  bool write() {
    const bool has_json = write_file(options_.json_path, all_.dump(1) + "\n");
    return write_file(options_.html_path, html_page(all_)) && has_json;
  }

  const CompareOptions& options_;
  Json all_;
  std::vector<std::string> measured_;  // this time, in order
};

// What kept a comparison from playing all.
struct Obstacle {
  std::string wrong;           // empty: nothing
  std::string interrupted_in;  // empty: nothing was being played
};

Obstacle play_scenarios(const CompareOptions& options, const fs::path& scratch, Results& results) {
  Stage stage(here(), options.media, scratch, options.quick);
  if (std::string wrong = stage.prepare(); !wrong.empty()) return {.wrong = std::move(wrong), .interrupted_in = {}};
  double took = 0;
  for (const Scenario& scenario : all_scenarios(options.quick)) {
    if (!is_in(options.only, scenario.name)) continue;
    Json played = play(scenario, options, stage);
    if (interrupted_by() != 0) return {.wrong = {}, .interrupted_in = scenario.name};
    const Json& result = results.add(scenario.name, std::move(played));
    took += result.at("took_s").get<double>();
    std::printf("%s  (%.0f s, all %.0f s)\n", terminal_table(scenario.name, result).c_str(),
                result.at("took_s").get<double>(), took);
    std::fflush(stdout);
  }
  return {};
}

Obstacle play_plan(const CompareOptions& options, const fs::path& scratch, Results& results) {
  auto read = read_plan(options.plan);
  if (auto* const wrong = std::get_if<std::string>(&read)) return {.wrong = std::move(*wrong), .interrupted_in = {}};
  Plan& plan = std::get<Plan>(read);
  if (std::string wrong = uncomparable(plan); !wrong.empty()) {
    return {.wrong = options.plan + ": " + wrong, .interrupted_in = {}};
  }
  plan.start_origin->media = options.media;
  const auto keep = [&](Json so_far) { results.add(plan.name, std::move(so_far)); };
  auto played = compare_rehearsals(plan, options, scratch, keep);
  if (auto* const wrong = std::get_if<std::string>(&played)) return {.wrong = std::move(*wrong), .interrupted_in = {}};
  Compared& compared = std::get<Compared>(played);
  const bool is_whole = compared.interrupted_in.empty();
  if (is_whole || !compared.result["peers"].empty()) std::printf("\n%s", plan_table(compared.result).c_str());
  std::fflush(stdout);
  if (is_whole) results.add(plan.name, std::move(compared.result));
  return {.wrong = {}, .interrupted_in = std::move(compared.interrupted_in)};
}

}  // namespace

int run_compare(const CompareOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  if (std::string wrong = unusable(options); !wrong.empty()) {
    std::fprintf(stderr, "levee-bench: %s\n", wrong.c_str());
    return 2;
  }
  heed_interruption();
  const Scratch scratch;
  std::error_code error;
  CompareOptions absolute = options;
  absolute.levee = fs::absolute(options.levee, error);
  Results results(absolute, scratch.path());
  const auto [wrong, interrupted_in] = options.plan.empty() ? play_scenarios(absolute, scratch.path(), results)
                                                            : play_plan(absolute, scratch.path(), results);
  const int signal = interrupted_by();
  if (signal != 0 || !wrong.empty()) {
    std::fprintf(stderr, "levee-bench: %s\n", (signal != 0 ? results.left(interrupted_in) : wrong).c_str());
    return signal != 0 ? 128 + signal : 2;
  }
  return results.finish() && results.has_all() ? 0 : 1;
}

}  // namespace levee::bench
