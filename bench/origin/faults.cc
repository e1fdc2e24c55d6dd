#include "bench/origin/faults.h"

#include <utility>

#include "conf/tree.h"
#include "conf/value.h"

namespace levee::bench {

std::variant<std::vector<ScriptedFault>, std::string> read_script(const std::string& path) {
  const auto wrong = [](const conf::Place& place, const std::string& text) {
    return place.file ? *place.file + ":" + std::to_string(place.line) + ": " + text : text;
  };
  const auto tree = conf::parse_file(path, "");
  if (const auto* const error = std::get_if<conf::SyntaxError>(&tree)) return wrong(error->place, error->text);
  std::vector<ScriptedFault> script;
  for (const conf::Node& node : std::get<std::vector<conf::Node>>(tree)) {
    const auto at = conf::duration(node.words[0]);
    const std::string shape = "a line is a time and what the origin is told";
    if (!at || *at > std::chrono::milliseconds(kLongestMs) || node.is_block) return wrong(node.place, shape);
    auto command = read_command({node.words.begin() + 1, node.words.end()});
    if (const auto* const why = std::get_if<std::string>(&command)) return wrong(node.place, shape + ": " + *why);
    script.push_back({*at, std::move(std::get<OriginCommand>(command))});
  }
  return script;
}

}  // namespace levee::bench
