#include "bench/origin/faults.h"

#include <algorithm>
#include <array>

#include "conf/tree.h"
#include "conf/value.h"

namespace levee::bench {

std::optional<std::string> origin_command(const std::vector<std::string>& words) {
  constexpr std::array<std::string_view, 8> kKinds{"ok", "fail", "503", "hang", "reset", "cut", "slow", "zero"};
  if (words.empty() || std::find(kKinds.begin(), kKinds.end(), words[0]) == kKinds.end()) return std::nullopt;
  std::string command = words[0];
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const std::string_view name = word.substr(0, word.find('='));
    const std::string_view text = word.substr(std::min(name.size() + 1, word.size()));
    const auto time = name == "for" || name == "ttfb" ? conf::duration(text) : std::nullopt;
    const auto size = name == "after" || name == "rate" ? conf::bytes(text) : std::nullopt;
    if (!time && !size && !(name == "prefix" && text.starts_with('/'))) return std::nullopt;
    command += (i == 1 ? "?" : "&") + std::string(name) + "=";
    command += time ? std::to_string(time->count()) : size ? std::to_string(*size) : std::string(text);
  }
  return command;
}

std::variant<std::vector<ScriptedFault>, std::string> read_script(const std::string& path) {
  const auto wrong = [](const conf::Place& place, const std::string& text) {
    return place.file ? *place.file + ":" + std::to_string(place.line) + ": " + text : text;
  };
  const auto tree = conf::parse_file(path, "");
  if (const auto* const error = std::get_if<conf::SyntaxError>(&tree)) return wrong(error->place, error->text);
  std::vector<ScriptedFault> script;
  for (const conf::Node& node : std::get<std::vector<conf::Node>>(tree)) {
    const auto at = conf::duration(node.words[0]);
    const auto command = origin_command({node.words.begin() + 1, node.words.end()});
    if (!at || !command || node.is_block) return wrong(node.place, "a line is a time and what the origin is told");
    script.push_back({*at, *command});
  }
  return script;
}

}  // namespace levee::bench
