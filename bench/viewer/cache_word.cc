#include "bench/viewer/cache_word.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace levee::bench {
namespace {

// Whether `is` holds for one of the parts of `list`, without the spaces around them.
template <typename Is>
bool any_of(std::string_view list, std::string_view between, Is is) {
  while (!list.empty()) {
    const size_t end = std::min(list.find_first_of(between), list.size());
    std::string_view part = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (is(part)) return true;
  }
  return false;
}

// "HIT", "Hit from cloudfront", "TCP_MEM_HIT", "hit-fresh", and nginx's words for copies past their time. What follows
// the first word is a server's name.
bool is_from_cache(std::string_view text) {
  std::string word(text.substr(0, text.find_first_of(" (;")));
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto has = [&word](std::string_view what) { return word.find(what) != std::string::npos; };
  return word == "stale" || word == "updating" || word == "revalidated" ||
         (has("hit") && !has("pass") && !has("stale"));  // ATS's hit-stale goes to the origin
}

}  // namespace

CacheWord cache_word(const ResponseHead& head) {
  if (const std::string_view status = head.field("Cache-Status"); !status.empty()) {
    const auto has = [status](std::string_view parameter) {
      return any_of(status, ",;", [parameter](std::string_view part) { return part == parameter; });
    };
    if (has("hit") || has("hit=?1")) return CacheWord::kHit;
    return has("collapsed") || has("collapsed=?1") ? CacheWord::kCollapsed : CacheWord::kMiss;
  }
  CacheWord word = CacheWord::kNone;
  for (const char* const name : {"X-Cache-Status", "CF-Cache-Status", "X-Cache"}) {
    const std::string_view value = head.field(name);
    if (any_of(value, ",", is_from_cache)) return CacheWord::kHit;
    if (!value.empty() && value != "-") word = CacheWord::kMiss;
  }
  return word;
}

}  // namespace levee::bench
