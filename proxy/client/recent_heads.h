// What was written behind the stored fields of the entries sent last, for as long as it stays the same.
//
// At the live edge a worker sends the same few entries all the time, and what it adds to each (Age, Cache-Status, Via,
// Content-Length) changes once a second. No entry is kept alive. Loop thread only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "cache/entry.h"

namespace levee {

class RecentHeads {
 public:
  // `origin`: the host that was asked, which decides how much of the key is shown. Empty: it is to be written.
  // Valid until the next keep().
  std::string_view find(const Entry& entry, std::string_view origin, int64_t now) const;
  // `text` has no more in it than follows from the entry, the origin's name and the seconds of age and ttl.
  void keep(const std::shared_ptr<const Entry>& entry, std::string_view origin, int64_t now, std::string_view text);

 private:
  static constexpr size_t kSlots = 64;  // a power of two
  struct Slot {
    std::weak_ptr<const Entry> entry;  // expired: another may have its address
    const Entry* address = nullptr;
    int64_t until = 0;  // ms
    uint16_t origin_size = 0, text_size = 0;
    std::array<char, 400> bytes;  // the origin, the text
  };
  static size_t place(const Entry& entry) { return (reinterpret_cast<uintptr_t>(&entry) >> 6) % kSlots; }

  std::array<Slot, kSlots> slots_;
};

}  // namespace levee
