#include "bench/origin/pattern.h"

#include <string>

namespace levee::bench {
namespace {

// A prime, so that no power-of-two mistake in an offset goes unseen.
constexpr uint64_t kPeriod = 1048573;

const std::string& table() {
  static const std::string bytes = [] {
    std::string made(kPeriod, '\0');
    uint64_t state = 1;
    for (char& byte : made) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      byte = static_cast<char>(state >> 56);
    }
    return made;
  }();
  return bytes;
}

// FNV-1a: the same in every build, as origin and client may be two programs.
uint64_t hash(std::string_view name) {
  uint64_t value = 14695981039346656037U;
  for (const char c : name) value = (value ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return value;
}

}  // namespace

bool is_generated(std::string_view path) {
  return path.starts_with("/object/") || path.starts_with("/sim/") || path.starts_with("/sim-chunked/");
}

Pattern::Pattern(std::string_view name) : seed_(hash(name) % kPeriod) {}

std::string_view Pattern::at(uint64_t offset) const {
  return std::string_view(table()).substr((seed_ + offset) % kPeriod);
}

bool Pattern::matches(uint64_t offset, std::string_view bytes) const {
  while (!bytes.empty()) {
    const std::string_view run = at(offset).substr(0, bytes.size());
    if (bytes.substr(0, run.size()) != run) return false;
    offset += run.size();
    bytes.remove_prefix(run.size());
  }
  return true;
}

}  // namespace levee::bench
