#include "proxy/cluster/cluster_marks.h"

#include <hiredis/hiredis.h>

#include <string_view>
#include <utility>

#include "proxy/cluster/script.h"

namespace levee {
namespace {

constexpr unsigned kMostTries = 1 << 18;  // one in 16,384 fits

const Script kMark(R"lua(
local value = redis.call('GET', KEYS[1])
if value then return value end
local now = redis.call('TIME')
value = now[1] .. '.' .. now[2]
redis.call('SET', KEYS[1], value)
return value
)lua");

std::string numbered(const std::string& prefix, unsigned number) {
  return prefix + ":mark{" + std::to_string(number) + "}";
}

}  // namespace

std::string mark_key(const std::string& prefix, uint16_t slot) {
  if (hash_slot(numbered(prefix, 0)) == hash_slot(numbered(prefix, 1))) return {};  // it has a hash tag of its own
  for (unsigned number = 0; number < kMostTries; ++number) {
    std::string key = numbered(prefix, number);
    if (hash_slot(key) == slot) return key;
  }
  return {};
}

ClusterMarks::ClusterMarks(Redis& redis, std::string prefix, std::function<void()> lost)
    : redis_(redis), prefix_(std::move(prefix)), lost_(std::move(lost)) {}

void ClusterMarks::look(int64_t now) {
  if (now < next_) return;
  next_ = now + kEvery;
  for (const uint16_t slot : redis_.slots_of_masters()) {
    const auto [found, is_new] = marks_.try_emplace(slot);
    Mark& mark = found->second;
    if (is_new) mark.key = mark_key(prefix_, slot);
    if (mark.key.empty()) continue;
    kMark.run(redis_, mark.key, {}, [this, alive = alive_, &mark](const redisReply* reply) {
      if (*alive) heard(mark, reply);
    });
  }
}

void ClusterMarks::heard(Mark& mark, const redisReply* reply) const {
  if (reply == nullptr || reply->type != REDIS_REPLY_STRING) return;
  const std::string before = std::exchange(mark.value, std::string(reply->str, static_cast<size_t>(reply->len)));
  if (!before.empty() && before != mark.value) lost_();
}

}  // namespace levee
