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
#include "proxy/cluster/pop_index.h"
#include "proxy/cluster/redis.h"
#include "proxy/cluster/roster.h"
#include "proxy/net/secret.h"
#include "proxy/worker.h"

namespace levee {

class Pop {
 public:
  // Reads the secret and finds Redis' addresses; else what is wrong. Null in the pointer: no PoP is configured.
  static std::variant<std::shared_ptr<Pop>, std::string> make(const Config& config);
  Pop(const Cluster& config, RedisPlan plan, Secret secret);

  bool indexed() const { return !plan_.addresses.empty(); }
  const std::string& node() const { return config_.node; }
  const std::string& advertise() const { return config_.advertise; }
  const std::string& prefix() const { return prefix_; }
  // What peers must know of each other.
  const Secret& secret() const { return secret_; }
  const RedisPlan& plan() const { return plan_; }
  RedisBreakers& breakers() { return breakers_; }
  Roster& roster() { return roster_; }
  const Roster& roster() const { return roster_; }

  // How long fetches take, for the lives of leases; ms, smoothed.
  void fetched(int64_t took);
  int64_t lease() const;  // 250 ms to 3 s

  struct {
    std::atomic<uint64_t> asked{0}, had{0}, followed{0}, led{0}, alone{0}, peer_failures{0};
  } counts;

 private:
  // Constant after construction.
  const Cluster config_;
  const RedisPlan plan_;
  const std::string prefix_;
  const Secret secret_;

  RedisBreakers breakers_;
  Roster roster_;
  std::atomic<int64_t> fetch_time_{250};
};

// As worker.local<PopMember>(). Follows the worker's generation to another Pop when a reload brings one.
class PopMember {
 public:
  explicit PopMember(Worker& worker) : worker_(worker) {}
  // Null: no index is configured. Good until the next turn of the loop.
  PopIndex* index(const std::shared_ptr<Pop>& pop);
  // Where a node's peer listener is; nothing: not known.
  static std::optional<SocketAddress> address(const Pop& pop, std::string_view node);

 private:
  Worker& worker_;
  std::shared_ptr<Pop> pop_;
  std::unique_ptr<Redis> redis_;
  std::unique_ptr<PopIndex> index_;
};

}  // namespace levee
