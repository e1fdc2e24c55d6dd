// What a response is stored under: the text of proxy_cache_key and a seeded 128-bit hash of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace levee {

struct KeyHash {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const KeyHash&) const = default;
};

// XXH3 with a secret drawn once a process, so that nobody outside can choose colliding keys. Look-ups compare the text
// too.
KeyHash hash_key(std::string_view text);

// A key as a request has it: views the caller's memory, costs no allocation.
struct KeyView {
  explicit KeyView(std::string_view key_text) : text(key_text), hash(hash_key(key_text)) {}
  std::string_view text;
  KeyHash hash;
};

}  // namespace levee
