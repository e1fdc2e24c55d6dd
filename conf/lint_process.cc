// Rules of the process, its memory, its peers and its origins.
#include <algorithm>

#include "conf/lint_rules.h"

namespace levee::conf {

void lint_process(const Config& config, const LintTerms& terms, Findings& findings) {
  const uint64_t workers = config.worker_processes != 0 ? config.worker_processes : terms.processors;
  const uint64_t connections = workers * config.worker_connections;
  if (config.worker_rlimit_nofile != 0 && config.worker_rlimit_nofile < connections) {
    findings.add(config.places.at("worker_rlimit_nofile"),
                 "\"worker_rlimit_nofile\" " + std::to_string(config.worker_rlimit_nofile) + " is below the " +
                     std::to_string(connections) + " connections of " + std::to_string(workers) +
                     " workers: viewers are turned away for want of descriptors before a worker is full");
  }
}

void lint_zones(const Http& http, const LintTerms& terms, Findings& findings) {
  uint64_t sum = 0;
  for (const auto& [name, zone] : http.zones) {
    sum += zone.ram;
    if (sum <= terms.memory) continue;
    findings.add(zone.place, "with zone \"" + name + "\" the caches may take " + std::to_string(sum >> 20U) +
                                 "m, and there are " + std::to_string(terms.memory >> 20U) +
                                 "m of memory: the process is killed when they are full");
  }
}

void lint_cluster(const Http& http, Findings& findings) {
  const auto peers = http.places.find("peer_listen");
  if (peers != http.places.end() && http.cluster.peer_secret_file.empty()) {
    findings.add(peers->second,
                 "\"peer_listen\" without \"peer_secret\": whoever reaches the port is taken for a peer");
  }
}

void lint_upstream(const Upstream& upstream, Findings& findings) {
  if (!upstream.concurrency) {
    const std::string remedy = upstream.implicit ? "name it in an upstream block with \"concurrency\"" : "";
    findings.add(upstream.place, "no \"concurrency\" for \"" + upstream.name +
                                     "\": a crowd that asks for different things may ask for more than the origin can "
                                     "carry" +
                                     (remedy.empty() ? "" : "; " + remedy));
  }
  if (upstream.keepalive == 0) {
    findings.add(place_of(upstream, "keepalive"),
                 "\"keepalive\" 0: every fetch opens a connection of its own, at the worst when the origin is busy");
  }
}

}  // namespace levee::conf
