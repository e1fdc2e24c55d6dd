#include "proxy/origin/upstream_gauges.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace levee {
namespace {

constexpr std::array<std::string_view, kClasses.size()> kClassNames{"playlist", "live", "other", "background"};

void add_admission(const std::string& name, const AdmissionSnapshot& now, std::vector<Sample>& out) {
  const auto add = [&](const char* metric, double value, const char* help) {
    out.push_back({metric, {{"upstream", name}}, value, help});
  };
  add("levee_upstream_in_flight", now.in_flight, "Fetches that have a slot now.");
  add("levee_upstream_idle", now.idle, "Fetches that have a slot and wait for slow readers.");
  add("levee_upstream_admitted_total", static_cast<double>(now.admitted), "Fetches that got a slot.");
  add("levee_upstream_overloaded_stale_total", static_cast<double>(now.overloaded_stale),
      "Fetches refused for want of a slot whose viewers got a stale copy.");
  add("levee_upstream_waited_seconds_total", static_cast<double>(now.waited_ms) / 1000,
      "Time that fetches with a slot had waited for it.");
  if (now.limited) {
    add("levee_upstream_limit", now.limit, "Fetches that may be under way at a time.");
    add("levee_upstream_baseline_seconds", now.baseline / 1000, "Time to the response head without a queue.");
  }
  for (size_t i = 0; i < kClasses.size(); ++i) {
    const std::vector<std::pair<std::string, std::string>> labels{{"upstream", name},
                                                                  {"class", std::string(kClassNames[i])}};
    out.push_back({"levee_upstream_queued", labels, static_cast<double>(now.queued[i]), "Fetches that wait now."});
    out.push_back({"levee_upstream_waits_total", labels, static_cast<double>(now.waits[i]), "Fetches that waited."});
    out.push_back({"levee_upstream_sheds_total", labels, static_cast<double>(now.sheds[i]),
                   "Fetches refused: no room to wait, or no slot in time."});
  }
}

void add_server(const std::string& name, const PeerSnapshot& now, std::vector<Sample>& out) {
  const std::vector<std::pair<std::string, std::string>> labels{{"upstream", name}, {"server", now.name}};
  const auto add = [&](const char* metric, double value, const char* help) {
    out.push_back({metric, labels, value, help});
  };
  const bool up = !now.down && now.healthy && now.within_max_fails && now.breaker == ServerBreaker::State::kClosed;
  add("levee_server_up", up ? 1 : 0, "Whether fetches go there.");
  add("levee_server_connections", now.connections, "Fetches that it has now.");
  add("levee_server_fetches_total", static_cast<double>(now.picks), "Fetches that were sent there.");
  add("levee_server_failures_total", static_cast<double>(now.failures), "Of these, failed.");
  add("levee_server_breaker_state", static_cast<double>(now.breaker), "0: closed, 1: open, 2: half open.");
  add("levee_server_breaker_openings_total", static_cast<double>(now.breaker_openings), "Times that it opened.");
}

// Two names may have one address: a server is shown once, with all that it has.
void merge(PeerSnapshot& into, const PeerSnapshot& other) {
  into.down = into.down && other.down;
  into.healthy = into.healthy || other.healthy;
  into.within_max_fails = into.within_max_fails || other.within_max_fails;
  into.breaker = std::min(into.breaker, other.breaker);
  into.breaker_openings += other.breaker_openings;
  into.picks += other.picks;
  into.failures += other.failures;
  into.connections += other.connections;
}

}  // namespace

void add_samples(const std::vector<std::shared_ptr<UpstreamState>>& upstreams, int64_t now, std::vector<Sample>& out) {
  for (const auto& upstream : upstreams) {
    add_admission(upstream->name(), upstream->admission().snapshot(), out);
    std::map<std::string, PeerSnapshot> servers;
    for (const PeerSnapshot& server : upstream->snapshot(now)) {
      const auto [known, is_new] = servers.emplace(server.name, server);
      if (!is_new) merge(known->second, server);
    }
    for (const auto& [name, server] : servers) add_server(upstream->name(), server, out);
  }
}

}  // namespace levee
