#include "proxy/origin/balancer.h"

#include <xxhash.h>

#include <algorithm>

namespace levee {
namespace {

constexpr int64_t kUnit = 1000;         // of a weight
constexpr uint64_t kPoints = 160;       // on a ring for each of its units
constexpr uint64_t kMostWeight = 2000;  // of all, that a ring shows in full

}  // namespace

bool is_full(const Peer& peer) {
  return peer.server.max_conns != 0 && peer.connections >= peer.server.max_conns;
}

bool within_max_fails(const Peer& peer, int64_t now) {
  const UpstreamServer& server = peer.server;
  return server.max_fails == 0 || peer.fails < server.max_fails || now - peer.checked > server.fail_timeout.count();
}

int64_t weight_now(const Peer& peer, int64_t now) {
  int64_t weight = peer.server.weight * kUnit - peer.penalty;
  const int64_t slow = peer.server.slow_start.count();
  if (slow > 0 && peer.returned != 0 && now - peer.returned < slow) {
    weight = static_cast<int64_t>(static_cast<double>(weight) * static_cast<double>(now - peer.returned) /
                                  static_cast<double>(slow));
  }
  return std::max<int64_t>(weight, 1);
}

void HashRing::build(const Peers& peers) {
  points_.clear();
  uint64_t total = 0;
  for (const auto& peer : peers) total += peer->server.backup ? 0 : peer->server.weight;
  for (uint32_t i = 0; i < peers.size(); ++i) {
    if (peers[i]->server.backup) continue;
    const uint64_t weight = peers[i]->server.weight;
    const uint64_t points =
        total <= kMostWeight ? kPoints * weight : std::max(kPoints * kMostWeight * weight / total, uint64_t{1});
    for (uint64_t point = 0; point < points; ++point) {
      points_.emplace_back(XXH3_64bits_withSeed(peers[i]->name.data(), peers[i]->name.size(), point), i);
    }
  }
  std::sort(points_.begin(), points_.end());
}

size_t HashRing::find(uint64_t hash) const {
  const auto at = std::lower_bound(points_.begin(), points_.end(), std::pair<uint64_t, uint32_t>(hash, 0));
  return static_cast<size_t>(at - points_.begin());
}

void Balancer::set_peers(const Upstream& upstream, Peers peers) {
  peers_ = std::move(peers);
  single_ = peers_.size() == 1;
  const auto* hash = std::get_if<Hash>(&upstream.balance);
  if (hash != nullptr && hash->consistent) ring_.build(peers_);
}

Vacancy Balancer::eligible(bool backup, bool forgiving, std::span<const Peer* const> tried, int64_t now,
                           Eligible& out) const {
  Vacancy why = Vacancy::kDown;
  for (uint32_t i = 0; i < peers_.size(); ++i) {
    const Peer& peer = *peers_[i];
    if (peer.server.backup != backup || peer.server.down || !peer.healthy || !peer.breaker.admits(now)) continue;
    if (!single_ && !forgiving && !within_max_fails(peer, now)) continue;
    if (std::find(tried.begin(), tried.end(), &peer) != tried.end()) {
      if (why == Vacancy::kDown) why = Vacancy::kTried;
    } else if (is_full(peer)) {
      why = Vacancy::kBusy;
    } else {
      out.push_back(i);
    }
  }
  return out.empty() ? why : Vacancy::kFound;
}

Vacancy Balancer::candidates(std::span<const Peer* const> tried, int64_t now, Eligible& out) const {
  // When all have failed of late, fail_timeout must not keep them away: it is the breakers that know.
  Vacancy vacancy = Vacancy::kDown;
  for (const auto& [backup, forgiving] : {std::pair(false, false), {true, false}, {false, true}, {true, true}}) {
    if (!out.empty() || (forgiving && vacancy != Vacancy::kDown)) break;
    const Vacancy now_vacancy = eligible(backup, forgiving, tried, now, out);
    if (vacancy == Vacancy::kDown || !out.empty()) vacancy = now_vacancy;
  }
  return vacancy;
}

bool Balancer::has_room(int64_t now) const {
  Eligible among;
  return candidates({}, now, among) == Vacancy::kFound;
}

Choice Balancer::choose(const Upstream& upstream, uint64_t hash, std::span<const Peer* const> tried, int64_t now,
                        std::minstd_rand& dice) {
  Eligible among;
  const Vacancy vacancy = candidates(tried, now, among);
  if (vacancy != Vacancy::kFound) return {nullptr, vacancy};

  const uint32_t index = std::visit(
      [&](const auto& rule) -> uint32_t {
        using Rule = std::decay_t<decltype(rule)>;
        if (among.size() == 1) return among.front();
        if constexpr (std::is_same_v<Rule, LeastConn>) return least_connections(among, now);
        if constexpr (std::is_same_v<Rule, IpHash>) return by_hash(hash, among, now);
        if constexpr (std::is_same_v<Rule, Random>) return random(rule, among, now, dice);
        if constexpr (std::is_same_v<Rule, Hash>)
          return rule.consistent ? by_ring(hash, among) : by_hash(hash, among, now);
        return round_robin(among, now);
      },
      upstream.balance);
  Peer& peer = *peers_[index];
  // After fail_timeout one request tries whether it is back; the next ones wait for its outcome.
  if (now - peer.checked > peer.server.fail_timeout.count()) peer.checked = now;
  return {peers_[index], Vacancy::kFound};
}

uint32_t Balancer::round_robin(const Eligible& among, int64_t now) {
  int64_t total = 0;
  uint32_t best = among.front();
  for (const uint32_t i : among) {
    Peer& peer = *peers_[i];
    const int64_t weight = weight_now(peer, now);
    peer.current += weight;
    total += weight;
    peer.penalty = std::max<int64_t>(0, peer.penalty - kUnit);
    if (peer.current > peers_[best]->current) best = i;
  }
  peers_[best]->current -= total;
  return best;
}

uint32_t Balancer::least_connections(const Eligible& among, int64_t now) {
  Eligible least;
  for (const uint32_t i : among) {
    const Peer& peer = *peers_[i];
    if (!least.empty()) {
      const Peer& best = *peers_[least.front()];
      const int64_t mine = peer.connections * weight_now(best, now), its = best.connections * weight_now(peer, now);
      if (mine > its) continue;
      if (mine < its) least.clear();
    }
    least.push_back(i);
  }
  return round_robin(least, now);
}

uint32_t Balancer::random(const Random& rule, const Eligible& among, int64_t now, std::minstd_rand& dice) {
  int64_t total = 0;
  for (const uint32_t i : among) total += weight_now(*peers_[i], now);
  const auto draw = [&]() {
    int64_t at = std::uniform_int_distribution<int64_t>(0, total - 1)(dice);
    for (const uint32_t i : among) {
      at -= weight_now(*peers_[i], now);
      if (at < 0) return i;
    }
    return among.back();
  };
  const uint32_t first = draw();
  if (!rule.two) return first;
  uint32_t second = draw();
  for (int again = 0; second == first && again < 8; ++again) second = draw();
  const Peer &a = *peers_[first], &b = *peers_[second];
  return b.connections * weight_now(a, now) < a.connections * weight_now(b, now) ? second : first;
}

// As nginx: the place among all servers by weight; where that one is not up, the hash is mixed again.
uint32_t Balancer::by_hash(uint64_t hash, const Eligible& among, int64_t now) {
  const bool backup = peers_[among.front()]->server.backup;
  uint64_t total = 0;
  for (const auto& peer : peers_) total += peer->server.backup == backup ? peer->server.weight : 0;
  for (uint64_t attempt = 0; total > 0 && attempt < 20; ++attempt) {
    uint64_t at = XXH3_64bits_withSeed(&hash, sizeof hash, attempt) % total;
    for (uint32_t i = 0; i < peers_.size(); ++i) {
      const UpstreamServer& server = peers_[i]->server;
      if (server.backup != backup) continue;
      if (at < server.weight) {
        if (std::find(among.begin(), among.end(), i) != among.end()) return i;
        break;
      }
      at -= server.weight;
    }
  }
  return round_robin(among, now);
}

uint32_t Balancer::by_ring(uint64_t hash, const Eligible& among) {
  uint32_t found = among.front();
  ring_.walk(XXH3_64bits(&hash, sizeof hash), [&](uint32_t index) {
    if (std::find(among.begin(), among.end(), index) == among.end()) return false;
    found = index;
    return true;
  });
  return found;
}

}  // namespace levee
