#include "proxy/origin/upstream_state.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace levee {

uint64_t resource_of(std::string_view target) {
  return XXH3_64bits(target.data(), target.size());
}

Seat& Seat::operator=(Seat&& other) noexcept {
  leave();
  upstream_ = std::move(other.upstream_);
  peer_ = std::move(other.peer_);
  who_ = other.who_;
  resource_ = other.resource_;
  began_ = other.began_;
  judged_ = other.judged_;
  return *this;
}

void Seat::judge(Outcome outcome, int64_t now, int64_t retry_after) {
  if (!peer_ || judged_) return;
  judged_ = true;
  upstream_->judge(*this, outcome, now, retry_after);
}

void Seat::leave() {
  if (!peer_) return;
  if (!judged_) upstream_->judge(*this, Outcome::kUnknown, 0, 0);
  upstream_->leave(*this);
  peer_.reset();
  upstream_.reset();
  judged_ = false;
}

std::shared_ptr<const Upstream> UpstreamState::rules() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

// Whether a server that may be asked is not for this request now.
bool UpstreamState::is_withheld(const Peer& peer, Asked what, int64_t now) {
  return peer.hung.holds(what.resource, now) || (what.waited_for && peer.breaker.is_for_background(now));
}

UpstreamState::Pick UpstreamState::choose(uint64_t hash, Asked what, std::span<const std::shared_ptr<const Peer>> tried,
                                          Subscriber who, int64_t now) {
  std::vector<const Peer*> before;
  for (const auto& peer : tried) before.push_back(peer.get());
  const std::lock_guard lock(mutex_);
  for (const auto& peer : balancer_.peers()) {
    if (is_withheld(*peer, what, now)) before.push_back(peer.get());
  }
  Choice choice = balancer_.choose(*rules_, hash, before, now, dice_);
  Pick pick;
  pick.vacancy = choice.vacancy;
  if (choice.peer != nullptr) {
    ++choice.peer->connections;
    ++choice.peer->picks;
    choice.peer->breaker.start(now);
    choice.peer->hung.begin(what.resource, now);
    choice.peer->awaited.insert_or_assign({who.waker, who.token}, Peer::Awaited{what.resource, now});
    pick.seat = Seat(shared_from_this(), std::move(choice.peer), who, what.resource, now);
    return pick;
  }
  // Others could go to those that are not for this request: it does not wait before all of them.
  pick.is_crowded = pick.vacancy == Vacancy::kBusy && (before.empty() || !balancer_.has_room(now));
  if (pick.vacancy == Vacancy::kBusy && !pick.is_crowded && !tried.empty()) pick.vacancy = Vacancy::kTried;
  if (pick.vacancy == Vacancy::kTried && tried.empty()) pick.vacancy = Vacancy::kDown;  // from all of them
  pick.retry_at = pick.vacancy == Vacancy::kBusy ? back_at(now) : retry_at(now);
  pick.departures = departures_;
  return pick;
}

// The mutex is held.
int64_t UpstreamState::retry_at(int64_t now) const {
  int64_t first = 0;
  for (const auto& peer : balancer_.peers()) {
    const int64_t at = peer->breaker.retry_at();
    if (at > now && (first == 0 || at < first)) first = at;
  }
  return first;
}

// The mutex is held. When the first of the servers that are left out now may be asked again; 0: none is, or nobody
// knows.
int64_t UpstreamState::back_at(int64_t now) const {
  int64_t first = 0;
  for (const auto& peer : balancer_.peers()) {
    if (peer->server.down || !peer->healthy) continue;
    const int64_t forgiven = within_max_fails(*peer, now) ? 0 : peer->checked + peer->server.fail_timeout.count() + 1;
    const int64_t at = std::max(peer->breaker.retry_at(), forgiven);
    if (at > now && (first == 0 || at < first)) first = at;
  }
  return first;
}

bool UpstreamState::is_away(const Peer& peer, int64_t patience, int64_t now) const {
  const std::lock_guard lock(mutex_);
  return peer.breaker.state(now) == ServerBreaker::State::kOpen && patience <= 2 * peer.paid;
}

bool UpstreamState::is_back(const Peer& peer, int64_t began) const {
  const std::lock_guard lock(mutex_);
  return !peer.breaker.is_open() && peer.opened <= began && began < peer.closed;
}

bool UpstreamState::is_suspect(uint64_t resource, int64_t now) const {
  const std::lock_guard lock(mutex_);
  const Peers& peers = balancer_.peers();
  return !peers.empty() && std::none_of(peers.begin(), peers.end(), [&](const auto& peer) {
    return !peer->server.down && peer->healthy && peer->breaker.state(now) == ServerBreaker::State::kClosed &&
           (peers.size() == 1 || within_max_fails(*peer, now)) && !peer->hung.knows(resource);
  });
}

std::optional<int64_t> UpstreamState::down_until(Asked what, int64_t now) const {
  const std::lock_guard lock(mutex_);
  const Peers& peers = balancer_.peers();
  const bool up = std::any_of(peers.begin(), peers.end(), [&](const auto& peer) {
    return !peer->server.down && peer->healthy && peer->breaker.admits(now) && !is_withheld(*peer, what, now);
  });
  if (up || peers.empty()) return std::nullopt;
  return retry_at(now);
}

