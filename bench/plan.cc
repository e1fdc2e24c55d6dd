#include "bench/plan.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "conf/tree.h"
#include "conf/value.h"

namespace levee::bench {
namespace {

enum class Unit : unsigned char { kTime, kShare, kNumber };
struct PromiseRow {
  std::string_view name;
  Unit unit;
};
constexpr std::array kPromises{
    PromiseRow{"start_up_p99", Unit::kTime},
    PromiseRow{"segment_first_byte_p99", Unit::kTime},
    PromiseRow{"stalled_viewers", Unit::kShare},
    PromiseRow{"stall_time", Unit::kShare},
    PromiseRow{"errors", Unit::kShare},
    PromiseRow{"not_started", Unit::kShare},
    PromiseRow{"origin_amplification", Unit::kNumber},
    PromiseRow{"origin_concurrency", Unit::kNumber},
};

std::string read_promise(const std::vector<std::string>& words, Plan& plan) {
  if (words.size() != 3) return "promise takes a name and a value";
  for (const PromiseRow& row : kPromises) {
    if (row.name != words[1]) continue;
    const auto time = conf::duration(words[2]);
    const auto share = conf::ratio(words[2]);
    const auto number = conf::count(words[2]);
    const bool good = row.unit == Unit::kTime    ? time.has_value()
                      : row.unit == Unit::kShare ? share.has_value()
                                                 : number.has_value();
    if (!good) return "invalid value \"" + words[2] + "\"";
    const double most = row.unit == Unit::kTime    ? static_cast<double>(time->count())
                        : row.unit == Unit::kShare ? *share
                                                   : *number;
    plan.promises.push_back({words[1], most, words[1] + " " + words[2]});
    return {};
  }
  return "unknown promise \"" + words[1] + "\"";
}

std::string read_viewers(const std::vector<std::string>& words, Plan& plan) {
  Plan::Arrival arrival;
  const auto count = words.size() > 1 ? conf::count(words[1]) : std::nullopt;
  if (!count) return "viewers takes a number";
  arrival.count = *count;
  for (size_t i = 2; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const auto value = conf::duration(word.substr(std::min(word.find('=') + 1, word.size())));
    if (value && word.starts_with("at=")) {
      arrival.at = *value;
    } else if (value && word.starts_with("over=")) {
      arrival.over = *value;
    } else {
      return "invalid parameter \"" + words[i] + "\"";
    }
  }
  plan.arrivals.push_back(arrival);
  return {};
}

std::string read_line(const std::vector<std::string>& words, Plan& plan) {
  const std::string& name = words[0];
  if (name == "promise") return read_promise(words, plan);
  if (name == "viewers") return read_viewers(words, plan);
  if (name == "fault") {
    const auto at = words.size() == 3 ? conf::duration(words[1]) : std::nullopt;
    if (!at) return "fault takes a time and what the origin is told";
    plan.faults.push_back({*at, words[2]});
    return {};
  }
  if (words.size() != 2) return "invalid number of arguments in \"" + name + "\"";
  if (name == "target") {
    const auto target = parse_target(words[1]);
    if (!target) return "not a URL with a literal address: \"" + words[1] + "\"";
    plan.target = *target;
  } else if (name == "origin") {
    if (!parse_target(words[1])) return "not a URL with a literal address: \"" + words[1] + "\"";
    plan.origin = words[1];
  } else if (name == "duration") {
    const auto value = conf::duration(words[1]);
    if (!value || value->count() == 0) return "invalid value \"" + words[1] + "\"";
    plan.duration = *value;
  } else {
    return "unknown directive \"" + name + "\"";
  }
  return {};
}

}  // namespace

uint32_t Plan::viewers() const {
  uint32_t sum = 0;
  for (const Arrival& arrival : arrivals) sum += arrival.count;
  return sum;
}

std::variant<Plan, std::string> read_plan(const std::string& path) {
  const auto at = [](const conf::Place& place) {
    return (place.file ? *place.file : "") + ":" + std::to_string(place.line) + ": ";
  };
  const auto tree = conf::parse_file(path, "");
  if (const auto* const error = std::get_if<conf::SyntaxError>(&tree)) return at(error->place) + error->text;
  Plan plan;
  for (const conf::Node& node : std::get<std::vector<conf::Node>>(tree)) {
    if (const std::string wrong = read_line(node.words, plan); !wrong.empty()) return at(node.place) + wrong;
  }
  if (plan.target.authority.empty()) return path + ": no target";
  if (plan.viewers() == 0 || plan.viewers() > 9000) return path + ": 1 to 9000 viewers";
  return plan;
}

}  // namespace levee::bench
