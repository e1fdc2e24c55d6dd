#include "proxy/net/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

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
  std::string text;
  if (!std::getline(in, text) || text.empty()) return std::nullopt;
  return Secret(std::move(text));
}

Secret::Secret(std::string text) : text_(std::move(text)), digest_(digest_of(text_)) {}

bool Secret::is(std::string_view offered) const {
  const auto theirs = digest_of(offered);
  return CRYPTO_memcmp(digest_.data(), theirs.data(), theirs.size()) == 0;
}

}  // namespace levee
