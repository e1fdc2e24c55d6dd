// Which servers an upstream has: those that the rules name, at the addresses that their names have.
#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/origin/upstream_state.h"

namespace levee {
namespace {

bool same_place(const Peer& peer, const UpstreamServer& server, const std::string& name) {
  return peer.server.text == server.text && peer.server.backup == server.backup && peer.name == name;
}

// Each once, and always in the same order: name servers like to turn it, and hashes go by it.
std::vector<SocketAddress> in_order(std::span<const SocketAddress> addresses) {
  std::map<std::string, SocketAddress> sorted;
  for (const SocketAddress& address : addresses) sorted.emplace(to_string(address), address);
  std::vector<SocketAddress> ordered;
  ordered.reserve(sorted.size());
  for (const auto& [name, address] : sorted) ordered.push_back(address);
  return ordered;
}

bool are_same(const std::vector<SocketAddress>& some, const std::vector<SocketAddress>& others) {
  return std::ranges::equal(some, others, {}, to_string, to_string);
}

}  // namespace

std::optional<SocketAddress> literal_address(const UpstreamServer& server) {
  if (!server.unix_path.empty()) return parse_socket_address("unix:" + server.unix_path, 0);
  const bool v6 = server.host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + server.host + "]" : server.host;
  // A bare number would be a port.
  if (host.find_first_of(".:") == std::string::npos) return std::nullopt;
  return parse_socket_address(host, server.port);
}

void UpstreamState::apply(const Upstream& upstream, int64_t now) {
  admission_->apply(upstream);
  std::vector<Place> places;
  for (const UpstreamServer& server : upstream.servers) {
    Place place;
    if (const auto address = literal_address(server)) {
      place.addresses.push_back(*address);
      place.expires = INT64_MAX;
    }
    places.push_back(std::move(place));
  }
  {
    const std::lock_guard lock(mutex_);
    // What a name was found to be holds until it is found to be something else.
    for (size_t i = 0; i < places.size(); ++i) {
      for (size_t k = 0; places[i].addresses.empty() && k < rules_->servers.size(); ++k) {
        if (rules_->servers[k].text == upstream.servers[i].text) places[i].addresses = places_[k].addresses;
      }
    }
    rules_ = std::make_shared<const Upstream>(upstream);
    places_ = std::move(places);
    rebuild(now);
  }
  admission_->servers_changed();
}

void UpstreamState::set_addresses(const Line& line, std::span<const SocketAddress> addresses, int64_t expires,
                                  int64_t now) {
  {
    const std::lock_guard lock(mutex_);
    Place* const place = place_of(line);
    if (place == nullptr) return;
    place->expires = expires;
    place->asked = 0;
    std::vector<SocketAddress> found = in_order(addresses);
    if (are_same(place->addresses, found)) return;
    place->addresses = std::move(found);
    rebuild(now);
  }
  admission_->servers_changed();
}

std::vector<UpstreamState::Line> UpstreamState::unresolved(int64_t now) {
  const std::lock_guard lock(mutex_);
  std::vector<Line> lines;
  const bool urgent = balancer_.peers().empty();
  for (size_t i = 0; i < places_.size(); ++i) {
    // Who asked may be gone, with the worker that it ran on.
    const bool is_asked_for = places_[i].asked != 0 && now - places_[i].asked < kLongestLookUp;
    if ((is_asked_for && !urgent) || places_[i].expires > now) continue;
    places_[i].asked = now;
    lines.push_back({i, rules_->servers[i]});
  }
  return lines;
}

// The mutex is held. Null: it is no more.
UpstreamState::Place* UpstreamState::place_of(const Line& line) {
  const bool is_there = line.index < places_.size() && rules_->servers[line.index].text == line.server.text;
  return is_there ? &places_[line.index] : nullptr;
}

void UpstreamState::resolve_failed(const Line& line, int64_t now) {
  const std::lock_guard lock(mutex_);
  Place* const place = place_of(line);
  if (place == nullptr) return;
  place->expires = now + 1000;
  place->asked = 0;
}

bool UpstreamState::has_peers() const {
  const std::lock_guard lock(mutex_);
  return !balancer_.peers().empty();
}

void UpstreamState::rebuild(int64_t now) {
  Peers known = balancer_.peers();
  const size_t count = known.size();
  // Fetches may be on their way at those that were left out before.
  for (const auto& peer : left_out_) {
    if (auto held = peer.lock()) known.push_back(std::move(held));
  }
  left_out_.clear();
  Peers peers;
  for (size_t i = 0; i < rules_->servers.size(); ++i) {
    const UpstreamServer& server = rules_->servers[i];
    for (const SocketAddress& address : places_[i].addresses) {
      const std::string name = to_string(address);
      const auto at =
          std::ranges::find_if(known, [&](const auto& each) { return each && same_place(*each, server, name); });
      std::shared_ptr<Peer> peer;
      if (at != known.end()) {
        peer = std::move(*at);
        *at = nullptr;
        if (at >= known.begin() + static_cast<ptrdiff_t>(count)) peer->returned = now;
      } else {
        peer = std::make_shared<Peer>();
        peer->name = name;
        peer->address = address;
        peer->returned = count == 0 ? 0 : now;
        peer->healthy = !(rules_->health_check && rules_->health_check->mandatory && count > 0);
      }
      peer->server = server;
      if (!rules_->breaker.enabled) peer->breaker.close();
      peers.push_back(std::move(peer));
    }
  }
  std::ranges::copy_if(known, std::back_inserter(left_out_), [](const auto& each) { return each != nullptr; });
  balancer_.set_peers(*rules_, std::move(peers));
}

}  // namespace levee
