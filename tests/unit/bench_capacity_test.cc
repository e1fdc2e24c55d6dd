// The search for the largest audience, and what more would need.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bench/rehearse/scale_search.h"
#include "bench/rehearse/sizing.h"

namespace levee::bench {
namespace {

// Tries scales until the search is over; the number of tries.
int search(ScaleSearch& search, double holds_until) {
  int tries = 0;
  while (!search.is_over() && tries < 50) {
    search.tell(search.next() <= holds_until);
    ++tries;
  }
  return tries;
}

TEST(ScaleSearch, ComesWithinATenth) {
  for (const double most : {0.3, 1.0, 3.7, 20.0}) {
    ScaleSearch scales(64);
    EXPECT_LT(search(scales, most), 12) << most;
    EXPECT_LE(scales.best(), most);
    EXPECT_GT(scales.best() * 1.1, most * 0.999);
  }
}

TEST(ScaleSearch, LeavesNoGapWiderThanATenthWhereverTheLimitIs) {
  for (double most = 0.2; most < 60; most *= 1.13) {
    ScaleSearch scales(64);
    EXPECT_LT(search(scales, most), 20) << most;
    EXPECT_LE(scales.best(), most);
    EXPECT_GT(scales.best() * 1.1, most) << most;
  }
}

TEST(ScaleSearch, EndsAtTheMostAndAtTheLeast) {
  ScaleSearch all(10), none(10);
  search(all, 1000);
  EXPECT_EQ(all.best(), 10);
  EXPECT_LT(search(none, 0), 10);
  EXPECT_EQ(none.best(), 0);
}

TEST(ScaleSearch, GoesFasterWhereThereIsMuchToSpare) {
  ScaleSearch idle(1000), busy(1000);
  idle.tell(true, 100);
  busy.tell(true, 1.2);
  EXPECT_EQ(idle.next(), 8);
  EXPECT_EQ(busy.next(), 2);
}

TEST(Load, IsThatOfTheSecondsWhenNearlyAllAreThere) {
  Outcome outcome;
  outcome.connections = 300;
  outcome.resident_before = 1'000;
  for (const uint32_t viewers : {10U, 95U, 100U}) {
    Moment moment;
    moment.of.viewers = viewers;
    moment.of.bytes = 1'000 * viewers;
    moment.node_cpu_s = viewers == 10 ? 9 : 0.2;
    moment.node_resident = 2'000;
    outcome.seconds.push_back(moment);
  }
  const Load load = load_of(outcome);
  EXPECT_EQ(load.viewers, 100);
  EXPECT_DOUBLE_EQ(load.bits_per_second, 8 * 97'500);
  EXPECT_DOUBLE_EQ(load.cores, 0.2);
  EXPECT_EQ(load.connections, 300);
  EXPECT_EQ(load.grown, 1'000);
}

// Of 2,000 viewers who kept half a core busy.
constexpr Load kSeen{
    .viewers = 2000, .bits_per_second = 800e6, .knows_cores = true, .cores = 0.5, .cpu_seconds = 5, .busiest = 0.9};
constexpr Machine kOneWorker{.nodes = 1, .workers = 1, .cores = 4};

Outcome broken(Verdict::Kind kind, const char* measure = "errors") {
  Outcome outcome;
  outcome.verdict.kind = kind;
  outcome.verdict.judged.resize(2);
  outcome.verdict.judged[1].promise.measure = *measure_named(measure);
  outcome.verdict.judged[1].kind = Judged::Kind::kBroken;
  outcome.verdict.first = 1;
  return outcome;
}

TEST(Load, TellsHowMuchProcessorTimeItIsAnAverageOf) {
  Outcome outcome;
  outcome.resident_before = 1'000;
  for (const double cpu : {0.25, 0.5, 0.25}) {
    Moment moment;
    moment.of.viewers = 10;
    moment.node_cpu_s = cpu;
    moment.generator_cpu_s = 0.5 - cpu / 4;
    outcome.seconds.push_back(moment);
  }
  const Load load = load_of(outcome);
  EXPECT_TRUE(load.knows_cores);
  EXPECT_DOUBLE_EQ(load.cpu_seconds, 1);
  EXPECT_DOUBLE_EQ(load.busiest, 0.5);
  EXPECT_DOUBLE_EQ(load.busiest_of_all, 0.875);
  outcome.resident_before = 0;
  EXPECT_FALSE(load_of(outcome).knows_cores);
}

TEST(Break, IsOfAPromiseThatBrokeAndOfNoGeneratorThatWasLate) {
  EXPECT_FALSE(break_of(broken(Verdict::Kind::kNone), kSeen, kOneWorker));
  const auto broke = break_of(broken(Verdict::Kind::kBreaks), kSeen, kOneWorker);
  ASSERT_TRUE(broke);
  EXPECT_EQ(broke->what, "errors");
  EXPECT_EQ(broke->viewers, 2000);
  EXPECT_FALSE(broke->is_origins);
  EXPECT_TRUE(break_of(broken(Verdict::Kind::kBreaks, "origin_requests"), kSeen, kOneWorker)->is_origins);
}

TEST(Break, NamesWhatNothingMeasured) {
  Outcome outcome = broken(Verdict::Kind::kBreaks, "start_up_p99");
  outcome.verdict.first.reset();
  outcome.verdict.judged[1].kind = Judged::Kind::kUnknown;
  EXPECT_EQ(break_of(outcome, kSeen, kOneWorker)->what, "start_up_p99");
}

TEST(Break, TellsWhetherTheProcessorsWereFull) {
  using Processors = Break::Processors;
  const auto at = [](Load load, Machine machine) {
    return break_of(broken(Verdict::Kind::kBreaks), load, machine)->processors;
  };
  EXPECT_EQ(at(kSeen, kOneWorker), Processors::kFull);                               // 0.9 of its worker's one
  EXPECT_EQ(at(kSeen, {.nodes = 1, .workers = 2, .cores = 4}), Processors::kSpare);  // of two
  EXPECT_EQ(at(kSeen, {.nodes = 3, .workers = 1, .cores = 4}), Processors::kSpare);  // of three nodes' three
  EXPECT_EQ(at(kSeen, {.nodes = 1, .workers = 0, .cores = 4}), Processors::kSpare);  // one worker a processor
  EXPECT_EQ(at(kSeen, {.nodes = 3, .workers = 1, .cores = 1}), Processors::kFull);   // who share one
  Load shared = kSeen;
  shared.busiest_of_all = 3.3;  // this program took the rest of four
  EXPECT_EQ(at(shared, {.nodes = 1, .workers = 2, .cores = 4}), Processors::kFull);
  EXPECT_EQ(at({.viewers = 2000, .bits_per_second = 800e6}, kOneWorker), Processors::kUnknown);
}

TEST(Sizing, ShowsItsArithmetic) {
  Load seen = kSeen;
  seen.connections = 2200;
  seen.grown = 40e6;
  const Sizing sizing = size_up(seen, 1, {}, {});
  EXPECT_EQ(sizing.nodes_by_link, 50);     // 100 Gb/s at 80 % is 20,000 viewers
  EXPECT_EQ(sizing.nodes_by_cores, 98);    // 4,000 a core at 400 kb/s, 400 at 4 Mb/s; 32 x 400 x 80 % = 10,240
  EXPECT_EQ(sizing.descriptors, 11226);    // 1,000,000 / 98 = 10,205 viewers a node, 1.1 connections each
  EXPECT_NEAR(sizing.memory, 204e6, 1e6);  // 20 kB each
  EXPECT_EQ(
      sizing.lines,
      (std::vector<std::string>{
          "For 1000000 viewers at 4.0 Mb/s: 1000000 x 4.0 Mb/s = 4.00 Tb/s.",
          "Network: a card of 100.00 Gb/s at 80 % carries 20000 viewers; 1000000 / 20000 = 50 nodes.",
          "Processors: 2000 viewers of 400 kb/s each kept 0.5 cores of the nodes busy: 2000 / 0.5 = 4000 viewers a "
          "core.",
          "At 4.0 Mb/s, 10 times the bytes: 4000 / 10 = 400 a core; 32 cores at 80 %: 32 x 0.8 x 400 = 10240 viewers a "
          "node; 1000000 / 10240 = 97.66, so 98 nodes.",
          "Descriptors: 2000 viewers had 2200 connections, 1.1 each: 10205 x 1.1 = 11226 a node, for "
          "worker_rlimit_nofile and worker_connections of all workers, besides those to origins.",
          "Memory: with 2000 viewers the nodes grew by 40 MB, stored media included, so by 20 kB a viewer at most: "
          "10205 x "
          "20 kB = 204.1 MB a node, besides its zones and the kernel's buffers.",
          "You need 98 nodes, limited by the processors; and some to spare."}));
  EXPECT_EQ(sizing.limited_by, "processors");
}

TEST(Sizing, ReckonsWithTheDigitsThatItShows) {
  Load seen{.viewers = 9044, .bits_per_second = 4.41e9, .knows_cores = true, .cores = 0.23496, .cpu_seconds = 3};
  seen.grown = 43.95e6;
  const Sizing sizing = size_up(seen, 1, {.viewers = 1'000'000, .bitrate = 3.7e6, .link = 100e9, .cores = 32}, {});
  EXPECT_TRUE(sizing.lines[1].ends_with("carries 21621 viewers; 1000000 / 21621 = 46.25, so 47 nodes."));
  EXPECT_TRUE(sizing.lines[2].ends_with("9044 / 0.235 = 38485 viewers a core."));
  EXPECT_TRUE(sizing.lines[3].starts_with("At 3.7 Mb/s, 7.588 times the bytes: 38485 / 7.588 = 5071 a core; "));
  EXPECT_TRUE(
      sizing.lines[3].ends_with("32 x 0.8 x 5071 = 129817 viewers a node; 1000000 / 129817 = 7.70, so 8 nodes."));
  EXPECT_NE(sizing.lines[4].find("21277 x 4.86 kB = 103.4 MB a node"), std::string::npos) << sizing.lines[4];
}

TEST(Sizing, FewerBytesAreNotTakenForFewerRequests) {
  const Sizing sizing = size_up(kSeen, 1, {.viewers = 1'000'000, .bitrate = 40'000, .link = 100e9, .cores = 32}, {});
  EXPECT_EQ(sizing.nodes_by_cores, 10);  // 4,000 a core as seen; 32 x 4,000 x 80 % = 102,400
  EXPECT_TRUE(sizing.lines[3].starts_with("At 40 kb/s they cost no less; 32 cores"));
}

TEST(Sizing, KnowsOnlyTheNetworkWhenTheNodesAreNotOurs) {
  const Sizing sizing = size_up({.viewers = 2000, .bits_per_second = 800e6}, 1, {}, {});
  ASSERT_EQ(sizing.lines.size(), 3U);
  EXPECT_EQ(sizing.lines[2],
            "You need at least 50 nodes, limited by the network; and some to spare. What processors they need was not "
            "measured.");
  EXPECT_EQ(sizing.nodes_by_cores, 0);
}

TEST(Sizing, DoesNotExtrapolateFromAFewTicksOfProcessorTime) {
  Load seen{.viewers = 10, .bits_per_second = 1e6, .knows_cores = true, .cores = 0.01, .cpu_seconds = 0.49};
  const Sizing little = size_up(seen, 1, {}, {});
  EXPECT_EQ(little.nodes_by_cores, 0);
  EXPECT_EQ(
      little.lines[2],
      "Processors: with 10 viewers the nodes took 0.49 s of processor time in all, too little to tell from: it takes "
      "0.50 s, of a larger audience or a longer plan.");
  EXPECT_EQ(
      little.lines.back(),
      "You need at least 50 nodes, limited by the network; and some to spare. What processors they need is not known: "
      "too little of their time was measured.");
  seen.cpu_seconds = 0.5;
  EXPECT_GT(size_up(seen, 1, {}, {}).nodes_by_cores, 0);
}

TEST(Sizing, NothingFollowsForViewersFromRequestsAlone) {
  const Sizing sizing =
      size_up({.bits_per_second = 800e6, .knows_cores = true, .cores = 1, .cpu_seconds = 9}, 1, {}, {});
  EXPECT_EQ(sizing.lines, std::vector<std::string>{
                              "The plan has no viewers, only requests: what viewers need does not follow from it."});
  EXPECT_EQ(sizing.nodes(), 0);
  EXPECT_EQ(sizing.limited_by, "");
}

// 60 viewers held, 64 did not, and the nodes had nothing to do.
constexpr Load kSixty{
    .viewers = 60, .bits_per_second = 60 * 80e3, .knows_cores = true, .cores = 0.01, .cpu_seconds = 0.1};

TEST(Sizing, WhatBrokeWithIdleProcessorsIsTheLimitOfANode) {
  const Break broke{
      .what = "errors", .viewers = 64, .processors = Break::Processors::kSpare, .busiest = 0.02, .available = 1};
  const Sizing sizing = size_up(kSixty, 1, {}, broke);
  EXPECT_EQ(sizing.nodes_by_break, 16667);
  EXPECT_EQ(sizing.limited_by, "errors");
  EXPECT_EQ(sizing.lines[3],
            "Deployment: 1 node carried 60 viewers of 80 kb/s each, and not 64: errors broke; its busiest second took "
            "0.02 of 1 "
            "core, so the processors were not full. 1000000 / 60 = 16666.67, so 16667 nodes of this kind.");
  EXPECT_TRUE(
      sizing.lines.back().starts_with("You need at least 16667 nodes of this kind, limited by what broke (errors at 64 "
                                      "viewers), not by processors or network; and some to spare."))
      << sizing.lines.back();
}

TEST(Sizing, WhatBrokeIsOfAllNodesThatSharedTheAudience) {
  const Sizing sizing = size_up(kSixty, 3, {}, Break{.what = "errors", .viewers = 64});
  EXPECT_EQ(sizing.nodes_by_break, 50'000);
  EXPECT_NE(
      sizing.lines[3].find("how busy its processors were was not measured. 60 / 3 = 20 viewers a node; 1000000 / 20 = "
                           "50000 nodes of this kind."),
      std::string::npos)
      << sizing.lines[3];
  EXPECT_NE(sizing.lines.back().find("(errors at 64 viewers), not by the network;"), std::string::npos);
}

TEST(Sizing, FullProcessorsAreALimitByTheirBusiestSecond) {
  const Break broke{
      .what = "errors", .viewers = 2100, .processors = Break::Processors::kFull, .busiest = 1, .available = 1};
  const Sizing sizing = size_up(kSeen, 1, {}, broke);
  EXPECT_EQ(sizing.nodes_by_break, 0);
  EXPECT_TRUE(sizing.lines[2].ends_with(
      "kept 0.9 cores of the nodes busy in the busiest second: 2000 / 0.9 = 2222 viewers a core."));
  EXPECT_EQ(sizing.nodes_by_cores, 176);  // 222 a core at 4 Mb/s; 32 x 222 x 80 % = 5,683
  EXPECT_TRUE(sizing.lines[4].ends_with("its busiest second took 1.00 of 1 core, so the processors were full."));
  EXPECT_EQ(sizing.lines.back(), "You need 176 nodes, limited by the processors; and some to spare.");
}

TEST(Sizing, NoNumberOfNodesIsEnoughForWhatTheOriginBears) {
  const Break broke{
      .what = "origin_requests", .viewers = 64, .is_origins = true, .processors = Break::Processors::kSpare};
  const Sizing sizing = size_up(kSeen, 1, {}, broke);
  EXPECT_EQ(sizing.nodes_by_break, 0);
  EXPECT_FALSE(sizing.is_enough);
  EXPECT_EQ(sizing.limited_by, "origin_requests");
  EXPECT_EQ(sizing.lines.back(),
            "You need at least 98 nodes, limited by the processors; and some to spare. They are not enough: "
            "origin_requests at "
            "64 viewers broke first, and more nodes ask the origin for no less.");
}

}  // namespace
}  // namespace levee::bench
