#include <gtest/gtest.h>

#include "proxy/client/cache_status.h"

namespace levee {
namespace {

std::string written(const CacheNote& note, const Entry& entry, int64_t now) {
  char text[256];
  HeadWriter out(text);
  write_cache_status(out, note, entry, now);
  return std::string(out.written());
}

class CacheStatusLine : public testing::Test {
 protected:
  CacheStatusLine() {
    entry_.lifetime.fresh_for = 60'000;
    entry_.response_time = 1'000;
  }
  Entry entry_;
};

TEST_F(CacheStatusLine, OfAHitSaysHowLongItIsFresh) {
  EXPECT_EQ(written({CacheUse::kHit, false, false, {}, {}}, entry_, 11'000), "Cache-Status: Levee; hit; ttl=50\r\n");
}

TEST_F(CacheStatusLine, OfAStaleOneSaysSinceWhenAndWhy) {
  EXPECT_EQ(written({CacheUse::kStale, false, false, detail_of(Failure::kOverloaded), {}}, entry_, 71'000),
            "Cache-Status: Levee; hit; ttl=-10; detail=overloaded\r\n");
}

TEST_F(CacheStatusLine, OfAMissSaysWhatTheOriginSaidAndThatItIsStored) {
  const std::string line = written({CacheUse::kMiss, true, false, {}, {}}, entry_, 1'000);
  for (const char* part : {"Levee; fwd=miss", "; fwd-status=200", "; stored", "; collapsed", "; ttl=60"}) {
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
  }
}

TEST_F(CacheStatusLine, OfAPrivateResponseDoesNotSayStored) {
  const std::string line = written({CacheUse::kPass, false, true, {}, {}}, entry_, 1'000);
  EXPECT_EQ(line.find("stored"), std::string::npos) << line;
  EXPECT_NE(line.find("fwd=bypass"), std::string::npos) << line;
}

TEST_F(CacheStatusLine, OfOneThatIsSharedAndNotKeptDoesNotEither) {
  entry_.keep = false;
  EXPECT_EQ(written({CacheUse::kMiss, true, false, {}, {}}, entry_, 1'000),
            "Cache-Status: Levee; fwd=miss; fwd-status=200; collapsed\r\n");
}

TEST_F(CacheStatusLine, OfARevalidatedOneSays304) {
  EXPECT_NE(written({CacheUse::kRevalidated, false, false, {}, {}}, entry_, 1'000).find("fwd=stale; fwd-status=304"),
            std::string::npos);
}

TEST(CacheUse, HasNginxsWords) {
  EXPECT_EQ(word_of(CacheUse::kHit), "HIT");
  EXPECT_EQ(word_of(CacheUse::kUpdating), "UPDATING");
  EXPECT_EQ(word_of(CacheUse::kPass), "");
}

TEST_F(CacheStatusLine, SaysUnderWhichKey) {
  EXPECT_EQ(written({CacheUse::kHit, false, false, {}, "/a?\"b\""}, entry_, 11'000),
            "Cache-Status: Levee; hit; ttl=50; key=\"/a?\\\"b\\\"\"\r\n");
  EXPECT_EQ(written({CacheUse::kPass, false, true, {}, "/a"}, entry_, 1'000).find("key"), std::string::npos);
}

}  // namespace
}  // namespace levee
