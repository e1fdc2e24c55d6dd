#include "proxy/cluster/roster.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <charconv>

#include "proxy/cluster/redis.h"
#include "proxy/cluster/script.h"

namespace levee {
namespace {

// One hash for the PoP: node -> "milliseconds text". Says what this node has to say, and returns node, text, node, text
// ... of those who were heard of lately. ARGV: node, text, ms after which a node is dead.
const Script kBeatScript(R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d %s', now, ARGV[2]))
local all, alive = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #all, 2 do
  local at, text = string.match(all[i + 1], '^(%d+) (.*)$')
  if at and now - at <= tonumber(ARGV[3]) then
    alive[#alive + 1] = all[i]
    alive[#alive + 1] = text
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return alive
)lua");

std::string_view text_of(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view() : std::string_view(reply.str, static_cast<size_t>(reply.len));
}

}  // namespace

std::string format_node(const Node& node) {
  std::string text = node.address;
  for (const auto& [upstream, wanted] : node.demand) text += " " + upstream + "=" + std::to_string(wanted);
  return text;
}

std::optional<Node> parse_node(std::string_view text) {
  const auto word = [&text] {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return taken;
  };
  Node node;
  node.address = word();
  if (node.address.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::string_view pair = word();
    const size_t equals = pair.rfind('=');
    if (equals == std::string_view::npos) return std::nullopt;
    uint32_t wanted = 0;
    const auto [end, error] = std::from_chars(pair.data() + equals + 1, pair.data() + pair.size(), wanted);
    if (error != std::errc() || end != pair.data() + pair.size()) return std::nullopt;
    node.demand.emplace(pair.substr(0, equals), wanted);
  }
  return node;
}

std::shared_ptr<const Nodes> Roster::nodes() const {
  const std::lock_guard lock(mutex_);
  return nodes_;
}

void Roster::heard(Nodes nodes) {
  const std::lock_guard lock(mutex_);
  last_seen_ = std::max<size_t>(nodes.size(), 1);
  nodes_ = std::make_shared<const Nodes>(std::move(nodes));
}

void Roster::lost() {
  const std::lock_guard lock(mutex_);
  nodes_ = nullptr;
}

uint32_t Roster::share(std::string_view upstream, uint32_t limit, uint32_t demand, std::string_view self) const {
  const std::lock_guard lock(mutex_);
  const uint32_t least = 1;
  if (!nodes_) return std::max(limit / static_cast<uint32_t>(last_seen_), least);
  uint64_t others = 0;
  size_t silent = 0;  // nodes that want nothing now keep room for one fetch each
  for (const auto& [name, node] : *nodes_) {
    if (name == self) continue;
    const auto wanted = node.demand.find(upstream);
    if (wanted == node.demand.end() || wanted->second == 0) {
      ++silent;
    } else {
      others += wanted->second;
    }
  }
  // Nobody wants anything: whoever is first must not surprise an origin that others turn to at the same moment.
  if (others == 0 && demand == 0) return std::max(limit / static_cast<uint32_t>(silent + 1), least);
  if (others == 0) return std::max(limit - std::min(limit, static_cast<uint32_t>(silent)), least);
  const uint64_t to_share = limit - std::min<uint64_t>(limit, silent);
  const uint64_t mine = std::max<uint64_t>(demand, 1);
  return std::max(static_cast<uint32_t>(to_share * mine / (mine + others)), least);
}

Heart::Heart(Loop& loop, Redis& redis, std::string prefix, std::string node, std::string address, Roster& roster,
             std::function<Demand()> demand, std::function<void()> heard)
    : redis_(redis),
      key_(std::move(prefix) + ":nodes"),
      node_(std::move(node)),
      address_(std::move(address)),
      roster_(roster),
      demand_(std::move(demand)),
      heard_(std::move(heard)),
      timer_(
          loop, [](void* self) { static_cast<Heart*>(self)->beat(); }, this) {
  timer_.set(1);
}

void Heart::beat() {
  timer_.set(kBeat);
  const std::string said = format_node({address_, demand_()});
  kBeatScript.run(redis_, key_, {node_, said, std::to_string(kDeath)}, [this](const redisReply* reply) {
    if (reply == nullptr || reply->type != REDIS_REPLY_ARRAY) {
      if (++missed_ * kBeat < kDeath) return;
      roster_.lost();
      heard_();
      return;
    }
    missed_ = 0;
    Nodes nodes;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
      if (auto node = parse_node(text_of(*reply->element[i + 1])))
        nodes.emplace(text_of(*reply->element[i]), std::move(*node));
    }
    roster_.heard(std::move(nodes));
    heard_();
  });
}

}  // namespace levee
