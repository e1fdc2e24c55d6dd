#include "cache/tags.h"

#include <algorithm>

#include "cache/key.h"

namespace levee {
namespace {

// Adds the parts of `value` between any of the `separators`.
void split(std::string_view value, std::string_view separators, std::vector<std::string>& names) {
  while (!value.empty()) {
    const size_t end = std::min(value.find_first_of(separators), value.size());
    const std::string_view part = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    const size_t first = part.find_first_not_of(" \t");
    if (first != std::string_view::npos) {
      names.emplace_back(part.substr(first, part.find_last_not_of(" \t") - first + 1));
    }
  }
}

}  // namespace

std::vector<std::string> tag_names(const Fields& fields) {
  std::vector<std::string> names;
  const auto add = [&](FieldId id, std::string_view separators) {
    for (size_t i = fields.first(id); i < fields.size(); i = fields.next(i)) split(fields[i].value, separators, names);
  };
  add(FieldId::kCacheTag, ",");
  add(FieldId::kSurrogateKey, " \t");
  return names;
}

Tags hashed(const std::vector<std::string>& names) {
  Tags tags;
  tags.reserve(names.size());
  for (const std::string& name : names) tags.push_back(hash_key(name).low);
  std::ranges::sort(tags);
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  tags.shrink_to_fit();
  return tags;
}

bool share_one(const Tags& a, const Tags& b) {
  for (auto left = a.begin(), right = b.begin(); left != a.end() && right != b.end();) {
    if (*left == *right) return true;
    *left < *right ? ++left : ++right;
  }
  return false;
}

}  // namespace levee
