#include "conf/value.h"

#include <charconv>
#include <limits>

namespace levee::conf {
namespace {

// Takes the digits off the front of `word`.
std::optional<uint64_t> take_number(std::string_view& word) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc()) return std::nullopt;
  word.remove_prefix(static_cast<size_t>(end - word.data()));
  return value;
}

struct Unit {
  std::string_view name;
  uint64_t milliseconds;
};
// The order in which they may follow each other. "ms" is tried before "m".
constexpr Unit kUnits[] = {{"y", 31'536'000'000}, {"M", 2'592'000'000}, {"w", 604'800'000},
                           {"d", 86'400'000},     {"h", 3'600'000},     {"ms", 1},
                           {"m", 60'000},         {"s", 1'000}};
// 292 thousand years: times are added to clocks and multiplied, and nothing of that may overflow.
constexpr uint64_t kMostMilliseconds = std::numeric_limits<int64_t>::max() / 1000;

const Unit* take_unit(std::string_view& word) {
  for (const Unit& unit : kUnits) {
    if (!word.starts_with(unit.name)) continue;
    word.remove_prefix(unit.name.size());
    return &unit;
  }
  return nullptr;
}

}  // namespace

std::optional<Milliseconds> duration(std::string_view word) {
  uint64_t total = 0;
  uint64_t last = std::numeric_limits<uint64_t>::max();
  if (word.empty()) return std::nullopt;
  while (!word.empty()) {
    const auto number = take_number(word);
    if (!number) return std::nullopt;
    uint64_t scale = 1'000;
    if (!word.empty()) {
      const Unit* unit = take_unit(word);
      if (unit == nullptr) return std::nullopt;
      scale = unit->milliseconds;
    }
    if (scale >= last || *number > (kMostMilliseconds - total) / scale) return std::nullopt;
    total += *number * scale;
    last = scale;
    while (word.starts_with(' ')) word.remove_prefix(1);
  }
  return Milliseconds(static_cast<int64_t>(total));
}

std::optional<uint64_t> bytes(std::string_view word) {
  const auto number = take_number(word);
  if (!number || word.size() > 1) return std::nullopt;
  unsigned shift = 0;
  if (!word.empty()) {
    switch (word[0]) {
      case 'k':
      case 'K':
        shift = 10;
        break;
      case 'm':
      case 'M':
        shift = 20;
        break;
      case 'g':
      case 'G':
        shift = 30;
        break;
      default:
        return std::nullopt;
    }
  }
  // What fits into a signed offset.
  if (*number > (static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) >> shift)) return std::nullopt;
  return *number << shift;
}

std::optional<bool> flag(std::string_view word) {
  if (word == "on") return true;
  if (word == "off") return false;
  return std::nullopt;
}

std::optional<uint32_t> count(std::string_view word) {
  const auto number = take_number(word);
  if (!number || !word.empty() || *number > std::numeric_limits<int32_t>::max()) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

std::optional<uint64_t> some_bytes(std::string_view word) {
  const auto value = bytes(word);
  return value && *value > 0 ? value : std::nullopt;
}

std::optional<uint32_t> some(std::string_view word) {
  const auto value = count(word);
  return value && *value > 0 ? value : std::nullopt;
}

std::optional<double> ratio(std::string_view word) {
  const bool percent = word.ends_with('%');
  if (percent) word.remove_suffix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  if (percent) value /= 100;
  if (!(value >= 0 && value <= 1)) return std::nullopt;
  return value;
}

std::optional<uint16_t> port_number(std::string_view word) {
  const auto number = count(word);
  if (!number || *number == 0 || *number > 65535) return std::nullopt;
  return static_cast<uint16_t>(*number);
}

std::optional<std::string> text(std::string_view word) {
  return std::string(word);
}

}  // namespace levee::conf
