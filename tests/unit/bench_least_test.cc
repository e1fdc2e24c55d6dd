// What an ideal cache would have asked for.
#include <gtest/gtest.h>

#include "bench/origin/least.h"

namespace levee::bench {
namespace {

TEST(LeastRequests, AreOneForEachTargetAndLifetime) {
  LeastRequests least;
  EXPECT_TRUE(least.needs("/a", 10'000, 0));
  EXPECT_FALSE(least.needs("/a", 10'000, 0));
  EXPECT_TRUE(least.needs("/b", 10'000, 0));
  EXPECT_FALSE(least.needs("/a", 10'000, 8'999));
  EXPECT_TRUE(least.needs("/a", 10'000, 9'000));
  EXPECT_FALSE(least.needs("/a", 10'000, 17'999)) << "from when it was renewed";
  EXPECT_TRUE(least.needs("/a", 10'000, 18'000));
}

TEST(LeastRequests, BeginAnewWhenCleared) {
  LeastRequests least;
  EXPECT_TRUE(least.needs("/a", 10'000, 0));
  least.clear();
  EXPECT_TRUE(least.needs("/a", 10'000, 1));
}

TEST(LeastRequests, ALifetimeIsThatOfTheAnswerIfItIsGood) {
  EXPECT_EQ(lifetime_ms("Cache-Control: max-age=60\r\n", true), 60'000);
  EXPECT_EQ(lifetime_ms("Cache-Control: public, max-age=2, stale-if-error=60\r\n", true), 2'000);
  EXPECT_EQ(lifetime_ms("Cache-Control: max-age=60\r\n", false), 1'000);
  EXPECT_EQ(lifetime_ms("ETag: \"a\"\r\n", true), 1'000);
  EXPECT_EQ(lifetime_ms("Cache-Control: max-age=0\r\n", true), 100);
}

}  // namespace
}  // namespace levee::bench
