#include "bench/origin/least.h"

#include <algorithm>
#include <charconv>

namespace levee::bench {
namespace {
constexpr int64_t kMoment = 1000;
constexpr int64_t kShortest = 100;  // of an answer that is not to be kept at all: who asks at the same time shares it
}  // namespace

int64_t lifetime_ms(std::string_view fields, bool is_good) {
  constexpr std::string_view kWord = "max-age=";
  const size_t at = fields.find(kWord);
  if (!is_good || at == std::string_view::npos) return kMoment;
  int64_t seconds = 0;
  std::from_chars(fields.data() + at + kWord.size(), fields.data() + fields.size(), seconds);
  return std::max(seconds * 1000, kShortest);
}

// A tenth is for clocks that differ.
bool LeastRequests::needs(const std::string& target, int64_t lifetime, int64_t now) {
  const auto [renewed, is_new] = renewed_ms_.try_emplace(target, now);
  if (!is_new && now - renewed->second < lifetime * 9 / 10) return false;
  renewed->second = now;
  return true;
}

}  // namespace levee::bench
