#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "proxy/cluster/breaker.h"

namespace levee {
namespace {

std::vector<std::string>& lines() {
  static std::vector<std::string> said;
  return said;
}

class RedisBreakerTest : public ::testing::Test {
 protected:
  void SetUp() override { lines().clear(); }
  RedisBreaker breaker_{"r:1", [](bool, const std::string& line) { lines().push_back(line); }};
};

TEST_F(RedisBreakerTest, OpensAfterFailuresInARowAndSaysSoOnce) {
  breaker_.failed(1, "slow");
  breaker_.failed(2, "slow");
  breaker_.succeeded();
  breaker_.failed(3, "slow");
  breaker_.failed(4, "slow");
  EXPECT_TRUE(breaker_.allows()) << "not in a row";
  for (int i = 0; i < 10; ++i) breaker_.failed(5, "slow");
  EXPECT_FALSE(breaker_.allows());
  EXPECT_EQ(lines(), (std::vector<std::string>{"Redis r:1 is not asked for now: slow"}));
  EXPECT_EQ(breaker_.openings(), 1U);
}

TEST_F(RedisBreakerTest, AnotherReasonIsSaidAndTheSameIsNot) {
  breaker_.lost(1, "refused");
  breaker_.lost(2, "refused");
  breaker_.lost(3, "WRONGPASS");
  breaker_.succeeded();
  breaker_.lost(4, "WRONGPASS");
  EXPECT_EQ(lines(), (std::vector<std::string>{"Redis r:1 is not asked for now: refused",
                                               "Redis r:1 is not asked for now: WRONGPASS", "Redis r:1 answers again",
                                               "Redis r:1 is not asked for now: WRONGPASS"}));
}

TEST_F(RedisBreakerTest, OneCallerAPauseMayTryIt) {
  EXPECT_FALSE(breaker_.try_trial(0)) << "it is closed";
  breaker_.lost(1000, "refused");
  EXPECT_FALSE(breaker_.try_trial(1001));
  EXPECT_TRUE(breaker_.try_trial(2000));
  EXPECT_FALSE(breaker_.try_trial(2000)) << "another worker has just tried";
  EXPECT_FALSE(breaker_.allows());
  breaker_.succeeded();
  EXPECT_TRUE(breaker_.allows());
}

// ms from the loss until a trial is allowed.
int64_t pause_of(RedisBreaker& breaker, int64_t now) {
  for (int64_t pause = 1;; ++pause) {
    if (breaker.try_trial(now + pause)) return pause;
  }
}

TEST_F(RedisBreakerTest, PausesAreJitteredAndGrowToABound) {
  std::set<int64_t> first;
  for (int i = 0; i < 20; ++i) {
    RedisBreaker one;
    one.lost(1000, "refused");
    first.insert(pause_of(one, 1000));
  }
  EXPECT_GE(*first.begin(), 125);
  EXPECT_LE(*first.rbegin(), 250);
  EXPECT_GT(first.size(), 3U) << "nodes do not come back in step";
  breaker_.lost(0, "refused");
  int64_t now = 0;
  for (int i = 0; i < 6; ++i) now += pause_of(breaker_, now);
  const int64_t last = pause_of(breaker_, now);
  EXPECT_GE(last, 2000);
  EXPECT_LE(last, 4000);
}

TEST_F(RedisBreakerTest, AComplaintIsSaidOnceAMinuteUnlessItIsAnother) {
  for (const int64_t now : {1000, 2000, 60'000}) breaker_.complained(now, "OOM command not allowed");
  breaker_.complained(61'001, "OOM again");
  breaker_.complained(61'002, "NOPERM no");
  EXPECT_EQ(lines(), (std::vector<std::string>{"Redis r:1 refuses a command: OOM command not allowed",
                                               "Redis r:1 refuses a command: OOM again",
                                               "Redis r:1 refuses a command: NOPERM no"}));
  EXPECT_TRUE(breaker_.allows());
}

}  // namespace
}  // namespace levee
