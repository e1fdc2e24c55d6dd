// Ticket keys from files, or drawn by the process.
#include "proxy/net/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <vector>

namespace levee {
namespace {

constexpr time_t kRenew = 12 * 3600;  // seconds

struct Key {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> aes{}, hmac{};
  size_t size = 32;  // of aes and hmac, bytes: 16 or 32
};

struct Keys {
  std::mutex mutex;
  std::vector<Key> keys;  // the first seals
  time_t drawn = 0;       // of keys of the process: when the first was
  bool from_files = false;
};

void draw_if_old(Keys& keys) {
  const time_t now = time(nullptr);
  if (keys.from_files || (!keys.keys.empty() && now - keys.drawn < kRenew)) return;
  Key key;
  RAND_bytes(key.name.data(), static_cast<int>(key.name.size()));
  RAND_bytes(key.aes.data(), static_cast<int>(key.aes.size()));
  RAND_bytes(key.hmac.data(), static_cast<int>(key.hmac.size()));
  keys.keys.insert(keys.keys.begin(), key);
  if (keys.keys.size() > 2) keys.keys.resize(2);
  keys.drawn = now;
}

bool set_keys(const Key& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool seal) {
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.hmac.data()), key.size),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  const EVP_CIPHER* aes = key.size == 32 ? EVP_aes_256_cbc() : EVP_aes_128_cbc();
  return EVP_CipherInit_ex(cipher, aes, nullptr, key.aes.data(), iv, seal ? 1 : 0) == 1 &&
         EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

int keys_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* keys, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::shared_ptr<Keys>*>(keys); });
  return index;
}

// OpenSSL's contract: 1 done, 2 done and issue a new ticket, 0 unknown key, -1 error.
int seal_or_open(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                 int sealing) {
  const auto* held = static_cast<std::shared_ptr<Keys>*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_index()));
  if (held == nullptr) return 0;
  Keys& keys = **held;
  const std::lock_guard lock(keys.mutex);
  draw_if_old(keys);
  if (sealing == 1) {
    const Key& key = keys.keys.front();
    std::ranges::copy(key.name, name);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    return set_keys(key, iv, cipher, mac, true) ? 1 : -1;
  }
  for (const Key& key : keys.keys) {
    if (std::memcmp(name, key.name.data(), key.name.size()) != 0) continue;
    if (!set_keys(key, iv, cipher, mac, false)) return -1;
    return &key == &keys.keys.front() && SSL_version(ssl) != TLS1_3_VERSION ? 1 : 2;
  }
  return 0;
}

std::string read_key(const std::string& path, Key& key) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "cannot open \"" + path + "\"";
  std::array<char, 81> bytes{};
  file.read(bytes.data(), bytes.size());
  const auto size = static_cast<size_t>(file.gcount());
  if (size != 48 && size != 80) return "\"" + path + "\" must be 48 or 80 bytes";
  std::memcpy(key.name.data(), bytes.data(), 16);
  key.size = size == 48 ? 16 : 32;
  // 48 bytes are name, AES key, HMAC key; 80 are name, HMAC key, AES key: nginx's formats.
  unsigned char* const first = size == 48 ? key.aes.data() : key.hmac.data();
  unsigned char* const second = size == 48 ? key.hmac.data() : key.aes.data();
  std::memcpy(first, bytes.data() + 16, key.size);
  std::memcpy(second, bytes.data() + 16 + key.size, key.size);
  return "";
}

}  // namespace

std::string use_ticket_keys(SSL_CTX* context, const Config& config, const ServerTls& tls) {
  static const auto of_the_process = std::make_shared<Keys>();
  std::shared_ptr<Keys> keys = of_the_process;
  if (!tls.session_ticket_keys.empty()) {
    keys = std::make_shared<Keys>();
    keys->from_files = true;
    for (const std::string& path : tls.session_ticket_keys) {
      Key key;
      if (auto error = read_key(config.full_path(path), key); !error.empty()) return error;
      keys->keys.push_back(key);
    }
  }
  SSL_CTX_set_ex_data(context, keys_index(), new std::shared_ptr<Keys>(std::move(keys)));
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, seal_or_open);
  return "";
}

}  // namespace levee
