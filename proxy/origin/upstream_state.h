// Every upstream as the process knows it: peers with their health, fetches in use, retries. By upstream name, and kept
// over reloads, and beyond as long as somebody uses it: who is named again meanwhile goes on with it.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "proxy/ops/gauges.h"
#include "proxy/origin/admission.h"
#include "proxy/origin/balancer.h"
#include "proxy/origin/retry_budget.h"

namespace levee {

// What a request to a server says about it.
enum class Outcome : uint8_t {
  kGood,     // it answered
  kAway,     // no connection
  kSilent,   // no connection in time
  kTimeout,  // no answer in time
  kBad,      // reset, no HTTP, or a status that proxy_next_upstream names
  kRefused,  // 502, 503 or 504 otherwise: counts for the breaker alone
  kUnknown,  // ended for a reason that is not its own
};

// One server's line in status and metrics.
struct PeerSnapshot {
  std::string name;
  bool backup = false, down = false, healthy = true, within_max_fails = true;
  ServerBreaker::State breaker = ServerBreaker::State::kClosed;
  uint64_t breaker_openings = 0, picks = 0, failures = 0;
  uint32_t connections = 0;
};

class UpstreamState;

// Of a server that is given by its address and not by a name.
std::optional<SocketAddress> literal_address(const UpstreamServer& server);
// By what a request's target is known to those who remember how it went.
uint64_t resource_of(std::string_view target);

// One fetch's place at a server. Released exactly once: by done(), or as kUnknown when dropped.
class Seat {
 public:
  Seat() = default;
  Seat(std::shared_ptr<UpstreamState> upstream, std::shared_ptr<Peer> peer, Subscriber who, uint64_t resource,
       int64_t began)
      : upstream_(std::move(upstream)), peer_(std::move(peer)), who_(who), resource_(resource), began_(began) {}
  Seat(Seat&& other) noexcept = default;
  Seat& operator=(Seat&& other) noexcept;
  ~Seat() { leave(); }

  explicit operator bool() const { return peer_ != nullptr; }
  const Peer& peer() const { return *peer_; }  // address, name and server are constant
  std::shared_ptr<const Peer> shared_peer() const { return peer_; }
  // Says how it went; the seat is held until leave(). Only the first word counts. retry_after: ms, 0: none.
  void judge(Outcome outcome, int64_t now, int64_t retry_after = 0);
  void leave();

 private:
  friend class UpstreamState;
  std::shared_ptr<UpstreamState> upstream_;
  std::shared_ptr<Peer> peer_;
  Subscriber who_;
  uint64_t resource_ = 0;
  int64_t began_ = 0;
  bool judged_ = false;
};

class UpstreamState : public std::enable_shared_from_this<UpstreamState> {
 public:
  explicit UpstreamState(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }
  Admission& admission() { return *admission_; }

  // The configuration of it, again at each reload. Peers that are named again keep their state.
  void apply(const Upstream& upstream, int64_t now);
  std::shared_ptr<const Upstream> rules() const;
  // A server's line, as it was when somebody began to ask for its name: a reload may have put another in its place.
  struct Line {
    size_t index = 0;
    UpstreamServer server;
  };
  // The addresses that a server's name has, good until `expires` (ms; INT64_MAX: until the next reload).
  void set_addresses(const Line& line, std::span<const SocketAddress> addresses, int64_t expires, int64_t now);
  bool has_peers() const;
  // Servers whose names are to be asked for now. Each is told to one caller (to all, while there is no peer at all),
  // who asks and then calls set_addresses() or resolve_failed(), which lets the next one try after a second.
  std::vector<Line> unresolved(int64_t now);
  void resolve_failed(const Line& line, int64_t now);

