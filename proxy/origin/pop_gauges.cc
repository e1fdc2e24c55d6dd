#include "proxy/origin/pop_gauges.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "proxy/cluster/pop.h"

namespace levee {
namespace {

// Seconds since purges of other nodes were last known to be known here; since this node joined, if never.
double purge_lag(const Pop& pop) {
  using namespace std::chrono;
  const auto now = duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
  return static_cast<double>(std::max<int64_t>(now - pop.purges().current_at(), 0)) / 1000;
}

}  // namespace

void add_samples(const Pop& pop, std::vector<Sample>& out) {
  const auto& counts = pop.counts;
  struct Line {
    const char* name;
    const std::atomic<uint64_t>& value;
    const char* help;
  };
  const Line lines[] = {
      {"levee_pop_asked_total", counts.asked, "Questions to the shared index."},
      {"levee_pop_had_total", counts.had, "Answers: another node has it."},
      {"levee_pop_followed_total", counts.followed, "Answers: another node is fetching it."},
      {"levee_pop_led_total", counts.led, "Answers: this node is to fetch it."},
      {"levee_pop_uncacheable_total", counts.uncacheable, "Answers: it is not for sharing."},
      {"levee_pop_alone_total", counts.alone, "Questions without an answer: the fetch went on alone."},
      {"levee_pop_peer_bytes_total", counts.peer_bytes, "Bytes received from peers."},
      {"levee_pop_peer_failures_total", counts.peer_failures, "Peers that were given up in a fetch."},
      {"levee_pop_resumed_total", counts.resumed, "Bodies that went on after a peer was lost in their middle."},
      {"levee_pop_served_total", counts.served, "Responses given to peers."},
      {"levee_pop_refused_total", counts.refused, "Questions of peers with a wrong secret."},
      {"levee_pop_withdrawn_total", counts.withdrawn, "Claims taken back from the index, of what has left a store."},
      {"levee_pop_said_again_total", counts.said_again, "Claims made again on hits, after Redis had lost them."},
      {"levee_pop_purges_applied_total", counts.purges_applied, "Purges of other nodes that were carried out here."},
      {"levee_pop_purges_suspected_total", counts.purges_suspected,
       "Times that all was made stale, since purges may have been missed."},
  };
  for (const Line& line : lines) {
    out.push_back({line.name, {}, static_cast<double>(line.value.load(std::memory_order_relaxed)), line.help});
  }
  const std::shared_ptr<const Nodes> nodes = pop.roster().nodes();
  out.push_back({"levee_pop_nodes",
                 {},
                 static_cast<double>(nodes ? nodes->size() : 0),
                 "Nodes that are alive; 0: not known, since Redis is away."});
  for (const Node& node : nodes ? *nodes : Nodes()) {
    out.push_back({"levee_pop_node", {{"node", node.name}, {"address", node.address}}, 1, "A node that is alive."});
  }
  if (pop.indexed()) {
    out.push_back({"levee_pop_purges_waiting",
                   {},
                   static_cast<double>(pop.purges().waiting()),
                   "Purges of this node that are not delivered to the others yet."});
    out.push_back(
        {"levee_pop_purge_lag_seconds", {}, purge_lag(pop), "Since when purges of other nodes may be unknown here."});
  }
  out.push_back({"levee_pop_lease_seconds", {}, static_cast<double>(pop.lease()) / 1000, "Life of a lease."});
  for (const auto& [address, breaker] : pop.breakers().states()) {
    out.push_back({"levee_redis_up", {{"server", address}}, breaker.closed ? 1.0 : 0.0, "Whether it is asked."});
    out.push_back({"levee_redis_breaker_openings_total",
                   {{"server", address}},
                   static_cast<double>(breaker.openings),
                   "Times that it was given up for a while."});
  }
}

}  // namespace levee
