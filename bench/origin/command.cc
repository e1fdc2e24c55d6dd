#include "bench/origin/command.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "bench/origin/answer.h"
#include "conf/value.h"

namespace levee::bench {
namespace {

using Time = std::optional<conf::Milliseconds> (*)(std::string_view);

std::optional<conf::Milliseconds> plain_is_milliseconds(std::string_view word) {
  const auto number = conf::count(word);
  return number ? conf::Milliseconds(*number) : conf::duration(word);
}

const std::map<std::string_view, std::vector<std::string_view>>& arguments() {
  static const std::map<std::string_view, std::vector<std::string_view>> kArguments = {
      {"ok", {"prefix"}},
      {"fail", {"for", "prefix"}},
      {"503", {"for", "prefix"}},
      {"hang", {"for", "prefix"}},
      {"reset", {"for", "prefix", "after"}},
      {"cut", {"for", "prefix", "after"}},
      {"slow", {"for", "prefix", "ttfb", "rate"}},
      {"capacity", {"slots", "service", "queue", "collapse_past"}},
      {"zero", {}},
  };
  return kArguments;
}

std::optional<int64_t> read_number(std::string_view name, std::string_view text, Time time) {
  if (name == "for" || name == "ttfb" || name == "service") {
    const auto value = time(text);
    return value && value->count() <= kLongestMs ? std::optional<int64_t>(value->count()) : std::nullopt;
  }
  if (name == "after" || name == "rate") {
    const auto value = conf::bytes(text);
    return value && *value <= kMostBytes ? std::optional(static_cast<int64_t>(*value)) : std::nullopt;
  }
  const auto value = conf::count(text);
  return value ? std::optional<int64_t>(*value) : std::nullopt;
}

// What can stand in a request's line and be told from what follows it in a query.
bool is_prefix(std::string_view text) {
  return text.starts_with('/') && text.find_first_of("&?#") == std::string_view::npos &&
         std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c != 0x7f; });
}

// "for=5s". What is wrong with it, or nothing.
std::string read_argument(std::string_view word, Time time, OriginCommand& command) {
  const size_t sign = std::min(word.find('='), word.size());
  const std::string_view name = word.substr(0, sign);
  const std::string_view text = word.substr(std::min(sign + 1, word.size()));
  const auto& takes = arguments().at(command.what);
  if (std::ranges::find(takes, name) == takes.end()) {
    std::string all;
    for (const std::string_view each : takes) all.append(all.empty() ? ", only " : " ").append(each);
    return "\"" + command.what + "\" takes no \"" + std::string(word) + "\"" + all;
  }
  const bool is_path = name == "prefix" && is_prefix(text);
  const auto number = name == "prefix" ? std::nullopt : read_number(name, text, time);
  if (!is_path && !number) return "invalid value \"" + std::string(word) + "\"";
  const bool is_new = is_path ? command.prefix.empty() : command.numbers.emplace(name, *number).second;
  if (is_path) command.prefix = text;
  return is_new ? "" : "\"" + std::string(name) + "\" is there twice";
}

std::variant<OriginCommand, std::string> read(const std::vector<std::string>& words, Time time) {
  OriginCommand command{.what = words.empty() ? "" : words[0], .prefix = {}, .numbers = {}};
  if (!is_command(command.what)) return "the origin does not take \"" + command.what + "\"";
  for (size_t i = 1; i < words.size(); ++i) {
    if (std::string wrong = read_argument(words[i], time, command); !wrong.empty()) return wrong;
  }
  return command;
}

}  // namespace

std::optional<int64_t> OriginCommand::number(std::string_view name) const {
  const auto found = numbers.find(name);
  return found == numbers.end() ? std::nullopt : std::optional(found->second);
}

std::string OriginCommand::target() const {
  std::string query;
  for (const auto& [name, value] : numbers) {
    query.append(query.empty() ? "?" : "&").append(name).append("=").append(std::to_string(value));
  }
  if (!prefix.empty()) query.append(query.empty() ? "?" : "&").append("prefix=").append(prefix);
  return what + query;
}

std::string command_names() {
  std::string names;
  for (const auto& [name, takes] : arguments()) names.append(names.empty() ? "" : " ").append(name);
  return names;
}

bool is_command(std::string_view what) {
  return arguments().contains(what);
}

std::variant<OriginCommand, std::string> read_command(const std::vector<std::string>& words) {
  return read(words, conf::duration);
}

std::variant<OriginCommand, std::string> read_command(std::string_view target) {
  std::vector<std::string> words;
  for (char until = '?'; words.empty() || !target.empty(); until = '&') {
    const size_t end = std::min(target.find(until), target.size());
    words.emplace_back(target.substr(0, end));
    target.remove_prefix(std::min(end + 1, target.size()));
  }
  return read(words, plain_is_milliseconds);
}

std::string change(Capacity& capacity, const OriginCommand& command, const Capacity& at_start) {
  Capacity changed = command.numbers.empty() ? at_start : capacity;
  const auto set = [&command](std::string_view name, auto& field) {
    if (const auto value = command.number(name)) field = static_cast<std::remove_reference_t<decltype(field)>>(*value);
  };
  set("slots", changed.slots);
  set("service", changed.service_ms);
  set("queue", changed.queue);
  set("collapse_past", changed.collapse_past);
  const bool names_others = command.numbers.size() > command.numbers.count("slots");
  if (changed.slots == 0 && names_others) return std::string(kWithoutSlots);
  capacity = changed;
  return {};
}

}  // namespace levee::bench
