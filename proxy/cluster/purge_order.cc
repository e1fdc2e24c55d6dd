#include "proxy/cluster/purge_order.h"

#include <algorithm>
#include <array>

namespace levee {
namespace {

constexpr std::array<std::string_view, 3> kNames{"key", "tag", "prefix"};

// The text up to the next line feed, which is in no word: fields and request lines cannot have one.
std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

std::string_view name_of(PurgeOrder::By by) {
  return kNames[static_cast<size_t>(by)];
}

std::string format_order(const PurgeOrder& order) {
  std::string text(name_of(order.by));
  text.append(order.soft ? "\nsoft\n" : "\nhard\n").append(order.zone);
  for (const std::string& word : order.words) text.append("\n").append(word);
  return text;
}

std::optional<PurgeOrder> parse_order(std::string_view text) {
  PurgeOrder order;
  const std::string_view name = take_line(text);
  const auto known = std::ranges::find(kNames, name);
  if (known == kNames.end()) return std::nullopt;
  order.by = static_cast<PurgeOrder::By>(known - kNames.begin());
  const std::string_view how = take_line(text);
  if (how != "soft" && how != "hard") return std::nullopt;
  order.soft = how == "soft";
  order.zone = take_line(text);
  if (order.by != PurgeOrder::By::kTag) {
    order.words.emplace_back(text);
    return order;
  }
  while (!text.empty()) order.words.emplace_back(take_line(text));
  if (order.words.empty()) return std::nullopt;
  return order;
}

bool covers(const PurgeOrder& order, std::string_view zone, std::string_view key) {
  if (order.zone != zone || order.by == PurgeOrder::By::kTag) return false;
  return order.by == PurgeOrder::By::kKey ? key == order.words[0] : key.starts_with(order.words[0]);
}

Purged apply(const PurgeOrder& order, Store& store, int64_t now) {
  Purged purged;
  switch (order.by) {
    case PurgeOrder::By::kKey:
      purged.count = store.purge(KeyView(order.words[0]), order.soft, now);
      return purged;
    case PurgeOrder::By::kTag:
      purged.ban = store.ban({hashed(order.words), "", order.soft}, now);
      break;
    case PurgeOrder::By::kPrefix:
      purged.ban = store.ban({{}, order.words[0], order.soft}, now);
      break;
  }
  purged.refused = purged.ban == nullptr;
  return purged;
}

}  // namespace levee
