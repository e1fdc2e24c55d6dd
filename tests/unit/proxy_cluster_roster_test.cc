// Heartbeats over a real redis-server, and shares of a limit as arithmetic.
#include "proxy/cluster/redis.h"
#include "proxy/cluster/roster.h"
#include "tests/unit/redis_fixture.h"

namespace levee {
namespace {

Nodes nodes(std::initializer_list<std::pair<const char*, uint32_t>> demands) {
  Nodes all;
  for (const auto& [name, wanted] : demands) all[name] = Node{"http://127.0.0.1:1", {{"origin", wanted}}};
  return all;
}

TEST(Roster, ALimitIsSharedByDemand) {
  Roster roster;
  roster.heard(nodes({{"a", 30}, {"b", 10}}));
  EXPECT_EQ(roster.share("origin", 8, 30, "a"), 6U);
  EXPECT_EQ(roster.share("origin", 8, 10, "b"), 2U);
  EXPECT_EQ(roster.share("other", 8, 0, "a"), 4U) << "all are idle: whoever is first may not take it all";
  EXPECT_EQ(roster.share("other", 8, 1, "a"), 7U) << "one is kept for each node that wants nothing now";
}

TEST(Roster, EveryNodeMayFetchSomething) {
  Roster roster;
  roster.heard(nodes({{"a", 1000}, {"b", 1}, {"c", 0}}));
  EXPECT_EQ(roster.share("origin", 4, 1, "b"), 1U);
  EXPECT_EQ(roster.share("origin", 4, 0, "c"), 1U);
}

TEST(Roster, WithoutRedisTheLimitIsDividedByTheNodesLastSeen) {
  Roster roster;
  EXPECT_EQ(roster.share("origin", 8, 5, "a"), 8U) << "never saw another";
  roster.heard(nodes({{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}}));
  roster.lost();
  EXPECT_EQ(roster.share("origin", 8, 5, "a"), 2U);
}

TEST(Roster, WhatANodeSaysIsReadBackAsItWasSaid) {
  const Node said{"http://10.0.0.1:9", {{"a=b", 3}, {"c", 0}}};
  const auto read = parse_node(format_node(said));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->address, said.address);
  EXPECT_EQ(read->demand, said.demand);
  for (const char* bad : {"", " a=1", "x a", "x a=", "x a=-1", "x a=1z"}) EXPECT_FALSE(parse_node(bad)) << bad;
}

using HeartTest = RedisFixture;

TEST_F(HeartTest, NodesLearnOfEachOtherAndOfADeath) {
  RedisBreakers breakers;
  RedisPlan plan;
  plan.addresses = {{"127.0.0.1", port_, "", 0}};
  plan.deadline = 1000;
  Redis redis(loop_, plan, breakers);
  ASSERT_TRUE(turn_until([&] { return redis.usable(""); }));
  Roster seen_by_a, seen_by_b;
  Heart a(
      loop_, redis, "levee", "a", "http://127.0.0.1:1", seen_by_a,
      [] {
        return Demand{{"origin", 3}};
      },
      [] {});
  {
    Heart b(
        loop_, redis, "levee", "b", "http://127.0.0.1:2", seen_by_b, [] { return Demand{}; }, [] {});
    ASSERT_TRUE(turn_until([&] { return seen_by_a.nodes() && seen_by_a.nodes()->size() == 2; }));
    ASSERT_TRUE(turn_until([&] { return seen_by_b.nodes() && seen_by_b.nodes()->size() == 2; }));
    EXPECT_EQ(seen_by_a.nodes()->at("b").address, "http://127.0.0.1:2");
    EXPECT_EQ(seen_by_b.nodes()->at("a").demand.at("origin"), 3U);
  }
  EXPECT_TRUE(turn_until([&] { return seen_by_a.nodes()->size() == 1; }));
}

}  // namespace
}  // namespace levee
