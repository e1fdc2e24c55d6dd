// What a node says of its part of an origin's limit, and when that may grow.
#include "proxy/origin/pop_shares.h"
#include "tests/unit/pop_fixture.h"

namespace levee {
namespace {

class PopSharesTest : public PopFixture {
 protected:
  uint32_t part() { return admission().snapshot().limit; }
  // Until the next answer to a beat, or the next of the PoP's silence: whatever changes what is known of the nodes.
  bool hear() {
    const std::shared_ptr<const Nodes> before = pop().roster().nodes();
    return work_until([&] { return pop().roster().nodes() != before; });
  }
  // Another node says what it wants and holds of the eight slots. It lives for twice as long as from one beat.
  void another_says(const std::string& slots) {
    ASSERT_TRUE(work_until([&] { return part() == 8; }));
    ASSERT_TRUE(hear());
    ASSERT_EQ(ask({"EVAL",
                   "local t = redis.call('TIME') "
                   "return redis.call('HSET', KEYS[1], 'b http://b:1', "
                   "string.format('%d http://b:1 origin=%s', t[1] * 1000 + t[2] / 1000 + 2400, ARGV[1])) .. ''",
                   "1", "levee:nodes", slots}),
              "+1");
    ASSERT_TRUE(work_until([&] { return pop().roster().last_seen() == 2; }));
    ASSERT_EQ(part(), 1U);
  }
};

TEST_F(PopSharesTest, SlotsThatWereGrantedAreHeldUntilTheNodeKnowsThatItHasFewer) {
  another_says("7/0");
  const auto said = [&] { return ask({"HGET", "levee:nodes", std::string("a ") + kAddress}); };
  EXPECT_TRUE(said().ends_with(" origin=0/8")) << said() << ": a fetch may have begun while the beat was on its way";
  ASSERT_TRUE(hear());
  EXPECT_TRUE(said().ends_with(" origin=0/1")) << said();
}

TEST_F(PopSharesTest, WithoutRedisNobodyTakesMoreBeforeAllHaveGivenBack) {
  another_says("7/7");
  ASSERT_TRUE(hear());
  const int64_t heard_at = worker_->now();
  stop(SIGKILL);
  ASSERT_TRUE(work_until([&] { return pop().roster().nodes() == nullptr; })) << "Redis is known to be away";
  EXPECT_EQ(part(), 1U);
  ASSERT_TRUE(work_until([&] { return part() == 4; }));
  EXPECT_GE(worker_->now() - heard_at, 2 * Heart::kDeath);
}

TEST_F(PopSharesTest, WhatANodeLeavesIsTakenOnlyWhenItWouldBeDeadInAnyCase) {
  another_says("7/7");
  ASSERT_EQ(ask({"DEL", "levee:nodes"}), "+");  // as when Redis is emptied: the other may well be alive
  ASSERT_TRUE(work_until([&] { return pop().roster().last_seen() == 1; }));
  const int64_t gone_at = worker_->now();
  EXPECT_EQ(part(), 1U);
  ASSERT_TRUE(work_until([&] { return part() == 8; }));
  EXPECT_GE(worker_->now() - gone_at, Heart::kDeath);
}

}  // namespace
}  // namespace levee
