#include "proxy/cluster/script.h"

#include <hiredis/hiredis.h>
#include <openssl/evp.h>

#include <array>
#include <vector>

#include "proxy/cluster/redis.h"

namespace levee {
namespace {

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < length; ++i) {
    hex += kHex[digest[i] >> 4];
    hex += kHex[digest[i] & 15];
  }
  return hex;
}

bool is_unknown_script(const redisReply* reply) {
  return reply != nullptr && reply->type == REDIS_REPLY_ERROR &&
         std::string_view(reply->str, static_cast<size_t>(reply->len)).starts_with("NOSCRIPT");
}

const redisReply* unless_error(const redisReply* reply) {
  return reply == nullptr || reply->type == REDIS_REPLY_ERROR ? nullptr : reply;
}

}  // namespace

Script::Script(std::string_view text) : text_(text), digest_(sha1_hex(text)) {}

void Script::load(RedisLink& link) const {
  link.command({"SCRIPT", "LOAD", text_}, [](const redisReply*) {});
}

void Script::run(Redis& redis, std::string_view key, std::span<const std::string_view> arguments,
                 std::function<void(const redisReply*)> answer) const {
  std::vector<std::string> whole{"EVAL", text_, "1", std::string(key)};
  whole.insert(whole.end(), arguments.begin(), arguments.end());
  std::vector<std::string> words = whole;
  words[0] = "EVALSHA";
  words[1] = digest_;
  redis.command(key, std::move(words),
                [&redis, whole = std::move(whole), answer = std::move(answer)](const redisReply* reply) {
                  if (!is_unknown_script(reply)) return answer(unless_error(reply));
                  redis.command(whole[3], whole, [answer](const redisReply* again) { answer(unless_error(again)); });
                });
}

}  // namespace levee
