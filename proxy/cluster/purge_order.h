// One purge as it travels: what of which zone, in words that mean the same on every node.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/store.h"

namespace levee {

struct PurgeOrder {
  enum class By : uint8_t { kKey, kTag, kPrefix } by = By::kKey;
  bool soft = false;  // make stale rather than forget
  std::string zone;
  std::vector<std::string> words;  // kTag: any of these; else: the key, or what keys begin with
};

// "key", "tag", "prefix".
std::string_view name_of(PurgeOrder::By by);

// The order as a text, and back; nothing: it is none.
std::string format_order(const PurgeOrder& order);
std::optional<PurgeOrder> parse_order(std::string_view text);

// Whether it is of that key. By tag it is of none: tags are those of responses.
bool covers(const PurgeOrder& order, std::string_view zone, std::string_view key);

// What has come of an order on this node.
struct Purged {
  uint64_t count = 0;              // kKey: variants and flights
  std::shared_ptr<const Ban> ban;  // else: counts, and is done when a sweep has passed
  bool refused = false;            // too many are being carried out: nothing happened
};
// In force when this returns. now: ms.
Purged apply(const PurgeOrder& order, Store& store, int64_t now);

}  // namespace levee
