// The search for the largest audience, and what more would need.
#include <gtest/gtest.h>

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

TEST(Sizing, ShowsItsArithmetic) {
  Wanted wanted;
  wanted.viewers = 1'000'000;
  wanted.bitrate = 4'000'000;
  wanted.link = 100e9;
  wanted.cores = 32;
  const Sizing sizing =
      size_up({.viewers = 2000, .bits_per_second = 800e6, .cores = 0.5, .connections = 2200, .grown = 40e6}, wanted);
  EXPECT_EQ(sizing.nodes_by_link, 50);     // 100 Gb/s at 80 % is 20,000 viewers
  EXPECT_EQ(sizing.nodes_by_cores, 98);    // 4,000 a core at 400 kb/s, 400 at 4 Mb/s; 32 x 400 x 80 % = 10,240
  EXPECT_EQ(sizing.descriptors, 11226);    // 1,000,000 / 98 = 10,205 viewers a node, 1.1 connections each
  EXPECT_NEAR(sizing.memory, 204e6, 1e6);  // 20 kB each
  ASSERT_EQ(sizing.lines.size(), 7U);
  EXPECT_EQ(sizing.lines[0], "For 1000000 viewers at 4.0 Mb/s: 1000000 x 4.0 Mb/s = 4.00 Tb/s.");
  EXPECT_EQ(sizing.lines[6], "You need 98 nodes, limited by the processors; and some to spare.");
}

TEST(Sizing, FewerBytesAreNotTakenForFewerRequests) {
  const Sizing sizing = size_up({.viewers = 2000, .bits_per_second = 800e6, .cores = 0.5},
                                {.viewers = 1'000'000, .bitrate = 40'000, .link = 100e9, .cores = 32});
  EXPECT_EQ(sizing.nodes_by_cores, 10);  // 4,000 a core as seen; 32 x 4,000 x 80 % = 102,400
}

TEST(Sizing, KnowsOnlyTheNetworkWhenTheNodesAreNotOurs) {
  const Sizing sizing = size_up({.viewers = 2000, .bits_per_second = 800e6}, {});
  ASSERT_EQ(sizing.lines.size(), 3U);
  EXPECT_TRUE(sizing.lines[2].ends_with(
      "limited by the network; and some to spare. What processors they need was not measured."));
  EXPECT_EQ(sizing.nodes_by_cores, 0);
}

}  // namespace
}  // namespace levee::bench
