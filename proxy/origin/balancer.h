// Which server gets a fetch. Pure: peers, time and dice are passed in; guarded by the upstream's mutex.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "cache/flight.h"
#include "conf/upstream.h"
#include "proxy/origin/breaker.h"
#include "proxy/origin/hung.h"

namespace levee {

// One address of a server, with what is known of it.
struct Peer {
  std::string name;  // as $upstream_addr shows it
  SocketAddress address;
  UpstreamServer server;  // the line that it comes from

  // Health.
  uint32_t fails = 0;                  // nginx's: within fail_timeout
  int64_t last_fail = 0, checked = 0;  // ms
  ServerBreaker breaker;
  HungResources hung;
  bool healthy = true;   // false: its health_check failed
  int64_t returned = 0;  // when it came back, for slow_start; 0: long ago

  // Load.
  uint32_t connections = 0;  // fetches that it has now
  struct Awaited {
    uint64_t resource = 0;
    int64_t began = 0;  // ms
  };
  std::map<std::pair<Waker*, uint64_t>, Awaited> awaited;  // those of them that wait for its answer
  int64_t paid = 0;                                        // ms that it took to find out that it is away
  int64_t opened = 0, closed = 0;                          // ms, its breaker, the last time
  int64_t current = 0;                                     // smooth weighted round robin, in thousandths of a weight
  int64_t penalty = 0;                                     // taken from its weight after failures, same unit
  uint64_t picks = 0, failures = 0;
};
using Peers = std::vector<std::shared_ptr<Peer>>;

// A ring of consistent hashing (ketama): 160 points for each unit of weight, and fewer where weights are so large that
// it would have hundreds of thousands. Depends on names and weights alone.
class HashRing {
 public:
  void build(const Peers& peers);
  // Indexes of peers, from the point of `hash` on; `visit` returns true to stop.
  template <class Visit>
  void walk(uint64_t hash, Visit visit) const {
    const size_t first = find(hash);
    for (size_t i = 0; i < points_.size(); ++i) {
      if (visit(points_[(first + i) % points_.size()].second)) return;
    }
  }

 private:
  size_t find(uint64_t hash) const;
  std::vector<std::pair<uint64_t, uint32_t>> points_;
};

enum class Vacancy : uint8_t {
  kFound,
  kBusy,   // those that are up have max_conns fetches
  kDown,   // no server is up
  kTried,  // all that are up were tried
};
struct Choice {
  std::shared_ptr<Peer> peer;  // with kFound
  Vacancy vacancy = Vacancy::kDown;
};

class Balancer {
 public:
  void set_peers(const Upstream& upstream, Peers peers);
  const Peers& peers() const { return peers_; }

  // Whether there is a server that a request which nothing speaks against could have.
  bool has_room(int64_t now) const;

  // `tried` are not chosen again. hash: Order::balance_hash.
  Choice choose(const Upstream& upstream, uint64_t hash, std::span<const Peer* const> tried, int64_t now,
                std::minstd_rand& dice);

 private:
  using Eligible = std::vector<uint32_t>;
  Vacancy candidates(std::span<const Peer* const> tried, int64_t now, Eligible& out) const;
  Vacancy eligible(bool backup, bool forgiving, std::span<const Peer* const> tried, int64_t now, Eligible& out) const;
  uint32_t round_robin(const Eligible& among, int64_t now);
  uint32_t least_connections(const Eligible& among, int64_t now);
  uint32_t random(const Random& rule, const Eligible& among, int64_t now, std::minstd_rand& dice);
  uint32_t by_hash(uint64_t hash, const Eligible& among, int64_t now);
  uint32_t by_ring(uint64_t hash, const Eligible& among);

  Peers peers_;
  HashRing ring_;
  bool single_ = false;
};

// Whether it has as many fetches as it may.
bool is_full(const Peer& peer);
// Whether nginx's max_fails and fail_timeout allow it (ignored where it is the only server).
bool within_max_fails(const Peer& peer, int64_t now);
// Its weight now in thousandths: less after failures and while it starts slowly; at least 1.
int64_t weight_now(const Peer& peer, int64_t now);

}  // namespace levee