  struct Asked {
    uint64_t resource = 0;   // resource_of()
    bool waited_for = true;  // by a client
  };
  // A seat, or why there is none. `tried` are not chosen again.
  struct Pick {
    Seat seat;
    Vacancy vacancy = Vacancy::kDown;
    bool is_crowded = false;  // kBusy, and so it would be for any other request
    int64_t retry_at = 0;     // ms; when a server that is left out now may be asked again; 0: not known
    uint64_t departures = 0;  // with kBusy: what Admission::room_made() had been told
  };
  // who: is woken when the server turns out to be away or back before its answer has been judged.
  Pick choose(uint64_t hash, Asked what, std::span<const std::shared_ptr<const Peer>> tried, Subscriber who,
              int64_t now);
  // Whether the server is known to be away, and that it is took somebody at least half of `patience` to find out (ms):
  // who waits for it with no more than that need not go on.
  bool is_away(const Peer& peer, int64_t patience, int64_t now) const;
  // Whether the server is known to be back, and a request that began while it was not may have got lost there.
  bool is_back(const Peer& peer, int64_t began) const;
  // Whether no server is known to be well, or to answer this: a request is a trial, if it is made at all.
  bool is_suspect(uint64_t resource, int64_t now) const;
  // There are servers, and none may be asked for this: when one is worth asking again, ms; 0: not known. Else nothing.
  std::optional<int64_t> down_until(Asked what, int64_t now) const;

  // Whether another server than `tried` and `now_at` could be chosen, and has room.
  bool has_others(std::span<const std::shared_ptr<const Peer>> tried, const Peer* now_at, int64_t now) const;

  void deposit_retry(int64_t now);   // for each request that is sent
  bool withdraw_retry(int64_t now);  // for each retry: whether the budget has it
  // What a health check found; true: that is new.
  bool set_healthy(const std::string& peer, bool healthy, int64_t now);
  void set_all_healthy(int64_t now);  // nobody checks any more
  // Those that are not marked down. Name and address may be read; the rest is guarded by the mutex.
  std::vector<std::shared_ptr<const Peer>> peers() const;
  std::vector<PeerSnapshot> snapshot(int64_t now) const;

 private:
  friend class Seat;
  static constexpr int64_t kLongestLookUp = 120'000;  // ms
  void judge(Seat& seat, Outcome outcome, int64_t now, int64_t retry_after);
  void learn(Peer& peer, Outcome outcome, int64_t now, const ServerBreaker::Failure& failure);
  void leave(Seat& seat);
  int64_t back_at(int64_t now) const;
  int64_t retry_at(int64_t now) const;
  static bool is_withheld(const Peer& peer, Asked what, int64_t now);
  static bool others_wait(const Peer& peer, const Seat& seat, int64_t now);
  void rebuild(int64_t now);
  double dice() { return std::uniform_real_distribution<double>(0, 1)(dice_); }

  const std::string name_;
  const std::shared_ptr<Admission> admission_ = std::make_shared<Admission>();
  mutable std::mutex mutex_;  // guards all below
  std::shared_ptr<const Upstream> rules_ = std::make_shared<Upstream>();
  struct Place {
    std::vector<SocketAddress> addresses;
    int64_t expires = 0;  // when to ask for the name again, ms; INT64_MAX: never
    int64_t asked = 0;    // when somebody began to ask who has no answer yet, ms; 0: nobody has
  };
  std::vector<Place> places_;  // by server
  Place* place_of(const Line& line);
  Balancer balancer_;
  std::vector<std::weak_ptr<Peer>> left_out_;  // that the rules or the name servers name no more
  RetryTokens retries_;
  uint64_t departures_ = 0;  // fetches that have left a server with max_conns
  std::minstd_rand dice_{std::random_device{}()};
};

class UpstreamStates {
 public:
  UpstreamStates();
  using Addresses = std::map<std::string, std::vector<SocketAddress>, std::less<>>;
  using Map = std::map<std::string, std::shared_ptr<UpstreamState>, std::less<>>;
  // Those that the configuration names. One that somebody has still is the same; a new one is empty until apply().
  Map of(const Config& config);
  // What the configuration now says of its upstreams, which are of(config). addresses: of the servers' names that are
  // no addresses themselves; their ports do not count.
  void apply(const Config& config, const Map& states, const Addresses& addresses);
  // One made for a host:port that no configuration names.
  std::shared_ptr<UpstreamState> computed(std::string_view name, bool tls);
  std::vector<std::shared_ptr<UpstreamState>> configured() const;

 private:
  static constexpr size_t kMostComputed = 1024;
  mutable std::mutex mutex_;
  std::map<std::string, std::weak_ptr<UpstreamState>, std::less<>> known_;  // by the name in a configuration
  Map configured_, computed_;
  GaugeSource gauges_;  // the last to be made, the first to go
};

}  // namespace levee