void UpstreamState::judge(Seat& seat, Outcome outcome, int64_t now, int64_t retry_after) {
  using Kind = ServerBreaker::Failure::Kind;
  const Kind kind = outcome == Outcome::kAway      ? Kind::kUnreachable
                    : outcome == Outcome::kSilent  ? Kind::kTimeout
                    : outcome == Outcome::kTimeout ? Kind::kTimeout
                                                   : Kind::kBad;
  const uint64_t resource = outcome == Outcome::kSilent ? 0 : seat.resource_;
  std::map<std::pair<Waker*, uint64_t>, Peer::Awaited> awaited;
  bool is_back = false;
  {
    const std::lock_guard lock(mutex_);
    Peer& peer = *seat.peer_;
    peer.awaited.erase({seat.who_.waker, seat.who_.token});
    const bool was_open = peer.breaker.is_open();
    const bool was_out = was_open || !within_max_fails(peer, now);
    if (outcome == Outcome::kTimeout && rules_->breaker.enabled) peer.hung.hung(resource, rules_->breaker, now);
    if (outcome == Outcome::kUnknown) peer.hung.release(resource);
    if (outcome != Outcome::kTimeout && outcome != Outcome::kUnknown) peer.hung.answered(resource);
    learn(peer, outcome, now, {kind, resource, seat.began_, retry_after, others_wait(peer, seat, now)});
    if (peer.breaker.is_open() != was_open) {
      (was_open ? peer.closed : peer.opened) = now;
      if (!was_open) peer.paid = now - seat.began_;
      awaited = peer.awaited;
    }
    is_back = was_out && !peer.breaker.is_open() && within_max_fails(peer, now);
  }
  if (is_back) admission_->servers_changed();
  // They need not find out for themselves.
  for (const auto& [who, what] : awaited) who.first->wake({&who.second, 1});
}

// Whether somebody who wants another resource has waited at least half as long.
bool UpstreamState::others_wait(const Peer& peer, const Seat& seat, int64_t now) {
  return std::ranges::any_of(peer.awaited, [&](const auto& each) {
    return each.second.resource != seat.resource_ && 2 * (now - each.second.began) >= now - seat.began_;
  });
}

void UpstreamState::learn(Peer& peer, Outcome outcome, int64_t now, const ServerBreaker::Failure& failure) {
  const bool was_down = !within_max_fails(peer, now) || peer.breaker.is_open();
  switch (outcome) {
    case Outcome::kGood:
      peer.breaker.succeeded(rules_->breaker, now);
      if (peer.last_fail < peer.checked) peer.fails = 0;
      if (was_down && !peer.breaker.is_open()) peer.returned = now;
      return;
    case Outcome::kAway:
    case Outcome::kSilent:
    case Outcome::kTimeout:
    case Outcome::kBad:
      ++peer.failures;
      ++peer.fails;
      peer.last_fail = peer.checked = now;
      if (peer.server.max_fails > 0) {
        const int64_t weight = peer.server.weight * 1000;
        peer.penalty = std::min(peer.penalty + weight / peer.server.max_fails, weight);
      }
      peer.breaker.failed(rules_->breaker, now, failure, dice());
      return;
    case Outcome::kRefused:
      ++peer.failures;
      peer.breaker.failed(rules_->breaker, now, failure, dice());
      return;
    case Outcome::kUnknown:
      peer.breaker.end_trial(failure.began);
      return;
  }
}

void UpstreamState::leave(Seat& seat) {
  uint64_t departures = 0;
  {
    const std::lock_guard lock(mutex_);
    --seat.peer_->connections;
    if (seat.peer_->server.max_conns > 0) departures = ++departures_;
  }
  if (departures > 0) admission_->room_made(departures);
}

bool UpstreamState::has_others(std::span<const std::shared_ptr<const Peer>> tried, const Peer* now_at,
                               int64_t now) const {
  const std::lock_guard lock(mutex_);
  for (const auto& peer : balancer_.peers()) {
    const bool was = peer.get() == now_at || std::find(tried.begin(), tried.end(), peer) != tried.end();
    if (!was && !peer->server.down && peer->healthy && peer->breaker.admits(now) && within_max_fails(*peer, now) &&
        !is_full(*peer)) {
      return true;
    }
  }
  return false;
}

void UpstreamState::deposit_retry(int64_t now) {
  const std::lock_guard lock(mutex_);
  retries_.deposit(rules_->retry_budget, now);
}

bool UpstreamState::withdraw_retry(int64_t now) {
  const std::lock_guard lock(mutex_);
  return retries_.withdraw(rules_->retry_budget, now);
}

bool UpstreamState::set_healthy(const std::string& name, bool healthy, int64_t now) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& peer : balancer_.peers()) {
      if (peer->name != name || peer->healthy == healthy) continue;
      changed = true;
      peer->healthy = healthy;
      if (healthy) peer->returned = now;
    }
  }
  if (changed) admission_->servers_changed();
  return changed;
}

void UpstreamState::set_all_healthy(int64_t now) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& peer : balancer_.peers()) {
      if (peer->healthy) continue;
      changed = peer->healthy = true;
      peer->returned = now;
    }
  }
  if (changed) admission_->servers_changed();
}

std::vector<std::shared_ptr<const Peer>> UpstreamState::peers() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const Peer>> peers;
  for (const auto& peer : balancer_.peers()) {
    if (!peer->server.down) peers.push_back(peer);
  }
  return peers;
}

std::vector<PeerSnapshot> UpstreamState::snapshot(int64_t now) const {
  const std::lock_guard lock(mutex_);
  std::vector<PeerSnapshot> lines;
  for (const auto& peer : balancer_.peers()) {
    PeerSnapshot line;
    line.name = peer->name;
    line.backup = peer->server.backup;
    line.down = peer->server.down;
    line.healthy = peer->healthy;
    line.within_max_fails = within_max_fails(*peer, now);
    line.breaker = peer->breaker.state(now);
    line.breaker_openings = peer->breaker.openings();
    line.picks = peer->picks;
    line.failures = peer->failures;
    line.connections = peer->connections;
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace levee
