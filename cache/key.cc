#include "cache/key.h"

#include <sys/random.h>

#include <array>
#include <chrono>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace levee {
namespace {

// At least XXH3_SECRET_SIZE_MIN random bytes; the clock only if the kernel has no randomness to give.
std::array<uint8_t, XXH3_SECRET_DEFAULT_SIZE> draw_secret() {
  std::array<uint8_t, XXH3_SECRET_DEFAULT_SIZE> secret{};
  if (getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) {
    const auto seed = static_cast<XXH64_hash_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    XXH3_generateSecret_fromSeed(secret.data(), seed);
  }
  return secret;
}
const std::array<uint8_t, XXH3_SECRET_DEFAULT_SIZE> secret = draw_secret();

}  // namespace

KeyHash hash_key(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits_withSecret(text.data(), text.size(), secret.data(), secret.size());
  return {hash.low64, hash.high64};
}

}  // namespace levee
