#include "bench/rehearse/sizing.h"

#include <algorithm>
#include <cmath>

#include "bench/figures/print.h"

namespace levee::bench {
namespace {

constexpr double kFill = 0.8;  // how much of a card or a processor may be used
// Of less, the ticks that processor time is counted in (10 ms) and what nodes do without viewers are too large a part.
constexpr double kLeastCpuSeconds = 0.5;

// To the digits that are shown, so that who reckons the lines again comes to the same.
double rounded(double value) {
  if (value == 0) return 0;
  const double digit = std::pow(10, std::floor(std::log10(std::abs(value))) - 3);
  return std::round(value / digit) * digit;
}
double whole(double value) {
  return value >= 1 ? std::floor(value) : rounded(value);
}
std::string number_text(double value) {
  return value >= 1000 ? print("%.0f", value) : print("%.4g", value);
}

std::string bytes_text(double bytes) {
  if (bytes >= 1e9) return print("%.4g GB", bytes / 1e9);
  return bytes >= 1e6 ? print("%.4g MB", bytes / 1e6) : print("%.4g kB", bytes / 1e3);
}
std::string rate_text(double bits) {
  if (bits >= 1e9) return print("%.4g Gb/s", bits / 1e9);
  return bits >= 1e6 ? print("%.4g Mb/s", bits / 1e6) : print("%.4g kb/s", bits / 1e3);
}

// "1000000 / 20000 = 50 nodes", "1000 / 800 = 1.25, so 2 nodes"
std::string division(double viewers, double each, double& nodes) {
  const double exact = viewers / each;
  nodes = std::ceil(exact);
  const std::string begin = print("%.0f / %s = ", viewers, number_text(each).c_str());
  const char* const unit = nodes == 1 ? "node" : "nodes";
  if (nodes == exact) return begin + print("%.0f %s", nodes, unit);
  return begin + print("%.2f, so %.0f %s", exact, nodes, unit);
}

void by_link(const Wanted& wanted, Sizing& sizing) {
  const auto viewers = static_cast<double>(wanted.viewers);
  const double carried = whole(wanted.link * kFill / wanted.bitrate);
  const std::string each = bits_text(wanted.bitrate);
  sizing.lines.push_back(print("For %.0f viewers at %s: %.0f x %s = %s.", viewers, each.c_str(), viewers, each.c_str(),
                               bits_text(viewers * wanted.bitrate).c_str()));
  sizing.lines.push_back(print("Network: a card of %s at %.0f %% carries %s viewers; %s.",
                               bits_text(wanted.link).c_str(), kFill * 100, number_text(carried).c_str(),
                               division(viewers, carried, sizing.nodes_by_link).c_str()));
}

// A viewer's cost is of its requests and of its bytes. Taken as if it were all of bytes when these grow, it is too high
// rather than too low.
void by_cores(const Load& seen, bool was_full, const Wanted& wanted, Sizing& sizing) {
  if (!seen.knows_cores || seen.bits_per_second == 0) return;
  if (seen.cpu_seconds < kLeastCpuSeconds) {
    sizing.lines.push_back(
        print("Processors: with %.0f viewers the nodes took %.2f s of processor time in all, too little to tell from: "
              "it takes %.2f s, of a larger audience or a longer plan.",
              seen.viewers, seen.cpu_seconds, kLeastCpuSeconds));
    return;
  }
  const auto viewers = static_cast<double>(wanted.viewers);
  const double of_each = rounded(seen.bits_per_second / seen.viewers);
  const double growth = std::max(rounded(wanted.bitrate / of_each), 1.0);
  // When they were full, it is the busiest second that an audience must get through.
  const double cores = rounded(was_full ? seen.busiest : seen.cores);
  const double seen_per_core = whole(seen.viewers / cores);
  const double per_core = whole(seen_per_core / growth);
  const double carried = whole(per_core * wanted.cores * kFill);
  sizing.lines.push_back(print(
      "Processors: %.0f viewers of %s each kept %s cores of the nodes busy%s: %.0f / %s = %s viewers a core.",
      seen.viewers, rate_text(of_each).c_str(), number_text(cores).c_str(), was_full ? " in the busiest second" : "",
      seen.viewers, number_text(cores).c_str(), number_text(seen_per_core).c_str()));
  const std::string at =
      growth > 1 ? print("At %s, %s times the bytes: %s / %s = %s a core", bits_text(wanted.bitrate).c_str(),
                         number_text(growth).c_str(), number_text(seen_per_core).c_str(), number_text(growth).c_str(),
                         number_text(per_core).c_str())
                 : print("At %s they cost no less", bits_text(wanted.bitrate).c_str());
  sizing.lines.push_back(print("%s; %u cores at %.0f %%: %u x %.1f x %s = %s viewers a node; %s.", at.c_str(),
                               wanted.cores, kFill * 100, wanted.cores, kFill, number_text(per_core).c_str(),
                               number_text(carried).c_str(),
                               division(viewers, carried, sizing.nodes_by_cores).c_str()));
}

std::string at_break(const Break& broke) {
  return print("%s at %.0f viewers", broke.what.c_str(), broke.viewers);
}

std::string processors_text(const Break& broke) {
  if (broke.processors == Break::Processors::kUnknown) return "how busy its processors were was not measured";
  return print("its busiest second took %.2f of %.4g %s, so the processors were %s", broke.busiest, broke.available,
               broke.available == 1 ? "core" : "cores",
               broke.processors == Break::Processors::kFull ? "full" : "not full");
}

// What nodes like those that were tried carry, whatever their processors and cards could.
void by_break(const Load& seen, double nodes, const Wanted& wanted, const Break& broke, Sizing& sizing) {
  const double carried = whole(seen.viewers / nodes);
  const std::string tried = print("Deployment: %.0f %s carried %.0f viewers of %s each, and not %.0f: %s broke; %s",
                                  nodes, nodes == 1 ? "node" : "nodes", seen.viewers,
                                  rate_text(rounded(seen.bits_per_second / seen.viewers)).c_str(), broke.viewers,
                                  broke.what.c_str(), processors_text(broke).c_str());
  if (broke.is_origins || (broke.processors == Break::Processors::kFull && sizing.nodes_by_cores > 0)) {
    sizing.lines.push_back(tried + ".");
    return;
  }
  const std::string of_each =
      nodes == 1 ? "" : print("%.0f / %.0f = %s viewers a node; ", seen.viewers, nodes, number_text(carried).c_str());
  sizing.lines.push_back(tried + ". " + of_each +
                         division(static_cast<double>(wanted.viewers), carried, sizing.nodes_by_break) +
                         " of this kind.");
}

// What each of so many nodes holds.
void of_each_node(const Load& seen, double viewers, Sizing& sizing) {
  if (seen.connections > 0) {
    const double each = rounded(seen.connections / seen.viewers);
    sizing.descriptors = std::ceil(viewers * each - 1e-6);
    sizing.lines.push_back(
        print("Descriptors: %.0f viewers had %.0f connections, %s each: %.0f x %s = %.0f a "
              "node, for worker_rlimit_nofile and worker_connections of all workers, besides those to origins.",
              seen.viewers, seen.connections, number_text(each).c_str(), viewers, number_text(each).c_str(),
              sizing.descriptors));
  }
  if (seen.grown > 0) {
    const double each = rounded(seen.grown / seen.viewers);
    sizing.memory = viewers * each;
    sizing.lines.push_back(
        print("Memory: with %.0f viewers the nodes grew by %s, stored media included, so by %s a "
              "viewer at most: %.0f x %s = %s a node, besides its zones and the kernel's buffers.",
              seen.viewers, bytes_text(seen.grown).c_str(), bytes_text(each).c_str(), viewers, bytes_text(each).c_str(),
              bytes_text(sizing.memory).c_str()));
  }
}

// The last line, and what it names.
void conclude(const Load& seen, const Wanted& wanted, const std::optional<Break>& broke, Sizing& sizing) {
  const double nodes = sizing.nodes();
  std::string words;
  if (sizing.nodes_by_break == nodes) {
    sizing.limited_by = broke->what;
    words = "what broke (" + at_break(*broke) + "), not by " +
            (broke->processors == Break::Processors::kSpare ? "processors or network" : "the network");
  } else {
    sizing.limited_by = sizing.nodes_by_link >= sizing.nodes_by_cores ? "network" : "processors";
    words = "the " + sizing.limited_by;
  }
  // What is not known may take more.
  const bool were_smaller = sizing.nodes_by_break > 0 && wanted.bitrate * seen.viewers > seen.bits_per_second;
  const bool is_all = sizing.nodes_by_cores > 0 && !were_smaller && !(broke && broke->is_origins);
  std::string line =
      print("You need %s%.0f %s%s, limited by %s", is_all ? "" : "at least ", nodes, nodes == 1 ? "node" : "nodes",
            sizing.nodes_by_break == nodes ? " of this kind" : "", words.c_str());
  line += "; and some to spare.";
  if (sizing.nodes_by_cores == 0) {
    line += seen.knows_cores ? " What processors they need is not known: too little of their time was measured."
                             : " What processors they need was not measured.";
  }
  if (broke && broke->is_origins) {
    sizing.is_enough = false;
    sizing.limited_by = broke->what;
    line += " They are not enough: " + at_break(*broke) + " broke first, and more nodes ask the origin for no less.";
  }
  sizing.lines.push_back(line);
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
  load.knows_cores = outcome.resident_before > 0;
  uint64_t most = 0;
  for (const Moment& moment : outcome.seconds) {
    load.viewers = std::max<double>(load.viewers, moment.of.viewers);
    most = std::max(most, moment.node_resident);
    load.busiest = std::max(load.busiest, moment.node_cpu_s);
    load.busiest_of_all = std::max(load.busiest_of_all, moment.node_cpu_s + moment.generator_cpu_s);
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
  load.cpu_seconds = load.cores;
  for (double* const sum : {&load.bits_per_second, &load.cores, &load.generator_cores}) {
    if (seconds > 0) *sum /= seconds;
  }
  return load;
}

std::optional<Break> break_of(const Outcome& outcome, const Load& load, const Machine& machine) {
  const Verdict& verdict = outcome.verdict;
  if (verdict.kind != Verdict::Kind::kBreaks) return std::nullopt;
  const auto unmeasured = [](const Judged& judged) { return judged.kind == Judged::Kind::kUnknown; };
  const Judged& first =
      verdict.first ? verdict.judged[*verdict.first] : *std::ranges::find_if(verdict.judged, unmeasured);
  Break broke;
  broke.what = kMeasures[first.promise.measure].name;
  broke.viewers = load.viewers;
  broke.is_origins = broke.what.starts_with("origin_");
  broke.busiest = load.busiest;
  broke.available = machine.workers > 0 ? std::min(machine.nodes * machine.workers, machine.cores) : machine.cores;
  if (!load.knows_cores) return broke;
  const bool is_full = load.busiest >= kFill * broke.available || load.busiest_of_all >= kFill * machine.cores;
  broke.processors = is_full ? Break::Processors::kFull : Break::Processors::kSpare;
  return broke;
}

Sizing size_up(const Load& seen, double nodes, const Wanted& wanted, const std::optional<Break>& broke) {
  Sizing sizing;
  if (seen.viewers == 0) {
    sizing.lines.emplace_back("The plan has no viewers, only requests: what viewers need does not follow from it.");
    return sizing;
  }
  by_link(wanted, sizing);
  by_cores(seen, broke && broke->processors == Break::Processors::kFull, wanted, sizing);
  if (broke) by_break(seen, nodes, wanted, *broke, sizing);
  of_each_node(seen, std::ceil(static_cast<double>(wanted.viewers) / sizing.nodes()), sizing);
  conclude(seen, wanted, broke, sizing);
  return sizing;
}

}  // namespace levee::bench
