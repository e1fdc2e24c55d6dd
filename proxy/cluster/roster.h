// The nodes of a PoP that are alive, and what each of them asks of the origins: learnt by heartbeats through Redis.
//
// Thread-safe; one a process. One worker beats, all read.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/net/loop.h"

namespace levee {

class Redis;

using Demand = std::map<std::string, uint32_t, std::less<>>;  // fetches wanted at a time, by upstream

struct Node {
  std::string address;  // http://ip:port of its peer listener
  Demand demand;
};
using Nodes = std::map<std::string, Node, std::less<>>;

class Roster {
 public:
  // Null: nothing was heard for so long that it must be taken as unknown.
  std::shared_ptr<const Nodes> nodes() const;
  void heard(Nodes nodes);
  void lost();

  // Of a limit that the whole PoP shares, what this node may use: in proportion to its demand and at least 1. While the
  // others are unknown, an equal part of the nodes that were last seen.
  uint32_t share(std::string_view upstream, uint32_t limit, uint32_t demand, std::string_view self) const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Nodes> nodes_;
  size_t last_seen_ = 1;
};

// Beats for this node and brings what the others said. Loop thread only.
class Heart {
 public:
  static constexpr int64_t kBeat = 500;    // ms
  static constexpr int64_t kDeath = 2500;  // ms of silence after which a node is taken off

  Heart(Loop& loop, Redis& redis, std::string prefix, std::string node, std::string address, Roster& roster,
        std::function<Demand()> demand, std::function<void()> heard);

 private:
  void beat();
  Redis& redis_;
  const std::string key_, node_, address_;
  Roster& roster_;
  const std::function<Demand()> demand_;
  const std::function<void()> heard_;  // the roster has changed, or is lost
  Timer timer_;
  unsigned missed_ = 0;
};

// How a node stands in Redis: "address upstream=3 other=0". Nothing: not such a text.
std::string format_node(const Node& node);
std::optional<Node> parse_node(std::string_view text);

}  // namespace levee
