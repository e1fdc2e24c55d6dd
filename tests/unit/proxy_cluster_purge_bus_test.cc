// Purges through the stream of a real redis-server: between nodes, to one that was away, after losses of the stream.
#include "proxy/cluster/purge_bus.h"
#include "tests/unit/redis_fixture.h"

namespace levee {
namespace {

class PurgeBusTest : public RedisFixture {
 protected:
  struct Node {
    PurgeLedger ledger;
    std::string did, told;  // orders; how its own were delivered
    int suspected = 0, lost = 0;
    bool busy = false;
    RedisBreakers breakers;
    std::unique_ptr<Redis> redis;
    std::unique_ptr<PurgeBus> bus;
  };

  void SetUp() override {
    RedisFixture::SetUp();
    ASSERT_TRUE(turn_until([&] { return link_->usable(); }));
  }
  void TearDown() override {
    nodes_.clear();
    RedisFixture::TearDown();
  }
  Node& add() {
    Node& node = *nodes_.emplace_back(std::make_unique<Node>());
    connect(node);
    return node;
  }
  // A link of a node's own; its breaker too, so that one node can be away.
  void connect(Node& node) {
    RedisPlan plan;
    plan.addresses = {{"127.0.0.1", port_, "", 0}};
    plan.deadline = 500;
    node.redis = std::make_unique<Redis>(loop_, plan, node.breakers);
    PurgeBus::Hands hands;
    hands.carry_out = [&node](std::string_view order) {
      if (!node.busy) node.did.append(order).append(" ");
      return !node.busy;
    };
    hands.suspect_all = [&node] { return ++node.suspected > 0; };
    hands.lost = [&node] { ++node.lost; };
    hands.wake = [] {};  // the next look is soon
    node.bus = std::make_unique<PurgeBus>(loop_, *node.redis, "test", node.ledger, std::move(hands), kHolds);
  }
  void say(Node& node, const std::string& order) {
    ASSERT_TRUE(node.ledger.issue(order, loop_.now(), [&node](bool done) { node.told += done ? '+' : '-'; }));
  }
  bool joined(const Node& node) {
    return turn_until([&] { return !node.bus->position().empty(); });
  }
  bool does(const Node& node, const std::string& orders) {
    return turn_until([&] { return node.did == orders; });
  }

