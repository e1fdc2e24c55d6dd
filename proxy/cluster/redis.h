// Redis as the shared index sees it: one server, the servers of a Redis Cluster, or the master that Sentinels name.
//
// Loop thread only; one a worker. Commands have one key each, and are answered exactly once, with null when Redis is
// away. MOVED and ASK are followed; a changed master or slot map is learnt while commands go on.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/cluster/breaker.h"
#include "proxy/cluster/redis_link.h"
#include "proxy/net/loop.h"

namespace levee {

// The breakers of the process, one a server address. Thread-safe; a breaker lives as long as this does.
class RedisBreakers {
 public:
  explicit RedisBreakers(RedisBreaker::Tell tell = nullptr) : tell_(tell) {}
  RedisBreaker& of(const std::string& host, int port);
  struct State {
    bool closed;
    uint64_t openings;
  };
  std::map<std::string, State> states() const;  // by "host:port"

 private:
  const RedisBreaker::Tell tell_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::unique_ptr<RedisBreaker>> breakers_;
};

struct RedisPlan {
  enum class Kind : uint8_t { kServer, kCluster, kSentinel } kind = Kind::kServer;
  std::vector<RedisAddress> addresses;  // the server; some of the Cluster's nodes; the Sentinels
  std::string master;                   // kSentinel: the master's name
  std::string user;                     // empty: the default one
  std::string password;                 // of the servers, not of Sentinels
  std::shared_ptr<ClientTls> tls;       // null: plain; of Sentinels too
  std::string trusted;                  // the certificates that tls goes by, as they were read
  std::string tls_name;                 // that all certificates must prove; empty: each address's name, or its IP
  int database = 0;
  int64_t deadline = 20;  // ms a command
  bool operator==(const RedisPlan&) const = default;
};

// The hash slot of a key (Redis Cluster specification, "Key distribution model").
uint16_t hash_slot(std::string_view key);

class Redis {
 public:
  using Answer = RedisLink::Answer;
  Redis(Loop& loop, RedisPlan plan, RedisBreakers& breakers);
  ~Redis();

  // words[0] is the command; `key` is the one key in it.
  void command(std::string_view key, std::vector<std::string> words, Answer answer);
  bool usable(std::string_view key);
  // kCluster: the first slot of each master, as far as the slot map is known; the others: none.
  std::vector<uint16_t> slots_of_masters() const;
  // Called for each server that a fresh connection stands to, in the order of these calls.
  void on_connect(std::function<void(RedisLink&)> told);

 private:
  // At the start, while the Sentinels have not named the master yet.
  struct Held {
    std::string key;
    std::vector<std::string> words;
    Answer answer;
  };
  static constexpr size_t kMostHeld = 1000;

  RedisLink& link(const std::string& host, int port);
  void send_held();
  std::string name_of(const std::string& host, int port) const;
  RedisLink* link_for(std::string_view key);
  RedisLink* any_link();
  void answered(std::string key, std::vector<std::string> words, Answer answer, unsigned redirections,
                const redisReply* reply);
  void redirect(std::string_view error, std::string key, std::vector<std::string> words, Answer answer,
                unsigned redirections);
  void send(RedisLink& to, std::string key, std::vector<std::string> words, Answer answer, unsigned redirections);
  void refresh();  // asks for the slot map, or the Sentinels for the master
  void ask_cluster(RedisLink& from);
  void ask_sentinel(size_t index);
  void read_slots(const redisReply& reply);

  Loop& loop_;
  const RedisPlan plan_;
  RedisBreakers& breakers_;
  std::map<std::pair<std::string, int>, std::unique_ptr<RedisLink>> links_;
  std::vector<std::unique_ptr<RedisLink>> sentinels_;
  std::vector<RedisLink*> slots_;  // kCluster: 16,384; the others: one
  std::vector<std::function<void(RedisLink&)>> told_;
  Timer timer_;
  bool asking_ = false;
  std::vector<Held> held_;
  size_t next_sentinel_ = 0;
};

}  // namespace levee
