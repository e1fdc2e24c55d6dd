// A Lua script run by its digest, and sent whole when the server does not know it.
#pragma once

#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

struct redisReply;

namespace levee {

class Redis;
class RedisLink;

// Immutable after construction; one serves all workers.
class Script {
 public:
  explicit Script(std::string_view text);

  // Makes it known to the server, so that the first run keeps its place among the commands around it.
  void load(RedisLink& link) const;
  // Runs with one key. Answered exactly once, with null when Redis did not answer or the script failed.
  void run(Redis& redis, std::string_view key, std::span<const std::string_view> arguments,
           std::function<void(const redisReply*)> answer) const;
  void run(Redis& redis, std::string_view key, std::initializer_list<std::string_view> arguments,
           std::function<void(const redisReply*)> answer) const {
    run(redis, key, std::span(arguments.begin(), arguments.size()), std::move(answer));
  }

 private:
  const std::string text_;
  std::string digest_;  // SHA-1, hex
};

}  // namespace levee
