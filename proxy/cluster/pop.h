// This node's part in its PoP: what the process shares (Pop), and what each worker has of its own (PopMember).
//
// Pop is thread-safe. A PopMember belongs to its worker's loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "conf/config.h"
#include "proxy/cluster/index_upkeep.h"
#include "proxy/cluster/pop_index.h"
#include "proxy/cluster/purge_ledger.h"
#include "proxy/cluster/redis.h"
#include "proxy/cluster/roster.h"
#include "proxy/net/secret.h"
#include "proxy/worker.h"

namespace levee {

// What this process knows of its PoP. A reload forgets none of it, however the PoP's lines have changed: purges that
// wait must still be said, and those that were missed be found. Thread-safe.
struct PopKnowledge {
  Roster roster;
  PurgeLedger purges;
  const std::shared_ptr<IndexUpkeep> upkeep = std::make_shared<IndexUpkeep>();
  std::atomic<int64_t> fetch_time{250};  // ms, smoothed
};

class Pop {
 public:
  // Reads the secret and finds Redis' addresses; else what is wrong. Null in the pointer: no PoP is configured.
  // `before` goes on if it is the same, and else lends what it knows; or null. tell: of what becomes of Redis.
  static std::variant<std::shared_ptr<Pop>, std::string> make(const Config& config, const std::shared_ptr<Pop>& before,
                                                              RedisBreaker::Tell tell);
  Pop(const Cluster& config, RedisPlan plan, Secret secret, RedisBreaker::Tell tell,
      std::shared_ptr<PopKnowledge> knowledge = std::make_shared<PopKnowledge>());

  bool indexed() const { return !plan_.addresses.empty(); }
  const std::string& node() const { return config_.node; }
  const std::string& advertise() const { return config_.advertise; }
  // As the index names this node: its address, with https:// if it wants TLS, so that who reads it can go there.
  const std::string& identity() const { return identity_; }
  bool uses_tls() const { return identity_.starts_with("https://"); }    // among peers
  int64_t peer_timeout() const { return config_.peer_timeout.count(); }  // ms
  const std::string& prefix() const { return prefix_; }
  // How many nodes there are, as the operator says.
  uint32_t told_nodes() const { return config_.shared_index ? config_.shared_index->nodes : 1; }
  // What peers must know of each other.
  const Secret& secret() const { return secret_; }
  const RedisPlan& plan() const { return plan_; }
  RedisBreakers& breakers() { return breakers_; }
  const RedisBreakers& breakers() const { return breakers_; }
  Roster& roster() { return knowledge_->roster; }
  const Roster& roster() const { return knowledge_->roster; }
  PurgeLedger& purges() { return knowledge_->purges; }
  const PurgeLedger& purges() const { return knowledge_->purges; }
  IndexUpkeep& upkeep() { return *knowledge_->upkeep; }
  // To be told of what leaves the stores.
  std::shared_ptr<Departures> departures() const { return knowledge_->upkeep; }
  // Whether what this node has said of itself stands in the other's index too.
  bool says_the_same(const Pop& other) const;

  // How long fetches take, for the lives of leases; ms, smoothed.
  void fetched(int64_t took);
  int64_t lease() const;  // 250 ms to 3 s

  struct {
    std::atomic<uint64_t> asked{0}, had{0}, followed{0}, led{0}, uncacheable{0}, alone{0};
    std::atomic<uint64_t> peer_bytes{0}, peer_failures{0}, resumed{0};
    std::atomic<uint64_t> served{0}, refused{0};  // to peers
    std::atomic<uint64_t> withdrawn{0}, said_again{0};
    std::atomic<uint64_t> purges_applied{0}, purges_suspected{0};  // of others; all made stale
  } counts;

 private:
  // Constant after construction.
  const Cluster config_;
  const RedisPlan plan_;
  const std::string prefix_, identity_;
  const Secret secret_;

  const std::shared_ptr<PopKnowledge> knowledge_;

  RedisBreakers breakers_;
};

// A node as the index names it: where to connect. Nothing: no node is named so, whatever stands in Redis.
struct PeerTarget {
  std::string address;  // ip:port
  bool tls = false;
};
std::optional<PeerTarget> peer_target(std::string_view identity);

// As worker.local<PopMember>(). Follows the worker's generation to another Pop when a reload brings one.
class PopMember {
 public:
  explicit PopMember(Worker& worker) : worker_(worker) {}
  // From now on this is the PoP; null: there is none. Connects at once.
  void use(const std::shared_ptr<Pop>& pop);
  // Null: no index, or the PoP is not the worker's any more. Good until the next turn of the loop.
  PopIndex* index(const std::shared_ptr<Pop>& pop) { return pop == pop_ ? index_.get() : nullptr; }
  // Null: no index is configured. Lives until the next use().
  Redis* redis() { return redis_.get(); }

 private:
  Worker& worker_;
  std::shared_ptr<Pop> pop_;
  std::unique_ptr<Redis> redis_;
  std::unique_ptr<PopIndex> index_;
};

}  // namespace levee