  static constexpr size_t kHolds = 300;
  std::vector<std::unique_ptr<Node>> nodes_;
};

TEST_F(PurgeBusTest, AnOrderReachesTheOthersOnceAndNotItsOwnNode) {
  Node &a = add(), &b = add(), &c = add();
  ASSERT_TRUE(joined(a) && joined(b) && joined(c));
  say(a, "one");
  EXPECT_TRUE(does(b, "one ") && does(c, "one "));
  say(b, "two");
  EXPECT_TRUE(does(a, "two ") && does(c, "one two "));
  EXPECT_EQ(a.told, "+");
  EXPECT_EQ(b.did, "one ");
  EXPECT_EQ(a.suspected + b.suspected + c.suspected, 0);
}

TEST_F(PurgeBusTest, ANodeThatWasAwayAppliesWhatItMissed) {
  Node &a = add(), &b = add();
  ASSERT_TRUE(joined(a) && joined(b));
  const std::string before = b.bus->position();
  b.busy = true;  // as good as away: it does not get on
  say(a, "one");
  say(a, "two");
  EXPECT_TRUE(turn_until([&] { return a.told == "++"; }));
  EXPECT_EQ(b.bus->position(), before);
  b.busy = false;
  EXPECT_TRUE(does(b, "one two "));
  EXPECT_EQ(b.suspected, 0);
}

TEST_F(PurgeBusTest, TheNextBusOfANodeGoesOnWhereTheLastOneWas) {
  Node &a = add(), &b = add();
  ASSERT_TRUE(joined(a) && joined(b));
  say(a, "one");
  ASSERT_TRUE(does(b, "one "));
  b.bus.reset();
  say(a, "two");
  ASSERT_TRUE(turn_until([&] { return a.told == "++"; }));
  const int64_t end = now_ms() + 1500;  // more than clocks may be late
  ASSERT_TRUE(turn_until([&] { return now_ms() > end; }));
  connect(b);
  EXPECT_TRUE(does(b, "one two "));
  EXPECT_EQ(b.suspected, 0);
  EXPECT_EQ(b.ledger.waiting(), 0U) << "what stands there is not said again";
  EXPECT_EQ(b.lost, 0);
}

TEST_F(PurgeBusTest, ANewNodeHasWhatWasSaidSinceItBegan) {
  Node& a = add();
  ASSERT_TRUE(joined(a));
  say(a, "one");
  EXPECT_TRUE(turn_until([&] { return a.told == "+"; }));
  Node& b = add();
  EXPECT_TRUE(does(b, "one ")) << "it began less than the slack ago";
  EXPECT_EQ(b.suspected, 0);
}

TEST_F(PurgeBusTest, WhoWasAwayForMoreThanTheStreamHoldsSuspectsAllAndGoesOn) {
  Node &a = add(), &b = add();
  ASSERT_TRUE(joined(a) && joined(b));
  b.busy = true;
  for (size_t i = 0; i < 3 * kHolds; ++i) say(a, "x");
  EXPECT_TRUE(turn_until([&] { return a.ledger.waiting() == 0; }));
  long long length = 0;
  link_->command({"XLEN", "test:purges"}, [&](const redisReply* reply) { length = reply->integer; });
  EXPECT_TRUE(turn_until([&] { return length > 0; }));
  EXPECT_LT(length, 2 * static_cast<long long>(kHolds)) << "the stream is bounded";
  EXPECT_TRUE(turn_until([&] { return b.suspected > 0; }));
  EXPECT_EQ(b.did, "");
  b.busy = false;
  say(a, "last");
  EXPECT_TRUE(turn_until([&] { return b.did.ends_with("x last "); }));
  EXPECT_EQ(a.suspected, 0);
}

TEST_F(PurgeBusTest, WhenRedisHasLostTheStreamWhatIsKnownIsSaidAgain) {
  Node &a = add(), &b = add();
  ASSERT_TRUE(joined(a) && joined(b));
  b.busy = true;
  say(a, "one");
  EXPECT_TRUE(turn_until([&] { return a.told == "+"; }));
  ask({"FLUSHALL"});
  b.busy = false;
  EXPECT_TRUE(does(b, "one "));
  say(b, "two");
  EXPECT_TRUE(does(a, "two "));
  EXPECT_EQ(a.lost, 1);
  EXPECT_EQ(a.suspected + b.suspected, 0) << "they were away for less than nodes remember";
}

TEST_F(PurgeBusTest, WhatIsOrderedWhileRedisIsAwayIsToldAtOnceAndDeliveredLater) {
  Node &a = add(), &b = add();
  ASSERT_TRUE(joined(a) && joined(b));
  stop(SIGKILL);
  EXPECT_TRUE(turn_until([&] { return !a.redis->usable("test:purges"); }));
  say(a, "one");
  EXPECT_TRUE(turn_until([&] { return a.told == "-"; }));
  EXPECT_EQ(a.ledger.waiting(), 1U);
  start();
  EXPECT_TRUE(does(b, "one "));
  EXPECT_TRUE(turn_until([&] { return a.ledger.waiting() == 0; }));
  EXPECT_EQ(a.told, "-");
  EXPECT_EQ(a.suspected + b.suspected, 0);
}

TEST_F(PurgeBusTest, AStreamFromAClockThatWentBackIsReadFromItsBeginning) {
  Node& a = add();
  ASSERT_TRUE(joined(a));
  ask({"DEL", "test:purges"});
  ask({"XADD", "test:purges", "1-1", "e", "another", "i", "", "o", ""});
  ask({"XADD", "test:purges", "2-1", "e", "another", "i", "x.1", "o", "late"});
  EXPECT_TRUE(does(a, "late "));
}

}  // namespace
}  // namespace levee
