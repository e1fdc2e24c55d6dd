#include "proxy/cluster/roster.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <utility>

#include "proxy/cluster/redis.h"
#include "proxy/cluster/script.h"

namespace levee {
namespace {

// One hash for the PoP: node and address -> "milliseconds address #instance limit=wanted/held ...", so that nodes that
// were given one name by mistake are two. An earlier version says no instance. ARGV: node, address, ms after which a
// node is dead, instance, and for each limit: name, slots, wanted, held. Answers two lists: node, address, ... of those
// who are alive, and how many slots of each limit this node may have from now on; and 1 if another instance beats here.
//
// Who was heard of in the future is as dead as who was long ago: then Redis' clock has gone back, and they beat again.
//
// A node that wants none keeps one, for what may come, if there are enough. A share is rounded up, and what is left
// bounds it.
const Script kBeatScript(R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local me = ARGV[1] .. ' ' .. ARGV[2]
local all, alive, count, others = redis.call('HGETALL', KEYS[1]), {ARGV[1], ARGV[2]}, 1, {}
local doubled = 0
for i = 1, #all, 2 do
  local at, address, limits = string.match(all[i + 1], '^(%d+) (%S+)(.*)$')
  if not at or math.abs(now - at) > tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], all[i])
  elseif all[i] ~= me then
    alive[#alive + 1], alive[#alive + 2], count = string.match(all[i], '^(.*) %S+$') or all[i], address, count + 1
    for name, wanted, held in string.gmatch(limits, ' (%S+)=(%d+)/(%d+)') do
      local sum = others[name] or {wanted = 0, wanting = 0, held = 0}
      sum.wanted, sum.held = sum.wanted + wanted, sum.held + held
      if tonumber(wanted) > 0 then sum.wanting = sum.wanting + 1 end
      others[name] = sum
    end
  elseif string.match(limits, '^ #(%S+)') ~= ARGV[4] then
    doubled = 1
  end
end
local said, grants = string.format('%d %s #%s', now, ARGV[2], ARGV[4]), {}
for i = 5, #ARGV, 4 do
  local name, slots, wanted, held = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local sum = others[name] or {wanted = 0, wanting = 0, held = 0}
  local silent = count - 1 - sum.wanting
  local share
  if sum.wanted + wanted == 0 then
    share = math.ceil(slots / count)
  elseif wanted == 0 then
    share = 1
  else
    share = math.ceil(math.max(slots - silent, 0) * wanted / (sum.wanted + wanted))
  end
  local grant = math.max(0, math.min(share, slots - sum.held))
  if slots < count then grant = math.max(grant, 1) end
  said = said .. string.format(' %s=%d/%d', name, wanted, math.max(grant, held))
  grants[#grants + 1] = grant
end
redis.call('HSET', KEYS[1], me, said)
return {alive, grants, doubled}
)lua");

std::string_view text_of(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view() : std::string_view(reply.str, static_cast<size_t>(reply.len));
}

bool is_list(const redisReply* reply) {
  return reply != nullptr && reply->type == REDIS_REPLY_ARRAY;
}

}  // namespace

std::shared_ptr<const Nodes> Roster::nodes() const {
  const std::lock_guard lock(mutex_);
  return nodes_;
}

void Roster::told(uint32_t nodes) {
  const std::lock_guard lock(mutex_);
  if (!has_heard_) last_seen_ = nodes;
}

void Roster::heard(Nodes nodes) {
  const std::lock_guard lock(mutex_);
  has_heard_ = true;
  last_seen_ = std::max<size_t>(nodes.size(), 1);
  nodes_ = std::make_shared<const Nodes>(std::move(nodes));
}

void Roster::lost() {
  const std::lock_guard lock(mutex_);
  nodes_ = nullptr;
}

uint32_t Roster::last_seen() const {
  const std::lock_guard lock(mutex_);
  return static_cast<uint32_t>(last_seen_);
}

Heart::Heart(Loop& loop, Redis& redis, std::string prefix, std::string node, std::string address, std::string instance,
             Roster& roster, Hands hands)
    : loop_(loop),
      redis_(redis),
      key_(std::move(prefix) + ":nodes"),
      node_(std::move(node)),
      address_(std::move(address)),
      instance_(std::move(instance)),
      roster_(roster),
      hands_(std::move(hands)),
      timer_(
          loop, [](void* self) { static_cast<Heart*>(self)->beat(); }, this) {
  timer_.set(1);
}

void Heart::hurry(int64_t pause) {
  if (due_ <= loop_.now() + pause) return;
  due_ = loop_.now() + pause;
  timer_.set(std::max<int64_t>(pause, 1));
}

void Heart::beat() {
  timer_.set(kBeat);
  due_ = loop_.now() + kBeat;
  std::vector<std::string> words{node_, address_, std::to_string(kDeath), instance_}, limits;
  for (const SlotsWanted& one : hands_.say()) {
    limits.push_back(one.limit_name);
    words.insert(words.end(),
                 {one.limit_name, std::to_string(one.limit), std::to_string(one.wanted), std::to_string(one.held)});
  }
  const std::vector<std::string_view> views(words.begin(), words.end());
  kBeatScript.run(redis_, key_, views,
                  [this, limits = std::move(limits)](const redisReply* reply) { answered(reply, limits); });
}

void Heart::answered(const redisReply* reply, const std::vector<std::string>& limits) {
  if (!is_list(reply) || reply->elements != 3 || !is_list(reply->element[0]) || !is_list(reply->element[1]) ||
      reply->element[1]->elements != limits.size()) {
    return hands_.missed();
  }
  Nodes nodes;
  const redisReply& alive = *reply->element[0];
  for (size_t i = 0; i + 1 < alive.elements; i += 2) {
    nodes.push_back({std::string(text_of(*alive.element[i])), std::string(text_of(*alive.element[i + 1]))});
  }
  SlotsGranted grants;
  for (size_t i = 0; i < limits.size(); ++i) {
    const long long grant = reply->element[1]->element[i]->integer;
    grants[limits[i]] = static_cast<uint32_t>(std::clamp<long long>(grant, 0, UINT32_MAX));
  }
  roster_.heard(std::move(nodes));
  hands_.heard(grants, reply->element[2]->integer != 0);
}

}  // namespace levee
