// Heartbeats, and the slots of a shared limit that go with them, over a real redis-server.
#include "proxy/cluster/redis.h"
#include "proxy/cluster/roster.h"
#include "tests/unit/redis_fixture.h"

namespace levee {
namespace {

// A node that has so many fetches to make at a time, which end when the test says so.
struct Member {
  Member(Loop& loop, Redis& redis, const std::string& name, uint32_t slots, uint32_t wants,
         const std::string& instance = "1")
      : limit(slots),
        wanted(wants),
        heart(loop, redis, "levee", name, "http://" + name + ":1", instance, roster, hands()) {}

  Heart::Hands hands() {
    Heart::Hands of;
    of.say = [this] { return std::vector<SlotsWanted>{{"origin", limit, wanted, std::max(in_flight, part)}}; };
    of.heard = [this](const SlotsGranted& grants, bool is_doubled) {
      doubled += is_doubled ? 1 : 0;
      part = grants.at("origin");
      in_flight = std::max(in_flight, std::min(part, wanted));
      ++heard;
      heart.hurry(20);
    };
    of.missed = [] {};
    return of;
  }
  size_t sees() const { return roster.nodes() ? roster.nodes()->size() : 0; }

  uint32_t limit, wanted, part = 0, in_flight = 0;
  unsigned heard = 0, doubled = 0;
  Roster roster;
  Heart heart;
};

class HeartTest : public RedisFixture {
 protected:
  void SetUp() override {
    RedisFixture::SetUp();
    RedisPlan plan;
    plan.addresses = {{"127.0.0.1", port_, "", 0}};
    plan.deadline = 1000;
    redis_ = std::make_unique<Redis>(loop_, plan, breakers_);
    ASSERT_TRUE(turn_until([&] { return redis_->usable(""); }));
  }
  void TearDown() override {
    redis_.reset();
    RedisFixture::TearDown();
  }
  std::unique_ptr<Member> join(const std::string& name, uint32_t slots, uint32_t wants) {
    return std::make_unique<Member>(loop_, *redis_, name, slots, wants);
  }
  RedisBreakers breakers_;
  std::unique_ptr<Redis> redis_;
};

TEST_F(HeartTest, NodesLearnOfEachOtherAndOfADeath) {
  const auto a = join("a", 8, 0);
  {
    const auto b = join("b", 8, 0);
    ASSERT_TRUE(turn_until([&] { return a->sees() == 2 && b->sees() == 2; }));
    EXPECT_EQ(a->roster.nodes()->at(1).name, "b");
    EXPECT_EQ(a->roster.nodes()->at(1).address, "http://b:1");
  }
  EXPECT_TRUE(turn_until([&] { return a->sees() == 1; }));
  EXPECT_EQ(a->part, 8U);
}

TEST_F(HeartTest, ALimitIsSharedByDemand) {
  const auto a = join("a", 8, 30), b = join("b", 8, 10);
  a->in_flight = b->in_flight = 0;
  EXPECT_TRUE(turn_until([&] {
    a->in_flight = b->in_flight = 0;  // fetches are short
    return a->part == 6 && b->part == 2;
  })) << a->part
      << " " << b->part;
}

TEST_F(HeartTest, WhoWantsNothingKeepsOneSlotAndIdleNodesShareEqually) {
  const auto a = join("a", 9, 0), b = join("b", 9, 0), c = join("c", 9, 0);
  EXPECT_TRUE(turn_until([&] { return a->part == 3 && b->part == 3 && c->part == 3; }));
  a->wanted = 50;
  EXPECT_TRUE(turn_until([&] { return a->part == 7 && b->part == 1 && c->part == 1; }));
}

TEST_F(HeartTest, WhoeverJoinsTakesOnlyWhatIsGivenBack) {
  const auto a = join("a", 8, 20);
  ASSERT_TRUE(turn_until([&] { return a->in_flight == 8; }));
  const auto b = join("b", 8, 20);
  const auto sum_holds = [&] { return a->in_flight + b->in_flight <= 8; };
  ASSERT_TRUE(turn_until([&] { return b->heard > 3 && a->part == 4; }));
  EXPECT_EQ(b->part, 0U) << "the slots are given up, but still in use";
  for (; a->in_flight > 4; --a->in_flight) {
    const unsigned heard = b->heard;
    ASSERT_TRUE(turn_until([&] { return b->heard > heard + 2; }));
    ASSERT_TRUE(sum_holds());
  }
  EXPECT_TRUE(turn_until([&] { return b->in_flight == 4; }));
  EXPECT_TRUE(sum_holds());
}

TEST_F(HeartTest, ManyThatStartTogetherNeverHoldMoreThanThereIs) {
  std::vector<std::unique_ptr<Member>> all;
  for (const char* name : {"a", "b", "c", "d"}) all.push_back(join(name, 8, 10));
  uint32_t most = 0;
  EXPECT_TRUE(turn_until([&] {
    uint32_t sum = 0;
    bool even = true;
    for (const auto& one : all) {
      sum += std::max(one->in_flight, one->part);
      even = even && one->part == 2;
      if (one->in_flight > one->part) --one->in_flight;
    }
    most = std::max(most, sum);
    return even;
  }));
  EXPECT_LE(most, 8U);
}

TEST_F(HeartTest, OfALimitBelowTheNumberOfNodesEachHasOne) {
  const auto a = join("a", 1, 5), b = join("b", 1, 5);
  EXPECT_TRUE(turn_until([&] { return a->sees() == 2 && a->part == 1 && b->part == 1; }));
}

TEST_F(HeartTest, AnotherInstanceUnderOnesNameIsSeenForAsLongAsItBeats) {
  const auto a = join("a", 8, 0), b = join("b", 8, 0);
  {
    Member twin(loop_, *redis_, "a", 8, 0, "2");
    ASSERT_TRUE(turn_until([&] { return a->doubled > 3 && twin.doubled > 3; }));
  }
  const unsigned before = a->doubled, heard = a->heard;
  ASSERT_TRUE(turn_until([&] { return a->heard > heard + 5; }));
  EXPECT_LE(a->doubled, before + 1) << "its last beat";
  EXPECT_EQ(b->doubled, 0U);
}

TEST_F(HeartTest, ANodeOfAVersionThatSaysNoInstanceIsReadAllTheSame) {
  ASSERT_TRUE(turn_until([&] { return link_->usable(); }));
  ASSERT_EQ(ask({"EVAL",
                 "local now = redis.call('TIME')[1] * 1000 "
                 "return redis.call('HSET', KEYS[1], 'a http://a:1', now .. ' http://a:1 origin=0/0', "
                 "'b http://b:1', now .. ' http://b:1 origin=7/7') .. ''",
                 "1", "levee:nodes"}),
            "+2");
  const auto a = join("a", 8, 3);
  ASSERT_TRUE(turn_until([&] { return a->heard > 0; }));
  EXPECT_EQ(a->sees(), 2U);
  EXPECT_EQ(a->part, 1U) << "what the other holds";
  EXPECT_EQ(a->doubled, 1U);
}

TEST_F(HeartTest, WhatIsNoNodesTextIsThrownAway) {
  ASSERT_TRUE(turn_until([&] { return link_->usable(); }));
  ASSERT_EQ(ask({"HSET", "levee:nodes", "x", "nonsense", "y", "99999999999999999999999999 a o=1/-1", "z",
                 "4102444800000 http://z:1 origin=1/1"}),  // of the year 2100
            "+");
  const auto a = join("a", 8, 1);
  EXPECT_TRUE(turn_until([&] { return a->sees() == 1; }));
  EXPECT_EQ(a->part, 8U);
}

}  // namespace
}  // namespace levee
