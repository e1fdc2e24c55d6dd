// Purges of many keys at once: by tag and by the beginning of keys, of what is stored and of what is on its way.
#include "cache/ban.h"
#include "cache/store.h"
#include "tests/unit/cache_fixture.h"

namespace levee {
namespace {

std::shared_ptr<Entry> tagged(const std::vector<std::string>& tags, int64_t now = 0, int64_t fresh_for = 60'000) {
  auto entry = an_entry(now, fresh_for);
  entry->tags = hashed(tags);
  return entry;
}

struct BanTest : ::testing::Test {
  Found ask(const std::string& key, int64_t now = 1) {
    const OneField vary;
    return store.find(Ask{KeyView(key), vary, {&waker, 1}, rules, now});
  }
  static void fill(Writer& writer, std::shared_ptr<Entry> entry) {
    writer.open(std::move(entry));
    writer.append(bytes_of("body"));
    writer.finish();
  }
  void fetch(const std::string& key, std::shared_ptr<Entry> entry) {
    Found found = ask(key, entry->response_time);
    ASSERT_TRUE(std::holds_alternative<Lead>(found)) << found.index();
    fill(std::get<Lead>(found).writer, std::move(entry));
  }
  bool hit(const std::string& key) { return std::holds_alternative<Hit>(ask(key)); }
  std::shared_ptr<const Ban> by_tag(const std::string& tag, bool soft = false, int64_t now = 1) {
    return store.ban({hashed({tag}), "", soft}, now);
  }
  std::shared_ptr<const Ban> by_prefix(const std::string& prefix, bool soft = false, int64_t now = 1) {
    return store.ban({{}, prefix, soft}, now);
  }
  void sweep() {
    while (store.sweep()) {
    }
  }

