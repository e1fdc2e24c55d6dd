#include "proxy/net/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace levee {
namespace {

std::array<unsigned char, 32> digest_of(std::string_view text) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

}  // namespace

std::optional<Secret> Secret::read(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  const size_t first = line.find_first_not_of(" \t\r"), last = line.find_last_not_of(" \t\r");
  if (first == std::string::npos) return std::nullopt;
  line = line.substr(first, last - first + 1);
  const bool fits = std::ranges::all_of(line, [](char c) { return static_cast<unsigned char>(c) >= 32 && c != 127; });
  return fits ? std::optional(Secret(std::move(line))) : std::nullopt;
}

Secret::Secret(std::string text) : text_(std::move(text)), digest_(digest_of(text_)) {}

bool Secret::is(std::string_view offered) const {
  const auto theirs = digest_of(offered);
  return CRYPTO_memcmp(digest_.data(), theirs.data(), theirs.size()) == 0;
}

}  // namespace levee
