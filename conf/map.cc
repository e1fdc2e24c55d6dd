// map: a variable whose value depends on another string.
#include <algorithm>
#include <cctype>

#include "conf/config.h"

namespace levee {
namespace {

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

}  // namespace

const Expression& Map::find(std::string_view value) const {
  std::string key(value);
  std::transform(key.begin(), key.end(), key.begin(), lower);
  if (hostnames && key.ends_with('.')) key.pop_back();
  if (const auto it = exact.find(key); it != exact.end()) return it->second;
  for (const auto& [suffix, result] : leading) {
    if (key.size() > suffix.size() && key.ends_with(suffix)) return result;
  }
  for (const auto& [start, result] : trailing) {
    if (key.size() > start.size() && key.starts_with(start)) return result;
  }
  for (const auto& [regex, result] : regexes) {
    if (regex.matches(value)) return result;
  }
  return otherwise;
}

bool Map::uses(Var id) const {
  const auto second_uses = [id](const auto& entry) { return entry.second.uses(id); };
  return source.uses(id) || otherwise.uses(id) || std::any_of(exact.begin(), exact.end(), second_uses) ||
         std::any_of(leading.begin(), leading.end(), second_uses) ||
         std::any_of(trailing.begin(), trailing.end(), second_uses) ||
         std::any_of(regexes.begin(), regexes.end(), second_uses);
}

}  // namespace levee
