// The nodes of a PoP that are alive, and what each may ask of the origins at a time: agreed by heartbeats through
// Redis.
//
// A limit that the PoP shares is so many slots. A node holds some of them, in proportion to what it wants; it gives
// them back by saying that it holds fewer, and takes more only of those that nobody holds, in one step in Redis. So all
// together never hold more than there are, unless a node is taken for dead and is not.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/net/loop.h"

struct redisReply;

namespace levee {

class Redis;

struct Node {
  std::string name;
  std::string address;  // http://ip:port of its peer listener
};
using Nodes = std::vector<Node>;  // this one is the first

// Who is alive. Thread-safe; one a process. One worker beats, all read.
class Roster {
 public:
  // How many there are, for as long as nothing was heard.
  void told(uint32_t nodes);
  // Null: nothing was heard for so long that it must be taken as unknown.
  std::shared_ptr<const Nodes> nodes() const;
  void heard(Nodes nodes);
  void lost();
  // How many were there when they were last known; at least 1.
  uint32_t last_seen() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Nodes> nodes_;
  size_t last_seen_ = 1;
  bool has_heard_ = false;
};

// What this node says of one shared limit.
struct SlotsWanted {
  std::string limit_name;  // without blanks
  uint32_t limit = 0;      // the PoP's
  uint32_t wanted = 0;     // could be used now
  uint32_t held = 0;       // may be in use until the next beat
};
using SlotsGranted = std::map<std::string, uint32_t, std::less<>>;  // by limit_name

// Beats for this node and brings what the others said. Loop thread only.
class Heart {
 public:
  static constexpr int64_t kBeat = 500;    // ms
  static constexpr int64_t kDeath = 2500;  // ms of silence after which a node is taken off

  struct Hands {
    std::function<std::vector<SlotsWanted>()> say;
    // The roster is up to date. doubled: another instance has beaten under our name and address since we last did; our
    // own of before a restart may be it once.
    std::function<void(const SlotsGranted&, bool doubled)> heard;
    std::function<void()> missed;  // no answer to a beat
  };
  // instance: without blanks; of this process alone.
  Heart(Loop& loop, Redis& redis, std::string prefix, std::string node, std::string address, std::string instance,
        Roster& roster, Hands hands);
  // The next beat comes in so many ms, if none is due before.
  void hurry(int64_t pause);

 private:
  void beat();
  void answered(const redisReply* reply, const std::vector<std::string>& limits);
  Loop& loop_;
  Redis& redis_;
  const std::string key_, node_, address_, instance_;
  Roster& roster_;
  const Hands hands_;
  Timer timer_;
  int64_t due_ = 0;  // ms on the loop's clock
};

}  // namespace levee
