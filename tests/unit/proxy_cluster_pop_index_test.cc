// The shared index against a real redis-server: two nodes' views of one key.
#include "proxy/cluster/pop_index.h"
#include "proxy/cluster/redis.h"
#include "tests/unit/redis_fixture.h"

namespace levee {
namespace {

class PopIndexTest : public RedisFixture {
 protected:
  void SetUp() override {
    RedisFixture::SetUp();
    RedisPlan plan;
    plan.addresses = {{"127.0.0.1", port_, "", 0}};
    plan.deadline = 2000;  // a busy machine is no dead Redis
    redis_ = std::make_unique<Redis>(loop_, plan, breakers_);
    ASSERT_TRUE(turn_until([&] { return redis_->usable(""); }));
    a_ = std::make_unique<PopIndex>(*redis_, "levee", "a");
    b_ = std::make_unique<PopIndex>(*redis_, "levee", "b");
  }
  // "have NODE ETAG", "follow NODE", "lead", "uncacheable" or "alone".
  std::string decide(PopIndex& index, std::string_view key, std::string_view excluded = {}, int64_t lease = 1000) {
    std::string got;
    index.decide(key, lease, excluded, [&](Decision decision) { got = std::visit(Say{fence_}, decision); });
    turn_until([&] { return !got.empty(); });
    return got;
  }
  struct Say {
    uint64_t& fence;
    std::string operator()(const Have& have) const { return "have " + have.node + " " + have.etag; }
    std::string operator()(const FollowNode& follow) const { return "follow " + follow.node; }
    std::string operator()(const LeadHere& lead) const {
      EXPECT_GT(lead.fence, fence) << "a later lease has a higher fence";
      fence = lead.fence;
      return "lead";
    }
    std::string operator()(const Uncacheable&) const { return "uncacheable"; }
    std::string operator()(const Varies& varies) const { return "varies " + varies.names; }
    std::string operator()(const Alone&) const { return "alone"; }
  };
  // Of the only key; ms, -1: without an end.
  int64_t life() {
    int64_t ms = -9;
    redis_->command("", {"EVAL", "return redis.call('PTTL', redis.call('KEYS', 'levee:*')[1])", "0"},
                    [&](const redisReply* reply) { ms = reply == nullptr ? -8 : reply->integer; });
    turn_until([&] { return ms != -9; });
    return ms;
  }
  void TearDown() override {
    redis_.reset();
    RedisFixture::TearDown();
  }
  uint64_t fence_ = 0;
  RedisBreakers breakers_;
  std::unique_ptr<Redis> redis_;
  std::unique_ptr<PopIndex> a_, b_;
};

TEST_F(PopIndexTest, TheFirstToAskLeadsAndTheOthersFollow) {
  EXPECT_EQ(decide(*a_, "/1"), "lead");
  EXPECT_EQ(decide(*b_, "/1"), "follow a");
  EXPECT_EQ(decide(*b_, "/2"), "lead");
}

TEST_F(PopIndexTest, NodesOfAnotherVersionSeeNoneOfEachOthersClaims) {
  PopIndex old(*redis_, "levee", "old", "1");
  old.publish("/1", "\"x\"", 10'000);
  old.publish_uncacheable("/2", 10'000);
  EXPECT_EQ(decide(old, "/3"), "lead");
  for (const char* key : {"/1", "/2", "/3"}) EXPECT_EQ(decide(*a_, key), "lead");
  a_->publish("/1", "\"y\"", 10'000);
  EXPECT_EQ(decide(*b_, "/1"), "have a \"y\"");
  PopIndex other(*redis_, "levee", "other", "1");
  EXPECT_EQ(decide(other, "/1"), "have old \"x\"");
}

TEST_F(PopIndexTest, AVersionIsWithdrawnFromAllNodesAndNoOther) {
  a_->publish("/1", "\"old\"", 10'000);
  b_->publish("/1", "\"old\"", 10'000);
  PopIndex c(*redis_, "levee", "c");
  c.withdraw_version("/1", "\"new\"");
  EXPECT_EQ(decide(c, "/1").substr(0, 4), "have");
  c.withdraw_version("/1", "\"old\"");
  EXPECT_EQ(decide(c, "/1"), "lead");
  c.withdraw_version("/1", "\"old\"");
  EXPECT_EQ(decide(*a_, "/1"), "follow c") << "a lease is no claim";
}

TEST_F(PopIndexTest, APublishedKeyIsHadUntilItIsWithdrawn) {
  EXPECT_EQ(decide(*a_, "/1"), "lead");
  a_->publish("/1", "\"x y\"", 10'000);
  EXPECT_EQ(decide(*b_, "/1"), "have a \"x y\"");
  b_->publish("/1", "\"x y\"", 10'000);
  a_->withdraw("/1");
  EXPECT_EQ(decide(*a_, "/1"), "have b \"x y\"");
  b_->withdraw("/1");
  EXPECT_EQ(decide(*a_, "/1"), "lead");
}

TEST_F(PopIndexTest, ANodeIsNeverSentToItself) {
  EXPECT_EQ(decide(*a_, "/1"), "lead");
  EXPECT_EQ(decide(*a_, "/1"), "lead") << "it was restarted, and knows nothing of that lease";
  a_->publish("/2", "\"x\"", 10'000);
  EXPECT_EQ(decide(*a_, "/2"), "lead");
}

TEST_F(PopIndexTest, NodesStandTogetherIfTheyHaveTheSameAndFourAtMost) {
  a_->publish("/1", "\"x\"", 10'000);
  b_->publish("/1", "\"y\"", 10'000);
  EXPECT_EQ(decide(*a_, "/1"), "have b \"y\"");
  PopIndex c(*redis_, "levee", "c");
  EXPECT_EQ(decide(c, "/1", "b"), "lead") << "a has another version";
  a_->publish("/2", "", 10'000);
  b_->publish("/2", "", 10'000);
  EXPECT_EQ(decide(c, "/2", "b"), "lead") << "without a validator nobody knows";
  for (const char* name : {"1", "2", "3", "4", "5", "6"}) {
    PopIndex(*redis_, "levee", name).publish("/3", "\"x\"", 10'000);
  }
  EXPECT_EQ(decide(c, "/3", "6,5,4"), "have 3 \"x\"");
  EXPECT_EQ(decide(c, "/3", "6,5,4,3"), "lead");
}

TEST_F(PopIndexTest, OnlyThatAKeyIsUncacheableIsForgotten) {
  EXPECT_EQ(decide(*a_, "/1"), "lead");
  a_->publish_uncacheable("/2", 10'000);
  for (const char* key : {"/1", "/2"}) b_->forget_uncacheable(key);
  EXPECT_EQ(decide(*b_, "/1"), "follow a");
  EXPECT_EQ(decide(*b_, "/2"), "lead");
}

TEST_F(PopIndexTest, AReleasedOrRunOutLeaseGoesToTheNext) {
  EXPECT_EQ(decide(*a_, "/1"), "lead");
  a_->release("/1", fence_);
  EXPECT_EQ(decide(*b_, "/1", "", 1), "lead");
  EXPECT_TRUE(turn_until([&] { return decide(*a_, "/1") == "lead"; }));
}

TEST_F(PopIndexTest, ADeadLeadersClaimIsSetAside) {
  EXPECT_EQ(decide(*a_, "/1"), "lead");
  EXPECT_EQ(decide(*b_, "/1", "a"), "lead");
  const uint64_t stolen = fence_;
  a_->release("/1", 1);  // the old leader wakes up: its fence is void
  EXPECT_EQ(decide(*a_, "/1"), "follow b");
  b_->release("/1", stolen);
  EXPECT_EQ(decide(*a_, "/1"), "lead");
}

TEST_F(PopIndexTest, AnUncacheableKeyIsLearntOnce) {
  EXPECT_EQ(decide(*a_, "/1"), "lead");
  a_->publish_uncacheable("/1", 10'000);
  EXPECT_EQ(decide(*b_, "/1"), "uncacheable");
}

TEST_F(PopIndexTest, ALeaseLivesAsLongAsWasSaid) {
  EXPECT_EQ(decide(*a_, "/1", "", 30'000), "lead");
  EXPECT_LE(life(), 30'000);
  EXPECT_GT(life(), 10'000);
  a_->renew("/1", fence_, 60'000);
  EXPECT_LE(life(), 60'000);
  EXPECT_GT(life(), 30'000);
}

TEST_F(PopIndexTest, AClaimThatOneOfTwoTakesBackStillRunsOut) {
  a_->publish("/1", "\"x\"", 60'000);
  b_->publish("/1", "\"x\"", 60'000);
  a_->withdraw("/1");
  EXPECT_GT(life(), 10'000);
  EXPECT_LE(life(), 60'000);
}

TEST_F(PopIndexTest, SeveralNodesCanBeExcluded) {
  EXPECT_EQ(decide(*a_, "/1"), "lead");
  EXPECT_EQ(decide(*b_, "/1", "x,a,y"), "lead");
}

TEST_F(PopIndexTest, ALeaseThatRedisLostIsTakenAgainUnlessSomebodyElseHasIt) {
  EXPECT_EQ(decide(*a_, "/1"), "lead");
  const uint64_t fence = fence_;
  redis_->command("", {"FLUSHALL"}, [](const redisReply*) {});
  a_->renew("/1", fence, 1000);
  EXPECT_EQ(decide(*b_, "/1"), "follow a");
  EXPECT_EQ(decide(*b_, "/1", "a"), "lead");
  a_->renew("/1", fence, 1000);
  EXPECT_EQ(decide(*a_, "/1"), "follow b");
}

TEST_F(PopIndexTest, VariantsHaveKeysOfTheirOwn) {
  const std::string gzip = variant_key("/1", "accept-encoding", "gzip");
  const std::string plain = variant_key("/1", "accept-encoding", "");
  EXPECT_EQ(decide(*a_, "/1"), "lead");
  a_->varies("/1", "accept-encoding", gzip, fence_, 1000, 10'000);
  EXPECT_EQ(decide(*b_, "/1"), "varies accept-encoding");
  EXPECT_EQ(decide(*b_, gzip), "follow a");
  EXPECT_EQ(decide(*b_, plain), "lead");
  a_->publish(gzip, "\"g\"", 10'000);
  EXPECT_EQ(decide(*b_, gzip), "have a \"g\"");
  a_->varies("/1", "accept-encoding", gzip, 0, 0, 1);
  EXPECT_EQ(decide(*b_, "/1"), "varies accept-encoding") << "a short-lived variant does not shorten it";
}

TEST_F(PopIndexTest, WithoutRedisEveryoneIsAlone) {
  stop(SIGKILL);
  EXPECT_EQ(decide(*a_, "/1"), "alone");
  EXPECT_EQ(decide(*a_, "/1"), "alone");
}

}  // namespace
}  // namespace levee