  Store store{"test", 64 << 20};  // of several shards
  Rules rules;
  RecordingWaker waker;
};

TEST_F(BanTest, IsInForceAtOnceAndOnWhatHasTheTagAlone) {
  fetch("/a", tagged({"news", "sport"}));
  fetch("/b", tagged({"news"}));
  fetch("/c", tagged({"sports"}));
  fetch("/d", tagged({}));
  by_tag("sport");
  EXPECT_FALSE(hit("/a"));
  EXPECT_TRUE(hit("/b") && hit("/c") && hit("/d"));
}

TEST_F(BanTest, ByPrefixCoversTheKeysThatBeginSo) {
  for (const char* key : {"/live/1", "/live/2", "/live", "/vod/1"}) fetch(key, an_entry());
  by_prefix("/live/");
  EXPECT_FALSE(hit("/live/1") || hit("/live/2"));
  EXPECT_TRUE(hit("/live") && hit("/vod/1"));
}

TEST_F(BanTest, WhatComesLaterIsNotCovered) {
  fetch("/a", tagged({"news"}));
  by_tag("news");
  fetch("/a", tagged({"news"}, 2));
  sweep();
  EXPECT_TRUE(hit("/a"));
}

TEST_F(BanTest, TheSweepCountsFreesAndEnds) {
  const uint64_t empty = store.stats().bytes;
  for (int i = 0; i < 1000; ++i) fetch("/" + std::to_string(i), tagged({i % 4 == 0 ? "quarter" : "rest"}));
  const auto ban = by_tag("quarter");
  EXPECT_FALSE(hit("/0")) << "met before the sweep: counts too";
  EXPECT_FALSE(ban->is_done());
  EXPECT_EQ(store.stats().entries, 999U);
  sweep();
  EXPECT_TRUE(ban->is_done());
  EXPECT_EQ(ban->purged(), 250U);
  EXPECT_EQ(store.stats().entries, 750U);
  EXPECT_EQ(store.stats().purged, 250U);
  EXPECT_EQ(store.stats().bans, 0U);
  EXPECT_FALSE(store.sweep());
  by_prefix("");
  sweep();
  EXPECT_EQ(store.stats().entries, 0U);
  EXPECT_LE(store.stats().bytes, empty + 100'000) << "tables of buckets stay";
}

TEST_F(BanTest, ASweepFindsWhatComesWhileItRuns) {
  for (int i = 0; i < 300; ++i) fetch("/" + std::to_string(i), tagged({"old"}));
  by_tag("old");
  store.sweep();
  for (int i = 300; i < 5000; ++i) fetch("/" + std::to_string(i), tagged({"new"}));  // the tables of buckets grow
  sweep();
  EXPECT_EQ(store.stats().entries, 4700U);
}

TEST_F(BanTest, ASoftOneMakesStaleAsOfWhenItWasMade) {
  auto entry = tagged({"news"}, 0);
  entry->lifetime.stale_while_revalidate = 500;
  fetch("/a", entry);
  fetch("/b", tagged({"sport"}));
  by_tag("news", true, 1000);
  EXPECT_TRUE(std::holds_alternative<Stale>(ask("/a", 1499)));
  EXPECT_TRUE(std::holds_alternative<Hit>(ask("/b", 1499)));
  sweep();
  EXPECT_EQ(store.stats().entries, 2U);
  EXPECT_FALSE(std::holds_alternative<Stale>(ask("/a", 1500)));
}

TEST_F(BanTest, OfASoftAndAHardOneTheHardOneCounts) {
  for (const bool soft_first : {true, false}) {
    const std::string key = soft_first ? "/a" : "/b";
    fetch(key, tagged({"news"}));
    by_tag("news", soft_first);
    by_tag("news", !soft_first);
    const Found found = ask(key);
    ASSERT_TRUE(std::holds_alternative<Lead>(found));
    EXPECT_FALSE(std::get<Lead>(found).stale);
  }
}

TEST_F(BanTest, AFlightWithItsHeadReachesThoseWhoWaitAndIsNotStored) {
  Found lead = ask("/a");
  Found follow = ask("/a");
  Writer& writer = std::get<Lead>(lead).writer;
  writer.open(tagged({"news"}));
  const auto ban = by_tag("news");
  Found after = ask("/a");
  ASSERT_TRUE(std::holds_alternative<Lead>(after)) << "nobody joins it any more";
  writer.append(bytes_of("body"));
  writer.finish();
  EXPECT_EQ(read_from(std::get<Follow>(follow).reader, 0), "body");
  EXPECT_FALSE(hit("/a"));
  fill(std::get<Lead>(after).writer, tagged({"news"}, 2));
  sweep();
  EXPECT_TRUE(hit("/a"));
  EXPECT_EQ(ban->purged(), 1U);
}

TEST_F(BanTest, AFlightWithoutAHeadFallsToABanThatIsLongDone) {
  Found lead = ask("/a"), other = ask("/b");
  const auto ban = by_tag("news");
  sweep();
  EXPECT_TRUE(ban->is_done());
  fill(std::get<Lead>(lead).writer, tagged({"news"}));
  fill(std::get<Lead>(other).writer, tagged({"sport"}));
  EXPECT_FALSE(hit("/a"));
  EXPECT_TRUE(hit("/b"));
  EXPECT_EQ(ban->purged(), 1U);
}

TEST_F(BanTest, AFlightWhoseKeyIsCoveredIsNotJoined) {
  Found lead = ask("/live/1");
  by_prefix("/live/", true);
  EXPECT_TRUE(std::holds_alternative<Lead>(ask("/live/1")));
  fill(std::get<Lead>(lead).writer, an_entry());
  EXPECT_FALSE(hit("/live/1"));
}

TEST_F(BanTest, ARefreshThatBeganBeforeIsNotStoredEither) {
  auto entry = tagged({"news"}, 0, 1000);
  fetch("/a", entry);
  Found lead = ask("/a", 2000);
  by_tag("news", false, 2000);
  sweep();
  auto renewed = tagged({"news"}, 2001);
  renewed->body = entry->body;
  std::get<Lead>(lead).writer.renew(renewed);
  EXPECT_TRUE(std::holds_alternative<Lead>(ask("/a", 2002)));
}

TEST_F(BanTest, KeysKnownAsUncacheableAreAskedForAgain) {
  Found found = ask("/a");
  std::get<Lead>(found).writer.pass(an_entry(), 60'000);
  ASSERT_TRUE(std::holds_alternative<Pass>(ask("/a")));
  by_prefix("/");
  sweep();
  EXPECT_TRUE(std::holds_alternative<Lead>(ask("/a")));
}

TEST_F(BanTest, TooManyAtATimeAreRefusedAndRoomComesBack) {
  for (size_t i = 0; i < Store::kMostBans; ++i) ASSERT_TRUE(by_tag("a"));
  EXPECT_FALSE(by_tag("a"));
  sweep();
  EXPECT_TRUE(by_tag("a"));
}

TEST_F(BanTest, ItsMemoryCountsUntilItIsDone) {
  const uint64_t before = store.stats().bytes;
  by_prefix(std::string(5000, 'x'));
  EXPECT_GE(store.stats().bytes, before + 5000);
  sweep();
  by_prefix("y");  // forgets what is done
  EXPECT_LT(store.stats().bytes, before + 5000);
}

struct Gone final : Departures {
  void left(const std::string& store, const Entry& entry) override { text.append(store).append(entry.key).append(" "); }
  std::string text;
};

TEST_F(BanTest, WhatLeavesWithoutASuccessorIsTold) {
  const auto gone = std::make_shared<Gone>();
  store.tell_departures(gone);
  for (const char* key : {"/key", "/met", "/swept", "/stays"}) fetch(key, tagged({key}));
  store.purge(KeyView("/key"), false, 1);
  by_tag("/met");
  EXPECT_FALSE(hit("/met"));
  by_tag("/swept");
  by_tag("/stays", true);
  sweep();
  Found found = ask("/stays", 2);  // made stale, and now replaced
  fill(std::get<Lead>(found).writer, tagged({}, 2));
  EXPECT_EQ(gone->text, "test/key test/met test/swept ");
  Store small("small", 1 << 20);
  const auto evicted = std::make_shared<Gone>();
  small.tell_departures(evicted);
  const OneField vary;
  for (int i = 0; i < 20; ++i) {
    Found lead = small.find(Ask{KeyView("/" + std::to_string(i)), vary, {&waker, 1}, rules, 0});
    Writer& writer = std::get<Lead>(lead).writer;
    writer.open(an_entry());
    writer.append(bytes_of(std::string(100'000, 'x')));
    writer.finish();
  }
  EXPECT_TRUE(evicted->text.starts_with("small/0 small/1 "));
}

}  // namespace
}  // namespace levee
