#include "proxy/cluster/pop_index.h"

#include <hiredis/hiredis.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/cluster/redis.h"
#include "proxy/cluster/script.h"

namespace levee {
namespace {

// What is not ours stands for nothing, and is overwritten.
const std::string kGet = R"lua(
local function get()
  local value = redis.pcall('GET', KEYS[1])
  return type(value) == 'string' and value or false
end)lua";

// Look up and decide who fetches, in one step. ARGV: node, lease in ms, excluded nodes "a,b" or "".
const Script kDecide(kGet + R"lua(
local value = get()
local me, lease, excluded = ARGV[1], ARGV[2], ',' .. ARGV[3] .. ','
local function useful(node) return node ~= me and not string.find(excluded, ',' .. node .. ',', 1, true) end
if value == 'U' then return {'U', redis.call('PTTL', KEYS[1])} end
if value then
  if string.sub(value, 1, 2) == 'V ' then return {'V', string.sub(value, 3)} end
  local kind, who, rest = string.match(value, '^(%u) (%S+) (.*)$')
  if kind == 'L' and useful(who) then return {'F', who} end
  if kind == 'H' then
    local left = {}
    for node in string.gmatch(who, '[^,]+') do
      if useful(node) then left[#left + 1] = node end
    end
    if #left > 0 then
      local pick = left[1 + tonumber(redis.call('TIME')[2]) % #left]
      return {'H', pick, redis.call('PTTL', KEYS[1]), rest}
    end
  end
end
local now = redis.call('TIME')
local fence = now[1] .. string.format('%06d', now[2])
redis.call('SET', KEYS[1], 'L ' .. me .. ' ' .. fence, 'PX', lease)
return {'L', fence}
)lua");

// ARGV: node, fence, lease in ms.
const Script kRenew(kGet + R"lua(
local value, mine = get(), 'L ' .. ARGV[1] .. ' ' .. ARGV[2]
if value and value ~= mine then return 0 end
redis.call('SET', KEYS[1], mine, 'PX', ARGV[3])
return 1
)lua");

// It varies at least as long as any of its variants lives. ARGV: names, ms.
const Script kVaries(kGet + R"lua(
local left = redis.call('PTTL', KEYS[1])
local same = get() == 'V ' .. ARGV[1]
redis.call('SET', KEYS[1], 'V ' .. ARGV[1], 'PX', same and math.max(left, ARGV[2]) or ARGV[2])
return 1
)lua");

// Publishing ends the lease. ARGV: node, etag, fresh for ms. At most four nodes stand in a key.
const Script kPublish(kGet + R"lua(
local who = ARGV[1]
local kind, nodes, etag = string.match(get() or '', '^(%u) (%S+) (.*)$')
if kind == 'H' and etag == ARGV[2] and etag ~= '' then
  local count = 1
  for node in string.gmatch(nodes, '[^,]+') do
    if node ~= ARGV[1] and count < 4 then who, count = who .. ',' .. node, count + 1 end
  end
end
redis.call('SET', KEYS[1], 'H ' .. who .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1
)lua");

const Script kForget(kGet + R"lua(
return get() == 'U' and redis.call('DEL', KEYS[1]) or 0
)lua");

// ARGV: node, fence.
const Script kRelease(kGet + R"lua(
if get() == 'L ' .. ARGV[1] .. ' ' .. ARGV[2] then return redis.call('DEL', KEYS[1]) end
return 0
)lua");

// ARGV: node.
const Script kWithdraw(kGet + R"lua(
local kind, nodes, etag = string.match(get() or '', '^(%u) (%S+) (.*)$')
if kind ~= 'H' then return 0 end
local left = {}
for node in string.gmatch(nodes, '[^,]+') do
  if node ~= ARGV[1] then left[#left + 1] = node end
end
if #left == 0 then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], 'H ' .. table.concat(left, ',') .. ' ' .. etag, 'KEEPTTL')
return 1
)lua");

// ARGV: etag.
const Script kWithdrawVersion(kGet + R"lua(
local kind, nodes, etag = string.match(get() or '', '^(%u) (%S+) (.*)$')
return kind == 'H' and etag == ARGV[1] and redis.call('DEL', KEYS[1]) or 0
)lua");

void ignore(const redisReply*) {}

std::string_view text_of(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view() : std::string_view(reply.str, static_cast<size_t>(reply.len));
}

// Anything that is not one of the script's answers counts as none.
Decision parse(const redisReply* reply) {
  if (reply == nullptr || reply->type != REDIS_REPLY_ARRAY || reply->elements < 2) return Alone{};
  const auto at = [reply](size_t i) -> const redisReply& { return *reply->element[i]; };
  const std::string_view kind = text_of(at(0));
  if (kind == "F") return FollowNode{std::string(text_of(at(1)))};
  if (kind == "U" && at(1).type == REDIS_REPLY_INTEGER) return Uncacheable{at(1).integer};
  if (kind == "V") return Varies{std::string(text_of(at(1)))};
  if (kind == "H" && reply->elements == 4)
    return Have{std::string(text_of(at(1))), std::string(text_of(at(3))), at(2).integer};
  if (kind == "L") {
    const std::string_view digits = text_of(at(1));
    uint64_t fence = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), fence);
    if (error == std::errc() && end == digits.data() + digits.size()) return LeadHere{fence};
  }
  return Alone{};
}

}  // namespace

PopIndex::PopIndex(Redis& redis, std::string prefix, std::string node, std::string_view version)
    : redis_(redis), prefix_(std::move(prefix)), node_(std::move(node)), version_(version) {
  redis_.on_connect([](RedisLink& link) {
    for (const Script* script :
         {&kDecide, &kRenew, &kVaries, &kPublish, &kForget, &kRelease, &kWithdraw, &kWithdrawVersion})
      script->load(link);
  });
}

std::string PopIndex::name(std::string_view key) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  const std::string named = std::string(version_).append(1, '\0').append(key);
  EVP_Digest(named.data(), named.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return prefix_ + ":" + std::string(reinterpret_cast<const char*>(digest.data()), 16);
}

void PopIndex::decide(std::string_view key, int64_t lease, std::string_view excluded,
                      std::function<void(Decision)> answer) {
  kDecide.run(redis_, name(key), {node_, std::to_string(lease), excluded},
              [answer = std::move(answer)](const redisReply* reply) { answer(parse(reply)); });
}

void PopIndex::renew(std::string_view key, uint64_t fence, int64_t lease) {
  kRenew.run(redis_, name(key), {node_, std::to_string(fence), std::to_string(lease)}, ignore);
}

void PopIndex::varies(std::string_view key, std::string_view names, std::string_view variant, uint64_t fence,
                      int64_t lease, int64_t fresh_for) {
  kVaries.run(redis_, name(key), {names, std::to_string(std::max(fresh_for, lease))}, ignore);
  if (fence != 0) renew(variant, fence, lease);
}

void PopIndex::publish(std::string_view key, std::string_view etag, int64_t fresh_for, std::function<void(bool)> said) {
  kPublish.run(redis_, name(key), {node_, etag, std::to_string(std::max<int64_t>(fresh_for, 1))},
               [said = std::move(said)](const redisReply* reply) {
                 if (said) said(reply != nullptr);
               });
}

void PopIndex::publish_uncacheable(std::string_view key, int64_t remember) {
  const std::string at = name(key);
  redis_.command(at, {"SET", at, "U", "PX", std::to_string(std::max<int64_t>(remember, 1))}, ignore);
}

void PopIndex::forget_uncacheable(std::string_view key) {
  kForget.run(redis_, name(key), {}, ignore);
}

void PopIndex::release(std::string_view key, uint64_t fence) {
  kRelease.run(redis_, name(key), {node_, std::to_string(fence)}, ignore);
}

void PopIndex::withdraw(std::string_view key) {
  kWithdraw.run(redis_, name(key), {node_}, ignore);
}

void PopIndex::withdraw_version(std::string_view key, std::string_view etag) {
  kWithdrawVersion.run(redis_, name(key), {etag}, ignore);
}

std::string index_key(std::string_view zone, std::string_view key) {
  return std::string(zone).append(1, '\0').append(key);
}

std::string variant_key(std::string_view key, std::string_view names, std::string_view values) {
  std::string variant(key);
  variant.append(1, '\0').append(names).append(1, '\0').append(values);
  return variant;
}

}  // namespace levee
