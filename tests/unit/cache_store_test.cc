// The store's one decision: hit, stale, follow, lead or pass; and what it forgets when.
#include "cache/store.h"
#include "tests/unit/cache_fixture.h"

namespace levee {
namespace {

struct StoreTest : ::testing::Test {
  Found ask(const std::string& key, int64_t now, const std::string& field = {}) {
    const OneField vary(field);
    return store.find(Ask{KeyView(key), vary, {&waker, 1}, rules, now});
  }
  // Fetches what must be led.
  void fetch(const std::string& key, std::shared_ptr<Entry> entry, const std::string& text = "body",
             const std::string& field = {}) {
    Found found = ask(key, entry->response_time, field);
    ASSERT_TRUE(std::holds_alternative<Lead>(found)) << found.index();
    Writer& writer = std::get<Lead>(found).writer;
    writer.open(std::move(entry));
    writer.append(bytes_of(text));
    writer.finish();
  }
  std::string hit(const std::string& key, int64_t now, const std::string& field = {}) {
    Found found = ask(key, now, field);
    return std::holds_alternative<Hit>(found) ? text_of(*std::get<Hit>(found).entry->body) : "(no hit)";
  }
  template <class T>
  bool is(const Found& found) {
    return std::holds_alternative<T>(found);
  }

