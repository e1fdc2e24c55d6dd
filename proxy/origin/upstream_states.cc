// Which upstreams there are: those of the configuration, over reloads, and those that proxy_pass computed.
#include <netinet/in.h>

#include <chrono>
#include <utility>

#include "proxy/origin/upstream_gauges.h"
#include "proxy/origin/upstream_state.h"

namespace levee {
namespace {

int64_t clock_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void set_port(SocketAddress& address, uint16_t port) {
  if (address.storage.ss_family == AF_INET) reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
  if (address.storage.ss_family == AF_INET6) reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = htons(port);
}

// "host:port", "[v6]:port" or "host" as a server line.
Upstream computed_upstream(std::string_view name, bool tls) {
  Upstream upstream;
  upstream.name = std::string(name);
  upstream.implicit = true;
  UpstreamServer server;
  server.text = upstream.name;
  server.port = tls ? 443 : 80;
  if (name.starts_with("unix:")) {
    std::string_view path = name.substr(5);
    if (path.ends_with(':')) path.remove_suffix(1);
    server.unix_path = std::string(path);
  } else {
    const size_t colon = name.rfind(':');
    const size_t bracket = name.rfind(']');
    std::string_view host = name;
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket) &&
        (bracket != std::string_view::npos || name.find(':') == colon)) {
      host = name.substr(0, colon);
      unsigned port = 0;
      for (const char digit : name.substr(colon + 1)) {
        if (digit < '0' || digit > '9' || port > 6553) {
          port = 0;
          break;
        }
        port = port * 10 + static_cast<unsigned>(digit - '0');
      }
      if (port > 0 && port < 65536) server.port = static_cast<uint16_t>(port);
    }
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    server.host = std::string(host);
  }
  upstream.servers.push_back(std::move(server));
  return upstream;
}

}  // namespace

UpstreamStates::UpstreamStates()
    : gauges_([this](std::vector<Sample>& out) { add_samples(configured(), clock_now(), out); }) {}

UpstreamStates::Map UpstreamStates::of(const Config& config) {
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [](const auto& item) { return item.second.expired(); });
  Map states;
  for (const auto& [name, upstream] : config.http.upstreams) {
    std::weak_ptr<UpstreamState>& known = known_[name];
    auto state = known.lock();
    if (state == nullptr) known = state = std::make_shared<UpstreamState>(name);
    states.emplace(name, std::move(state));
  }
  return states;
}

void UpstreamStates::apply(const Config& config, const Map& states, const Addresses& addresses) {
  const int64_t now = clock_now();
  Map before;
  {
    const std::lock_guard lock(mutex_);
    before = configured_;
  }
  for (const auto& [name, upstream] : config.http.upstreams) {
    const auto& state = states.find(name)->second;
    // Others may have had its part of the PoP's limit meanwhile.
    if (!before.contains(name)) state->admission().forget_part();
    state->apply(upstream, now);
    for (size_t i = 0; i < upstream.servers.size(); ++i) {
      const UpstreamServer& server = upstream.servers[i];
      const auto found = addresses.find(server.host);
      // What was known before holds, if nothing was found now.
      if (found == addresses.end() || found->second.empty() || literal_address(server)) continue;
      std::vector<SocketAddress> places = found->second;
      for (SocketAddress& place : places) set_port(place, server.port);
      state->set_addresses({i, server}, places, server.resolve ? now : INT64_MAX, now);
    }
  }
  const std::lock_guard lock(mutex_);
  configured_ = states;
}

std::shared_ptr<UpstreamState> UpstreamStates::computed(std::string_view name, bool tls) {
  const std::lock_guard lock(mutex_);
  const std::string key = std::string(tls ? "https://" : "http://").append(name);
  if (const auto known = computed_.find(key); known != computed_.end()) return known->second;
  // A client may be able to choose the name: those that nobody uses make room.
  if (computed_.size() >= kMostComputed) {
    std::erase_if(computed_, [](const auto& item) { return item.second.use_count() == 1; });
  }
  auto state = std::make_shared<UpstreamState>(key);
  state->apply(computed_upstream(name, tls), clock_now());
  computed_.emplace(key, state);
  return state;
}

std::vector<std::shared_ptr<UpstreamState>> UpstreamStates::configured() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<UpstreamState>> states;
  for (const auto& [name, state] : configured_) states.push_back(state);
  return states;
}

}  // namespace levee
