#include "bench/rehearse/plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "bench/origin/command.h"
#include "conf/tree.h"
#include "conf/value.h"

namespace levee::bench {
namespace {

using Words = std::vector<std::string>;
using Milliseconds = Plan::Milliseconds;
// Applies one line to the plan; says what is wrong, or nothing.
using Set = std::string (*)(const Words& words, Plan& plan);

constexpr Milliseconds kLongest = std::chrono::hours(1);
constexpr uint32_t kMostViewers = 200'000;
constexpr uint32_t kMostRequests = 10'000'000;
constexpr uint32_t kMostNodes = 16;

std::string invalid(std::string_view word) {
  return "invalid value \"" + std::string(word) + "\"";
}

std::optional<double> decimal(std::string_view word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return std::isfinite(value) && value >= 0 ? std::optional(value) : std::nullopt;  // it reads "nan" and "inf"
}

// "400k", "2.5m", "1g": bits a second.
std::optional<uint64_t> bits(std::string_view word) {
  double unit = 1;
  if (word.ends_with('k')) unit = 1e3;
  if (word.ends_with('m')) unit = 1e6;
  if (word.ends_with('g')) unit = 1e9;
  if (unit > 1) word.remove_suffix(1);
  const auto value = decimal(word);
  if (!value || *value * unit < 1 || *value * unit > 1e12) return std::nullopt;
  return static_cast<uint64_t>(*value * unit);
}

std::optional<Milliseconds> some_time(std::string_view word) {
  const auto value = conf::duration(word);
  return value && value->count() > 0 && *value <= kLongest ? value : std::nullopt;
}

// What can stand in a request's first line.
bool is_path(std::string_view word) {
  return word.starts_with('/') && std::ranges::all_of(word, [](unsigned char c) { return c > ' ' && c != 0x7f; });
}

std::optional<std::string> some_path(std::string_view word) {
  return is_path(word) ? std::optional(std::string(word)) : std::nullopt;
}

// Reads word 1 into a member of what `part` finds.
template <auto part, auto member, auto read>
std::string one(const Words& words, Plan& plan) {
  const auto value = read(words[1]);
  if (!value) return invalid(words[1]);
  auto& field = part(plan).*member;
  using Field = std::remove_reference_t<decltype(field)>;
  if constexpr (std::is_same_v<std::decay_t<decltype(*value)>, Milliseconds> && std::is_arithmetic_v<Field>) {
    field = static_cast<Field>(value->count());
  } else {
    field = static_cast<Field>(*value);
  }
  return {};
}
// Reads all words after the name into a list.
template <auto part, auto member, auto read>
std::string several(const Words& words, Plan& plan) {
  auto& list = part(plan).*member;
  list.clear();
  for (size_t i = 1; i < words.size(); ++i) {
    const auto value = read(words[i]);
    if (!value) return invalid(words[i]);
    list.push_back(*value);
  }
  return {};
}

Plan& whole(Plan& plan) {
  return plan;
}
Plan::Deploy& deploy(Plan& plan) {
  return *plan.deploy;
}
OriginSetup& origin(Plan& plan) {
  return *plan.start_origin;
}
Capacity& capacity(Plan& plan) {
  return plan.start_origin->capacity;
}
Plan::Stream& stream(Plan& plan) {
  return plan.stream;
}
ViewerModel& player(Plan& plan) {
  return plan.player;
}

std::string set_target(const Words& words, Plan& plan) {
  for (size_t i = 1; i < words.size(); ++i) {
    const auto target = parse_target(words[i]);
    if (!target || !is_path(target->path)) return "not a URL with a literal address: \"" + words[i] + "\"";
    plan.targets.push_back(*target);
  }
  return {};
}

std::string set_origin(const Words& words, Plan& plan) {
  plan.origin = parse_target(words[1]);
  return plan.origin ? "" : "not a URL with a literal address: \"" + words[1] + "\"";
}

std::string set_nodes(const Words& words, Plan& plan) {
  const auto nodes = conf::count(words[1]);
  if (!nodes) return invalid(words[1]);
  plan.deploy->nodes = *nodes;
  return *nodes > kMostNodes ? "at most 16 nodes" : "";
}

std::string set_conf(const Words& words, Plan& plan) {
  plan.deploy->conf = (std::filesystem::path(plan.file).parent_path() / words[1]).string();
  return std::filesystem::is_regular_file(plan.deploy->conf) ? "" : "there is no file " + plan.deploy->conf;
}

std::string set_bitrate(const Words& words, Plan& plan) {
  std::string wrong = several<stream, &Plan::Stream::bitrates, bits>(words, plan);
  std::sort(plan.stream.bitrates.begin(), plan.stream.bitrates.end());
  return wrong;
}

std::string set_retry(const Words& words, Plan& plan) {
  const auto first = some_time(words[1]);
  const auto most = some_time(words[2]);
  if (!first || !most || *most < *first) return invalid(words[1] + " " + words[2]);
  plan.player.retry_first_ms = first->count();
  plan.player.retry_most_ms = most->count();
  return {};
}

// "at=1s": the value after the name; nothing when it is another parameter.
std::optional<std::string_view> parameter(std::string_view word, std::string_view name) {
  return word.starts_with(name) ? std::optional(word.substr(name.size())) : std::nullopt;
}

// Reads a time into milliseconds; false when `word` is not this parameter or no time.
template <typename Number>
bool read_time(std::string_view word, std::string_view name, Number& into) {
  const auto text = parameter(word, name);
  const auto value = text ? conf::duration(*text) : std::nullopt;
  if (value && *value <= kLongest) into = Number(value->count());
  return value && *value <= kLongest;
}

std::string set_viewers(const Words& words, Plan& plan) {
  static const std::map<std::string_view, Arrival::Shape> kShapes = {
      {"step", Arrival::Shape::kStep},   {"ramp", Arrival::Shape::kRamp},     {"flash", Arrival::Shape::kFlash},
      {"drift", Arrival::Shape::kDrift}, {"rejoin", Arrival::Shape::kRejoin}, {"leave", Arrival::Shape::kLeave}};
  const auto shape = kShapes.find(words[1]);
  if (shape == kShapes.end()) return "viewers come as step, ramp, flash, drift, rejoin or leave";
  Arrival arrival{.shape = shape->second};
  const auto count = conf::some(words[2]);
  const auto share = conf::ratio(words[2]);
  const bool is_share = arrival.shape == Arrival::Shape::kRejoin || arrival.shape == Arrival::Shape::kLeave;
  if (is_share ? !share : !count || *count > kMostViewers) return invalid(words[2]);
  if (is_share) {
    arrival.share = *share;
  } else {
    arrival.count = *count;
  }
  const bool is_step = arrival.shape == Arrival::Shape::kStep;
  const bool is_rejoin = arrival.shape == Arrival::Shape::kRejoin;
  for (size_t i = 3; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool known = read_time(word, "at=", arrival.at_ms) ||
                       (!is_step && read_time(word, "over=", arrival.over_ms)) ||
                       (!is_share && read_time(word, "stay=", arrival.stay_ms)) ||
                       (is_rejoin && read_time(word, "away=", arrival.away_ms));
    if (!known) return "invalid parameter \"" + word + "\" of " + words[1];
  }
  if (!is_step && !is_share && arrival.over_ms == 0) return "who come as " + words[1] + " need an over=";
  plan.arrivals.push_back(arrival);
  return {};
}

// header NAME VALUE;   as proxy_set_header: instead of the field that there is, or with "" without it
std::string set_header(const Words& words, Plan& plan) {
  const std::string line = words[1] + ": " + words[2];
  if (!is_request_field(line)) return "no field of a request: \"" + line + "\"";
  plan.player.fields = with_fields(plan.player.fields, line + "\r\n");
  return {};
}

std::string set_requests(const Words& words, Plan& plan) {
  Plan::Requests requests;
  const auto count = conf::some(words[1]);
  if (!count || *count > kMostRequests) return invalid(words[1]);
  requests.count = *count;
  for (size_t i = 2; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (read_time(word, "at=", requests.at) || read_time(word, "over=", requests.over)) continue;
    if (const auto path = parameter(word, "path="); path && is_path(*path)) {
      requests.path = *path;
      constexpr std::string_view kNumber = "$number";
      if (const size_t at = requests.path.find(kNumber); at != std::string::npos) {
        requests.path.replace(at, kNumber.size(), "{}");
      }
    } else if (const auto objects = parameter(word, "objects="); objects && conf::some(*objects)) {
      requests.objects = *conf::some(*objects);
    } else if (const auto field = parameter(word, "field="); field && is_request_field(*field)) {
      requests.fields.append(*field).append("\r\n");
    } else {
      return "invalid parameter \"" + words[i] + "\"";
    }
  }
  if (requests.path.empty()) return "requests need a path=";
  plan.requests.push_back(requests);
  return {};
}

std::string set_fault(const Words& words, Plan& plan) {
  static const std::map<std::string_view, Deployment::Act> kActs = {{"start", Deployment::Act::kStart},
                                                                    {"stop", Deployment::Act::kStop},
                                                                    {"kill", Deployment::Act::kKill},
                                                                    {"freeze", Deployment::Act::kFreeze},
                                                                    {"thaw", Deployment::Act::kThaw}};
  const auto at = conf::duration(words[1]);
  if (!at) return invalid(words[1]);
  Plan::Fault fault{.at = *at, .what = {}, .words = words[2]};
  for (size_t i = 3; i < words.size(); ++i) fault.words += " " + words[i];
  if (words[2] == "origin") {
    const auto command = read_command({words.begin() + 3, words.end()});
    if (const auto* const wrong = std::get_if<std::string>(&command)) return *wrong;
    fault.what = Plan::Fault::OfOrigin{std::get<OriginCommand>(command).target()};
  } else if (const auto act = kActs.find(words[2]); act != kActs.end() && words.size() == 4) {
    fault.what = Plan::Fault::OfServer{act->second, words[3]};
  } else {
    return "a fault is origin and what it is told, or start, stop, kill, freeze or thaw and a server";
  }
  plan.faults.push_back(std::move(fault));
  return {};
}

std::string set_promise(const Words& words, Plan& plan) {
  const auto measure = measure_named(words[1]);
  if (!measure) return "unknown promise \"" + words[1] + "\"";
  std::optional<double> most;
  switch (kMeasures[*measure].unit) {
    case Unit::kTime:
      if (const auto value = conf::duration(words[2])) most = static_cast<double>(value->count());
      break;
    case Unit::kShare:
      most = conf::ratio(words[2]);
      break;
    case Unit::kNumber:
      most = decimal(words[2]);
      break;
  }
  if (!most) return invalid(words[2]);
  plan.promises.push_back({.measure = *measure, .most = *most});
  return {};
}

struct Row {
  std::string_view block, name;
  size_t least, most;  // words after the name
  Set set;
};
constexpr size_t kMany = 99;
constexpr std::array kRows{
    Row{"", "about", 1, 1, one<whole, &Plan::about, conf::text>},
    Row{"", "target", 1, kMany, set_target},
    Row{"", "host", 1, 1, one<whole, &Plan::host, parse_host>},
    Row{"", "header", 2, 2, set_header},
    Row{"", "origin", 1, 1, set_origin},
    Row{"", "path", 1, 1, one<whole, &Plan::path, some_path>},
    Row{"", "duration", 1, 1, one<whole, &Plan::duration, some_time>},
    Row{"", "connections", 1, 1, one<whole, &Plan::connections, conf::some>},
    Row{"", "seed", 1, 1, one<whole, &Plan::seed, conf::count>},
    Row{"", "viewers", 2, kMany, set_viewers},
    Row{"", "requests", 2, kMany, set_requests},
    Row{"", "fault", 3, kMany, set_fault},
    Row{"", "promise", 2, 2, set_promise},
    Row{"deploy", "nodes", 1, 1, set_nodes},
    Row{"deploy", "conf", 1, 1, set_conf},
    Row{"deploy", "redis", 1, 1, one<deploy, &Plan::Deploy::redis, conf::flag>},
    Row{"origin", "slots", 1, 1, one<capacity, &Capacity::slots, conf::count>},
    Row{"origin", "service", 1, 1, one<capacity, &Capacity::service_ms, conf::duration>},
    Row{"origin", "queue", 1, 1, one<capacity, &Capacity::queue, conf::count>},
    Row{"origin", "collapse_past", 1, 1, one<capacity, &Capacity::collapse_past, conf::count>},
    Row{"origin", "first_byte", 1, 1, one<origin, &OriginSetup::ttfb_ms, conf::duration>},
    Row{"origin", "rate", 1, 1, one<origin, &OriginSetup::rate, conf::bytes>},
    Row{"stream", "segment", 1, 1, one<stream, &Plan::Stream::segment, some_time>},
    Row{"stream", "part", 1, 1, one<stream, &Plan::Stream::part, some_time>},
    Row{"stream", "bitrate", 1, 10, set_bitrate},
    Row{"stream", "channels", 1, 1, one<stream, &Plan::Stream::channels, conf::some>},
    Row{"stream", "grows", 1, 1, one<stream, &Plan::Stream::grows, conf::flag>},
    Row{"player", "throughput", 1, 10, several<player, &ViewerModel::throughput, bits>},
    Row{"player", "buffer", 1, 1, one<player, &ViewerModel::buffer_ms, some_time>},
    Row{"player", "start", 1, 1, one<player, &ViewerModel::start_segments, conf::some>},
    Row{"player", "behind", 1, 1, one<player, &ViewerModel::behind_edge, conf::some>},
    Row{"player", "retry", 2, 2, set_retry},
    Row{"player", "timeout", 1, 1, one<player, &ViewerModel::patience_ms, some_time>},
    Row{"player", "verify", 1, 1, one<player, &ViewerModel::verifies, conf::flag>},
};

std::string place(const conf::Place& place) {
  return (place.file ? *place.file : "") + ":" + std::to_string(place.line) + ": ";
}

// What the file has said so far.
using Seen = std::set<std::string, std::less<>>;

std::string duplicate(std::string_view name) {
  return "\"" + std::string(name) + "\" directive is duplicate";
}

std::string apply(const conf::Node& node, std::string_view block, Seen& seen, Plan& plan) {
  const auto row = std::find_if(kRows.begin(), kRows.end(),
                                [&](const Row& each) { return each.block == block && each.name == node.words[0]; });
  if (row == kRows.end() || node.is_block) {
    return place(node.place) + "unknown directive \"" + node.words[0] + "\"" +
           (block.empty() ? "" : " in \"" + std::string(block) + "\"");
  }
  const bool may_repeat = row->most == kMany || row->name == "promise" || row->name == "header";
  if (!may_repeat && !seen.emplace(row->name).second) return place(node.place) + duplicate(row->name);
  const size_t given = node.words.size() - 1;
  const std::string wrong = given < row->least || given > row->most
                                ? "invalid number of arguments in \"" + node.words[0] + "\""
                                : row->set(node.words, plan);
  if (!wrong.empty()) return place(node.place) + wrong;
  if (node.words[0] == "promise") plan.promises.back().line = node.place.line;
  if (node.words[0] == "fault") plan.faults.back().line = node.place.line;
  if (node.words[0] == "viewers") plan.arrivals.back().line = node.place.line;
  if (node.words[0] == "requests") plan.requests.back().line = node.place.line;
  return {};
}

std::string check(const Plan::Stream& stream) {
  if (stream.bitrates.empty() &&
      (stream.channels > 1 || stream.part.count() > 0 || stream.segment != Milliseconds(2000))) {
    return "a stream of another shape than the film's needs a bitrate";
  }
  if (stream.part.count() > 0 && stream.segment.count() % stream.part.count() != 0) {
    return "a segment must hold a whole number of parts";
  }
  return {};
}

// What the lines of a block, each of them right, do not add up to.
std::string check_block(std::string_view name, const Seen& inside, const Plan& plan) {
  if (name == "deploy" && plan.deploy->nodes > 0 && plan.deploy->conf.empty())
    return "deploy needs a conf for its nodes";
  if (name == "origin" && plan.start_origin->capacity.slots == 0 &&
      (inside.contains("service") || inside.contains("queue") || inside.contains("collapse_past"))) {
    return std::string(kWithoutSlots);
  }
  return name == "stream" ? check(plan.stream) : "";
}

std::string apply_block(const conf::Node& node, Seen& seen, Plan& plan) {
  const std::string& name = node.words[0];
  if (name == "deploy") plan.deploy = Plan::Deploy{};
  if (name == "origin") plan.start_origin.emplace();
  const bool known = std::any_of(kRows.begin(), kRows.end(), [&](const Row& row) { return row.block == name; });
  if (!known || node.words.size() > 1) return place(node.place) + "unknown block \"" + name + "\"";
  if (!seen.insert(name + " {").second) return place(node.place) + duplicate(name);
  Seen seen_inside;
  for (const conf::Node& child : node.children) {
    if (std::string wrong = apply(child, name, seen_inside, plan); !wrong.empty()) return wrong;
  }
  const std::string wrong = check_block(name, seen_inside, plan);
  return wrong.empty() ? "" : place(node.place) + wrong;
}

bool starts(const Plan& plan, std::string_view server) {
  if (server == "origin") return true;
  if (server == "redis") return plan.deploy->redis;
  for (uint32_t i = 1; i <= plan.deploy->nodes; ++i) {
    if (server == "node" + std::to_string(i)) return true;
  }
  return false;
}

// What the faults have made of each server so far; one that is not here runs.
enum class State : unsigned char { kRuns, kFrozen, kGone };
using States = std::map<std::string, State, std::less<>>;

// Changes the state; says why the act would change nothing.
std::string act_on(State& state, Deployment::Act act) {
  const State before = state;
  switch (act) {
    case Deployment::Act::kStart:
      state = State::kRuns;
      return before == State::kGone ? "" : "runs already then";
    case Deployment::Act::kStop:
    case Deployment::Act::kKill:
      state = State::kGone;
      return before == State::kGone ? "does not run then" : "";
    case Deployment::Act::kFreeze:
      state = State::kFrozen;
      return before == State::kRuns ? "" : before == State::kGone ? "does not run then" : "is frozen already then";
    case Deployment::Act::kThaw:
      state = State::kRuns;
      return before == State::kFrozen ? "" : "is not frozen then";
  }
  return {};
}

// To be asked of all faults in order of time.
std::string check(const Plan::Fault& fault, const Plan& plan, States& states) {
  if (fault.at >= plan.duration) return "the plan is over when this fault is to strike";
  if (std::holds_alternative<Plan::Fault::OfOrigin>(fault.what)) {
    return plan.deploy || plan.origin ? "" : "the plan names no origin that could be told";
  }
  const auto& [act, server] = std::get<Plan::Fault::OfServer>(fault.what);
  if (!plan.deploy) return "only servers that the plan deploys can be struck";
  if (!starts(plan, server)) return "there is no \"" + server + "\"";
  const std::string wrong = act_on(states[server], act);
  return wrong.empty() ? "" : server + " " + wrong;
}

// Of those who leave, and perhaps come back: some must be there, and time to come back.
std::string check_leaving(const Arrival& arrival, const Plan& plan) {
  const bool returns = arrival.shape == Arrival::Shape::kRejoin;
  if (!returns && arrival.shape != Arrival::Shape::kLeave) return {};
  const bool somebody = std::ranges::any_of(
      plan.arrivals, [&arrival](const Arrival& other) { return other.count > 0 && other.at_ms < arrival.at_ms; });
  if (!somebody) return "nobody watches yet who could leave";
  const Milliseconds back(arrival.at_ms + arrival.away_ms);
  if (returns && back >= plan.duration) return "the plan is over when they are to come back";
  const Milliseconds last(arrival.at_ms + arrival.away_ms + arrival.over_ms);
  if (last <= plan.duration) return {};
  return returns ? "the plan is over before all are back" : "the plan is over before all have left";
}

// Of those who come: `over` from `at` on.
std::string check_coming(Milliseconds at, Milliseconds over, const Plan& plan) {
  if (at >= plan.duration) return "the plan is over when they are to come";
  return at + over > plan.duration ? "the plan is over before all have come" : "";
}

// What simulated viewers cannot play: nothing where they can.
std::string unplayable(const Plan& plan) {
  std::vector<std::string_view> paths = {plan.path};
  for (const Target& target : plan.targets) paths.emplace_back(target.path);
  for (const std::string_view path : paths) {
    if (!path.substr(0, path.find('?')).ends_with(".mpd")) continue;
    return "viewers play HLS, and no DASH: \"" + std::string(path) + "\"";
  }
  return {};
}

// The capacity that faults change: none of them may ask for what an origin of the plan's own refuses.
std::string check_capacity(const Plan::Fault& fault, const Plan& plan, Capacity& capacity) {
  if (!plan.start_origin) return {};
  const auto* const of_server = std::get_if<Plan::Fault::OfServer>(&fault.what);
  const bool restarts =
      of_server != nullptr && of_server->name == "origin" && of_server->act == Deployment::Act::kStart;
  if (restarts) capacity = plan.start_origin->capacity;
  const auto* const of_origin = std::get_if<Plan::Fault::OfOrigin>(&fault.what);
  if (of_origin == nullptr) return {};
  const auto command = std::get<OriginCommand>(read_command(of_origin->command));
  return command.what == "capacity" ? change(capacity, command, plan.start_origin->capacity) : "";
}

// What could not happen before the plan is over, or at all: a plan without it may hold that should not. The line, and
// what is wrong with it.
std::pair<int, std::string> check_times(const Plan& plan) {
  Capacity capacity = plan.start_origin ? plan.start_origin->capacity : Capacity{};
  States states;
  for (const Plan::Fault& fault : plan.faults) {
    std::string wrong = check(fault, plan, states);
    if (wrong.empty()) wrong = check_capacity(fault, plan, capacity);
    if (!wrong.empty()) return {fault.line, std::move(wrong)};
  }
  for (const Arrival& arrival : plan.arrivals) {
    std::string wrong = check_leaving(arrival, plan);
    if (wrong.empty()) wrong = unplayable(plan);
    if (wrong.empty()) wrong = check_coming(Milliseconds(arrival.at_ms), Milliseconds(arrival.over_ms), plan);
    if (!wrong.empty()) return {arrival.line, std::move(wrong)};
  }
  for (const Plan::Requests& requests : plan.requests) {
    std::string wrong = check_coming(requests.at, requests.over, plan);
    if (!wrong.empty()) return {requests.line, std::move(wrong)};
  }
  return {};
}

// What one line alone cannot know.
std::string check(const Plan& plan) {
  if (plan.deploy.has_value() == !plan.targets.empty()) return "a plan has either a target or a deploy block";
  if (plan.deploy && !plan.start_origin) return "what is deployed needs an origin block";
  if (!plan.deploy && plan.start_origin) return "an origin block needs a deploy block";
  if (plan.start_origin && plan.origin) return "the origin is either one that runs already or one to be started";
  if (plan.arrivals.empty() && plan.requests.empty()) return "nobody comes: neither viewers nor requests";
  if (plan.promises.empty()) return "no promise";
  const uint32_t viewers = viewers_in(schedule(plan.arrivals, plan.seed));
  return viewers > kMostViewers ? "more than 200000 viewers" : "";
}

}  // namespace

std::string Plan::Stream::path(uint32_t channel) const {
  if (bitrates.empty()) return grows ? "/live-chunked/index.m3u8" : "/live/index.m3u8";
  const std::string shape =
      "x" + std::to_string(segment.count()) + (part.count() > 0 ? "x" + std::to_string(part.count()) : std::string());
  std::string sizes;
  for (const uint64_t bitrate : bitrates) {
    const uint64_t bytes = std::max<uint64_t>(bitrate * static_cast<uint64_t>(segment.count()) / 8000, 1);
    sizes += (sizes.empty() ? "" : ",") + std::to_string(bytes);
  }
  return std::string(bitrates.size() > 1 ? "/ladder" : "/sim") + (grows ? "-chunked/" : "/") + sizes + shape + "/c" +
         std::to_string(channel) + "/index.m3u8";
}

std::string Plan::playlist(uint32_t viewer) const {
  if (!path.empty()) return path;
  if (!targets.empty() && targets[viewer % targets.size()].path != "/") return targets[viewer % targets.size()].path;
  return stream.path(viewer % stream.channels);
}

bool Plan::needs_media() const {
  const auto is_film = [](std::string_view asked) { return asked.starts_with("/live"); };
  return (!arrivals.empty() && is_film(playlist(0))) ||
         std::ranges::any_of(requests, [&](const Requests& each) { return is_film(each.path); });
}

void Plan::scale(double factor) {
  const auto scaled = [factor](uint32_t count, uint32_t most) {
    return static_cast<uint32_t>(std::clamp(std::round(count * factor), 1.0, static_cast<double>(most)));
  };
  for (Arrival& arrival : arrivals) arrival.count = scaled(arrival.count, kMostViewers);
  for (Requests& each : requests) each.count = scaled(each.count, kMostRequests);
}

std::variant<Plan, std::string> parse_plan(const std::string& text, const std::string& file) {
  const auto tree = conf::parse_text(text, file, "");
  if (const auto* const error = std::get_if<conf::SyntaxError>(&tree)) return place(error->place) + error->text;
  Plan plan;
  plan.file = file;
  plan.name = std::filesystem::path(file).stem().string();
  Seen seen;
  for (const conf::Node& node : std::get<std::vector<conf::Node>>(tree)) {
    std::string wrong = node.is_block ? apply_block(node, seen, plan) : apply(node, "", seen, plan);
    if (!wrong.empty()) return wrong;
  }
  std::stable_sort(plan.faults.begin(), plan.faults.end(),
                   [](const Plan::Fault& a, const Plan::Fault& b) { return a.at < b.at; });
  if (const std::string wrong = check(plan); !wrong.empty()) return file + ": " + wrong;
  const auto [line, wrong] = check_times(plan);
  if (!wrong.empty()) return std::string(file).append(":").append(std::to_string(line)).append(": ").append(wrong);
  return plan;
}

std::variant<Plan, std::string> read_plan(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream || std::filesystem::is_directory(path)) return path + ": cannot be read";
  return parse_plan(std::string(std::istreambuf_iterator<char>(stream), {}), path);
}

}  // namespace levee::bench