  Store store{"test", 8 << 20};
  Rules rules;
  RecordingWaker waker;
};

TEST_F(StoreTest, AFreshEntryIsAHitAndAStaleOneIsValidated) {
  fetch("/a", an_entry(0, 1000));
  EXPECT_EQ(hit("/a", 999), "body");
  Found found = ask("/a", 1000);
  ASSERT_TRUE(is<Lead>(found));
  EXPECT_TRUE(std::get<Lead>(found).stale);
  Found second = ask("/a", 1000);
  ASSERT_TRUE(is<Follow>(second));
  EXPECT_TRUE(std::get<Follow>(second).stale);
}

TEST_F(StoreTest, WithinItsWindowAStaleEntryAnswersWhileOneRefreshes) {
  auto entry = an_entry(0, 1000);
  entry->lifetime.stale_while_revalidate = 500;
  fetch("/a", entry);
  Found first = ask("/a", 1499);
  ASSERT_TRUE(is<Stale>(first));
  EXPECT_TRUE(std::get<Stale>(first).refresh);
  Found second = ask("/a", 1499);
  ASSERT_TRUE(is<Stale>(second));
  EXPECT_FALSE(std::get<Stale>(second).refresh) << "somebody does already";
  EXPECT_TRUE(is<Follow>(ask("/a", 1500))) << "the window is over";
}

TEST_F(StoreTest, WithoutBackgroundUpdateTheFirstWaitsAndOthersGetTheStaleCopy) {
  rules.stale_while_updating = true;
  rules.background_update = false;
  fetch("/a", an_entry(0, 1000));
  Found first = ask("/a", 5000);
  EXPECT_TRUE(is<Lead>(first));
  EXPECT_TRUE(is<Stale>(ask("/a", 5000)));
}

TEST_F(StoreTest, WhatMustBeRevalidatedIsNeverServedStale) {
  rules.stale_while_updating = rules.stale_if_error = true;
  auto entry = an_entry(0, 1000);
  entry->lifetime.must_revalidate = true;
  fetch("/a", entry);
  Found found = ask("/a", 2000);
  ASSERT_TRUE(is<Lead>(found));
  EXPECT_FALSE(Store::may_serve_on_error(*std::get<Lead>(found).stale, rules, 2000));
}

TEST_F(StoreTest, NoCacheIsStoredAndAlwaysAskedFor) {
  auto entry = an_entry(0, 1000);
  entry->lifetime.always_validate = true;
  fetch("/a", entry);
  Found found = ask("/a", 1);
  ASSERT_TRUE(is<Lead>(found));
  EXPECT_TRUE(std::get<Lead>(found).stale);
}

TEST_F(StoreTest, AStaleEntryMayAnswerAfterAnErrorWithinItsWindow) {
  Entry entry;
  entry.lifetime.fresh_for = 1000;
  entry.lifetime.stale_if_error = 500;
  EXPECT_TRUE(Store::may_serve_on_error(entry, rules, 1499));
  EXPECT_FALSE(Store::may_serve_on_error(entry, rules, 1500));
  rules.stale_if_error = true;
  EXPECT_TRUE(Store::may_serve_on_error(entry, rules, 1'000'000));
}

TEST_F(StoreTest, WhatIsNotKeptIsSharedButNotStored) {
  Found lead = ask("/a", 0);
  Found follow = ask("/a", 0);
  auto entry = an_entry();
  entry->keep = false;
  Writer& writer = std::get<Lead>(lead).writer;
  writer.open(entry);
  writer.append(bytes_of("busy"));
  writer.finish();
  EXPECT_EQ(read_from(std::get<Follow>(follow).reader, 0), "busy");
  EXPECT_TRUE(is<Lead>(ask("/a", 1)));
}

TEST_F(StoreTest, EachVariantIsItsOwn) {
  for (const std::string field : {"gzip", "br"}) {
    auto entry = an_entry();
    entry->vary_names = "accept-encoding";
    entry->vary_values = field;
    fetch("/a", entry, "as " + field, field);
  }
  EXPECT_EQ(hit("/a", 1, "gzip"), "as gzip");
  EXPECT_EQ(hit("/a", 1, "br"), "as br");
  Found one = ask("/a", 1, "zstd");
  Found two = ask("/a", 1, "identity");
  EXPECT_TRUE(is<Lead>(one) && is<Lead>(two)) << "known to vary: each variant has its flight";
  EXPECT_TRUE(is<Follow>(ask("/a", 1, "zstd")));
}

TEST_F(StoreTest, AStopgapIsNeverStoredBesideAResponseAndGivesWayToOne) {
  const auto variant = [](int64_t now, const std::string& field) {
    auto entry = an_entry(now);
    entry->vary_names = "accept-encoding";
    entry->vary_values = field;
    return entry;
  };
  const auto stopgap = [] {
    auto entry = an_entry(0, 1'000);
    entry->stopgap = true;
    return entry;
  };
  fetch("/a", variant(0, "gzip"), "as gzip", "gzip");
  fetch("/a", stopgap(), "later", "br");
  EXPECT_EQ(hit("/a", 1, "gzip"), "as gzip");
  EXPECT_EQ(hit("/a", 1, "br"), "(no hit)");
  fetch("/b", stopgap(), "later");
  EXPECT_EQ(hit("/b", 1, "gzip"), "later");
  fetch("/b", variant(2'000, "br"), "as br", "br");
  EXPECT_EQ(hit("/b", 2'001, "br"), "as br");
  EXPECT_TRUE(is<Lead>(ask("/b", 2'001, "gzip")));
}

TEST_F(StoreTest, AfterAFailedRefreshTheNextOneWaitsAsTheFaultHasIt) {
  rules.stale_while_updating = true;
  fetch("/a", an_entry(0, 100));
  int64_t now = 1'000;
  for (const auto& [fault, pause] : {std::pair(Fault{Failure::kReset, 502, 0}, 1'000),
                                     {{Failure::kOverloaded, 503, 3'000}, 100},
                                     {{Failure::kOriginStatus, 503, 5'000}, 5'000},
                                     {{Failure::kOriginStatus, 503, 3'600'000}, 10'000}}) {
    Found found = ask("/a", now);
    ASSERT_TRUE(is<Stale>(found) && std::get<Stale>(found).refresh);
    std::get<Stale>(found).refresh->writer.fail(fault);
    EXPECT_FALSE(std::get<Stale>(ask("/a", now + pause - 1)).refresh);
    EXPECT_TRUE(std::get<Stale>(ask("/a", now + pause)).refresh);
    now += 60'000;
  }
}

TEST_F(StoreTest, BehindARefusedFetchTheCrowdIsRefusedIfWhatIsStoredIsOfNoUse) {
  fetch("/a", an_entry(0, 100));
  Found found = ask("/a", 1'000);
  ASSERT_TRUE(is<Lead>(found));
  std::get<Lead>(found).writer.fail({Failure::kOverloaded, 503, 1'000});
  for (const int64_t now : {1'000, 1'099}) {
    found = ask("/a", now);
    ASSERT_TRUE(is<Pass>(found));
    EXPECT_EQ(std::get<Pass>(found).why, Pass::Why::kRefused);
  }
  found = ask("/a", 1'100);
  ASSERT_TRUE(is<Lead>(found));
  std::get<Lead>(found).writer.fail({Failure::kReset, 502, 0});
  EXPECT_TRUE(is<Lead>(ask("/a", 1'101))) << "another try may succeed";
}

TEST_F(StoreTest, BeforeTheHeadIsKnownAllFollowAndThenCompare) {
  Found lead = ask("/a", 0, "gzip");
  Found follow = ask("/a", 0, "br");
  ASSERT_TRUE(is<Follow>(follow));
  auto entry = an_entry();
  entry->vary_names = "accept-encoding";
  entry->vary_values = "gzip";
  std::get<Lead>(lead).writer.open(entry);
  const auto look = std::get<Follow>(follow).reader.look();
  ASSERT_EQ(look.state, FlightState::kStreaming);
  EXPECT_FALSE(matches(*look.entry, OneField("br")));
  EXPECT_TRUE(matches(*look.entry, OneField("gzip")));
  EXPECT_TRUE(is<Lead>(ask("/a", 0, "br"))) << "the second look-up finds no flight of its variant";
  EXPECT_TRUE(is<Follow>(ask("/a", 0, "gzip")));
}

TEST_F(StoreTest, AKeyHasABoundedNumberOfVariants) {
  for (int i = 0; i < 100; ++i) {
    auto entry = an_entry();
    entry->vary_names = "user-agent";
    entry->vary_values = std::to_string(i);
    fetch("/a", entry, "body", std::to_string(i));
  }
  EXPECT_EQ(store.stats().entries, 64u);
  EXPECT_EQ(hit("/a", 1, "99"), "body");
  EXPECT_EQ(hit("/a", 1, "0"), "(no hit)");
}

TEST_F(StoreTest, MinUsesCountsBeforeItStores) {
  rules.min_uses = 3;
  EXPECT_EQ(std::get<Pass>(ask("/a", 0)).why, Pass::Why::kMinUses);
  EXPECT_EQ(std::get<Pass>(ask("/a", 0)).why, Pass::Why::kMinUses);
  EXPECT_TRUE(is<Lead>(ask("/a", 0)));
  EXPECT_TRUE(is<Pass>(ask("/b", 0)));
}

TEST_F(StoreTest, WaitersAreCapped) {
  rules.max_waiters = 2;
  Found lead = ask("/a", 0);
  Found follow = ask("/a", 0);
  EXPECT_TRUE(is<Follow>(follow));
  EXPECT_EQ(std::get<Pass>(ask("/a", 0)).why, Pass::Why::kWaiters);
}

TEST_F(StoreTest, BypassFillsTheStoreAnew) {
  fetch("/a", an_entry(), "old");
  rules.bypass = true;
  fetch("/a", an_entry(1), "new");
  rules.bypass = false;
  EXPECT_EQ(hit("/a", 2), "new");
  EXPECT_EQ(store.stats().entries, 1u);
}

TEST_F(StoreTest, APurgeForgetsEntriesAndWhatIsOnItsWay) {
  fetch("/a", an_entry());
  EXPECT_TRUE(store.purge(KeyView("/a"), false, 1));
  EXPECT_FALSE(store.purge(KeyView("/a"), false, 1));
  Found lead = ask("/a", 2);
  Found follow = ask("/a", 2);
  EXPECT_TRUE(store.purge(KeyView("/a"), false, 3));
  Writer& writer = std::get<Lead>(lead).writer;
  writer.open(an_entry(3));
  writer.append(bytes_of("from before"));
  writer.finish();
  EXPECT_EQ(read_from(std::get<Follow>(follow).reader, 0), "from before");
  EXPECT_TRUE(is<Lead>(ask("/a", 4)));
}

TEST_F(StoreTest, ASoftPurgeMakesStale) {
  auto entry = an_entry(0, 60'000);
  entry->lifetime.stale_while_revalidate = 500;
  fetch("/a", entry);
  EXPECT_TRUE(store.purge(KeyView("/a"), true, 1000));
  EXPECT_TRUE(is<Stale>(ask("/a", 1001)));
}

TEST_F(StoreTest, TheBudgetHoldsAndEverythingIsGivenBack) {
  const uint64_t empty = store.stats().bytes;
  for (int i = 0; i < 1000; ++i) {
    fetch("/" + std::to_string(i), an_entry(), std::string(50'000, 'x'));
    EXPECT_LE(store.stats().bytes, store.stats().capacity);
  }
  EXPECT_GT(store.stats().bytes, store.stats().capacity * 9 / 10);
  EXPECT_GT(store.stats().evictions, 0u);
  for (int i = 0; i < 1000; ++i) store.purge(KeyView("/" + std::to_string(i)), false, 1);
  EXPECT_EQ(store.stats().entries, 0u);
  EXPECT_LE(store.stats().bytes, empty + 100'000) << "tables of buckets and ghosts stay";
}

TEST_F(StoreTest, AShrunkStoreEvictsAtOnce) {
  for (int i = 0; i < 100; ++i) fetch("/" + std::to_string(i), an_entry(), std::string(50'000, 'x'));
  store.resize(1 << 20);
  EXPECT_LE(store.stats().bytes, 1u << 20);
}

TEST_F(StoreTest, WhatTakesMoreThanHalfIsNotStored) {
  fetch("/small", an_entry());
  fetch("/huge", an_entry(), std::string(5 << 20, 'x'));
  EXPECT_EQ(hit("/huge", 1), "(no hit)");
  EXPECT_EQ(hit("/small", 1), "body");
}

TEST_F(StoreTest, TextRestsUnderPressureAndIsReadAsBefore) {
  std::string playlist;
  for (int i = 0; i < 4000; ++i) playlist += "#EXTINF:4.000,\nsegment" + std::to_string(i) + ".m4s\n";
  const OneField vary;
  constexpr int kPlaylists = 100;  // half as much again as the store holds
  for (int round = 0, now = 0; round < 10; ++round) {
    for (int i = 0; i < kPlaylists; ++i, ++now) {
      const std::string key = "/" + std::to_string(i) + ".m3u8";
      const auto known = store.peek(KeyView(key), vary);
      if (known) {
        ASSERT_EQ(hit(key, now), playlist);
        continue;
      }
      auto entry = an_entry(now, 1'000'000);
      entry->fields.add("Content-Type", "application/vnd.apple.mpegurl");
      fetch(key, entry, playlist);
    }
  }
  EXPECT_EQ(store.stats().entries, static_cast<uint64_t>(kPlaylists)) << "plain they would not fit";
}

TEST_F(StoreTest, WhatIsBeingSentIsEvictedLast) {
  fetch("/pinned", an_entry(), std::string(100'000, 'x'));
  const Found pin = ask("/pinned", 1);
  for (int i = 0; i < 200; ++i) fetch("/" + std::to_string(i), an_entry(), std::string(100'000, 'x'));
  EXPECT_TRUE(is<Hit>(ask("/pinned", 1)));
}

TEST_F(StoreTest, AWriterOutlivesItsStore) {
  auto brief = std::make_unique<Store>("brief", 1 << 20);
  const OneField vary;
  Found found = brief->find(Ask{KeyView("/a"), vary, {&waker, 1}, rules, 0});
  brief.reset();
  Lead& lead = std::get<Lead>(found);
  lead.writer.open(an_entry());
  lead.writer.append(bytes_of("still"));
  lead.writer.finish();
  EXPECT_EQ(read_from(lead.reader, 0), "still");
}

TEST_F(StoreTest, RememberedKeysAreBounded) {
  for (int i = 0; i < 10'000; ++i) {
    Found found = ask("/" + std::to_string(i), 0);
    std::get<Lead>(found).writer.pass(an_entry(), 60'000);
  }
  EXPECT_LT(store.stats().bytes, 2u << 20);
  EXPECT_TRUE(is<Pass>(ask("/9999", 1)));
  EXPECT_TRUE(is<Lead>(ask("/0", 1)));
}

}  // namespace
}  // namespace levee
