#include "proxy/client/recent_heads.h"

#include <algorithm>
#include <cstring>

namespace levee {

std::string_view RecentHeads::find(const Entry& entry, std::string_view origin, int64_t now) const {
  const Slot& slot = slots_[place(entry)];
  if (slot.address != &entry || now >= slot.until || slot.entry.expired()) return {};
  if (std::string_view(slot.bytes.data(), slot.origin_size) != origin) return {};
  return {slot.bytes.data() + slot.origin_size, slot.text_size};
}

void RecentHeads::keep(const std::shared_ptr<const Entry>& entry, std::string_view origin, int64_t now,
                       std::string_view text) {
  Slot& slot = slots_[place(*entry)];
  const int64_t left = entry->fresh_for(now);
  if (left < 0 || origin.size() + text.size() > slot.bytes.size()) return;
  slot.entry = entry;
  slot.address = entry.get();
  // Age is rounded down and grows, ttl is rounded down and falls.
  slot.until = now + std::min(1000 - entry->age(now) % 1000, left % 1000 + 1);
  slot.origin_size = static_cast<uint16_t>(origin.size());
  slot.text_size = static_cast<uint16_t>(text.size());
  std::memcpy(slot.bytes.data(), origin.data(), origin.size());
  std::memcpy(slot.bytes.data() + origin.size(), text.data(), text.size());
}

}  // namespace levee
