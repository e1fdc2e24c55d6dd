// Rules of the process, its memory, its peers and its origins.
#include <algorithm>

#include "conf/lint_rules.h"

namespace levee::conf {

uint64_t workers_of(const Config& config, const LintTerms& terms) {
  return config.worker_processes != 0 ? config.worker_processes : terms.processors;
}

void lint_process(const Config& config, const LintTerms& terms, Findings& findings) {
  const uint64_t workers = workers_of(config, terms);
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

void lint_upstream(const Upstream& upstream, uint64_t workers, const LintTerms& terms, Findings& findings) {
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
  const uint64_t limit = upstream.concurrency && !upstream.concurrency->adaptive ? upstream.concurrency->initial : 0;
  if (upstream.keepalive > 0 && limit > upstream.keepalive * workers) {
    findings.add(place_of(upstream, "keepalive"),
                 "\"keepalive\" " + std::to_string(upstream.keepalive) + " of " + std::to_string(workers) +
                     " workers keeps fewer connections than \"concurrency\" " + std::to_string(limit) +
                     " uses: at full load they are closed and opened again");
  }
  if (upstream.queue.size > 0 && upstream.queue.timeout > terms.segment) {
    findings.add(place_of(upstream, "queue"), "\"queue\" holds requests for " + in_words(upstream.queue.timeout) +
                                                  ", more than a segment's " + in_words(terms.segment) +
                                                  ": what comes out of it is too late for the player that asked");
  }
  if (!upstream.breaker.enabled) {
    findings.add(place_of(upstream, "breaker"),
                 "\"breaker\" off: while the origin is gone every fetch waits for its own time-out, and its return is "
                 "met by all of them at once");
  }
}

}  // namespace levee::conf
