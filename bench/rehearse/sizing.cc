#include "bench/rehearse/sizing.h"

#include <algorithm>
#include <cmath>

#include "bench/figures/print.h"

namespace levee::bench {
namespace {

constexpr double kFill = 0.8;  // how much of a card or a processor may be used

std::string bytes_text(double bytes) {
  if (bytes >= 1e9) return print("%.1f GB", bytes / 1e9);
  return bytes >= 1e6 ? print("%.1f MB", bytes / 1e6) : print("%.1f kB", bytes / 1e3);
}

void by_link(const Wanted& wanted, Sizing& sizing) {
  const auto viewers = static_cast<double>(wanted.viewers);
  const double carried = wanted.link * kFill / wanted.bitrate;
  sizing.nodes_by_link = std::ceil(viewers / carried);
  const std::string each = bits_text(wanted.bitrate);
  sizing.lines.push_back(print("For %.0f viewers at %s: %.0f x %s = %s.", viewers, each.c_str(), viewers, each.c_str(),
                               bits_text(viewers * wanted.bitrate).c_str()));
  sizing.lines.push_back(print("Network: a card of %s at %.0f %% carries %.0f viewers; %.0f / %.0f = %.0f nodes.",
                               bits_text(wanted.link).c_str(), kFill * 100, carried, viewers, carried,
                               sizing.nodes_by_link));
}

// A viewer's cost is of its requests and of its bytes. Taken as if it were all of bytes when these grow, it is too high
// rather than too low.
void by_cores(const Load& seen, const Wanted& wanted, Sizing& sizing) {
  const auto viewers = static_cast<double>(wanted.viewers);
  const double of_each = seen.bits_per_second / seen.viewers;
  const double growth = std::max(wanted.bitrate / of_each, 1.0);
  const double seen_per_core = seen.viewers / seen.cores;
  const double carried = seen_per_core / growth * wanted.cores * kFill;
  sizing.nodes_by_cores = std::ceil(viewers / carried);
  sizing.lines.push_back(
      print("Processors: %.0f viewers of %s each kept %.2f cores busy: %.0f a core, %.0f us of a "
            "core's second each.",
            seen.viewers, bits_text(of_each).c_str(), seen.cores, seen_per_core, 1e6 * seen.cores / seen.viewers));
  sizing.lines.push_back(
      print("At %s, %.1f times the bytes: %.0f / %.1f = %.0f a core; %u cores at %.0f %% carry %.0f; "
            "%.0f / %.0f = %.0f nodes.",
            bits_text(wanted.bitrate).c_str(), growth, seen_per_core, growth, seen_per_core / growth, wanted.cores,
            kFill * 100, carried, viewers, carried, sizing.nodes_by_cores));
}

// What each of so many nodes holds.
void of_each_node(const Load& seen, double viewers, Sizing& sizing) {
  if (seen.connections > 0) {
    const double each = seen.connections / seen.viewers;
    sizing.descriptors = std::ceil(viewers * each);
    sizing.lines.push_back(
        print("Descriptors: %.0f viewers had %.0f connections, %.2f each: %.0f x %.2f = %.0f a "
              "node, for worker_rlimit_nofile and worker_connections of all workers.",
              seen.viewers, seen.connections, each, viewers, each, sizing.descriptors));
  }
  if (seen.grown > 0) {
    const double each = seen.grown / seen.viewers;
    sizing.memory = viewers * each;
    sizing.lines.push_back(
        print("Memory: with %.0f viewers the nodes grew by %s, stored media included, so by %s a "
              "viewer at most: %.0f x %s = %s a node, besides its zones and the kernel's buffers.",
              seen.viewers, bytes_text(seen.grown).c_str(), bytes_text(each).c_str(), viewers, bytes_text(each).c_str(),
              bytes_text(sizing.memory).c_str()));
  }
}

}  // namespace

std::string bits_text(double value) {
  if (value >= 1e12) return print("%.2f Tb/s", value / 1e12);
  if (value >= 1e9) return print("%.2f Gb/s", value / 1e9);
  return value >= 1e6 ? print("%.1f Mb/s", value / 1e6) : print("%.0f kb/s", value / 1e3);
}

Load load_of(const Outcome& outcome) {
  Load load;
  load.connections = static_cast<double>(outcome.connections);
  uint64_t most = 0;
  for (const Moment& moment : outcome.seconds) {
    load.viewers = std::max<double>(load.viewers, moment.of.viewers);
    most = std::max(most, moment.node_resident);
  }
  if (outcome.resident_before > 0 && most > outcome.resident_before) {
    load.grown = static_cast<double>(most - outcome.resident_before);
  }
  double seconds = 0;
  for (const Moment& moment : outcome.seconds) {
    if (moment.of.viewers < 0.9 * load.viewers) continue;
    ++seconds;
    load.bits_per_second += static_cast<double>(moment.of.bytes) * 8;
    load.cores += moment.node_cpu_s;
    load.generator_cores += moment.generator_cpu_s;
  }
  for (double* const sum : {&load.bits_per_second, &load.cores, &load.generator_cores}) {
    if (seconds > 0) *sum /= seconds;
  }
  return load;
}

Sizing size_up(const Load& seen, const Wanted& wanted) {
  Sizing sizing;
  by_link(wanted, sizing);
  const bool knows_cores = seen.cores > 0 && seen.viewers > 0 && seen.bits_per_second > 0;
  if (knows_cores) by_cores(seen, wanted, sizing);
  const double nodes = std::max(sizing.nodes_by_link, sizing.nodes_by_cores);
  if (seen.viewers > 0) of_each_node(seen, std::ceil(static_cast<double>(wanted.viewers) / nodes), sizing);
  const bool is_link = sizing.nodes_by_link >= sizing.nodes_by_cores;
  sizing.lines.push_back(print("You need %.0f nodes, limited by %s; and some to spare.%s", nodes,
                               is_link ? "the network" : "the processors",
                               knows_cores ? "" : " What processors they need was not measured."));
  return sizing;
}

}  // namespace levee::bench
