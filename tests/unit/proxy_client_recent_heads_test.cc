#include <gtest/gtest.h>

#include <string>

#include "proxy/client/recent_heads.h"

namespace levee {
namespace {

std::shared_ptr<Entry> entry(int64_t initial_age, int64_t fresh_for) {
  auto made = std::make_shared<Entry>();
  made->lifetime.initial_age = initial_age;
  made->lifetime.fresh_for = fresh_for;
  made->response_time = 10'000;
  return made;
}
std::string written(const Entry& entry, int64_t now) {
  return std::to_string(entry.age(now) / 1000) + " " + std::to_string(entry.fresh_for(now) / 1000);
}

TEST(RecentHeads, WhatIsFoundIsWhatWouldBeWritten) {
  for (const int64_t initial_age : {0, 1, 250, 999, 1000, 3600'400}) {
    for (const int64_t lifetime : {300, 1000, 1001, 4999, 3605'000}) {
      RecentHeads heads;
      const auto one = entry(initial_age, lifetime);
      size_t found = 0, asked = 0;
      for (int64_t now = 10'000; now < 14'000 && one->fresh_for(now) >= 0; ++now, ++asked) {
        const auto text = heads.find(*one, "origin", now);
        if (text.empty()) {
          heads.keep(one, "origin", now, written(*one, now));
        } else {
          ++found;
          ASSERT_EQ(text, written(*one, now)) << initial_age << ' ' << lifetime << ' ' << now;
        }
      }
      EXPECT_GE(found + 10, asked) << initial_age << ' ' << lifetime;  // written anew twice a second at most
    }
  }
}

TEST(RecentHeads, EachEntryAndOriginHasItsOwn) {
  RecentHeads heads;
  const auto one = entry(0, 60'000), other = entry(0, 60'000);
  heads.keep(one, "a", 10'000, "one");
  EXPECT_EQ(heads.find(*one, "a", 10'000), "one");
  EXPECT_EQ(heads.find(*other, "a", 10'000), "");
  EXPECT_EQ(heads.find(*one, "ao", 10'000), "");
  EXPECT_EQ(heads.find(*one, "", 10'000), "");
}

TEST(RecentHeads, AnEntryThatIsGoneIsNotTakenForTheNextAtItsAddress) {
  RecentHeads heads;
  Entry place;
  place.lifetime.fresh_for = 60'000;
  auto owner = std::make_shared<int>(1);
  heads.keep({owner, &place}, "a", 0, "one");
  EXPECT_EQ(heads.find(place, "a", 0), "one");
  owner = std::make_shared<int>(2);
  EXPECT_EQ(heads.find(place, "a", 0), "");
}

TEST(RecentHeads, NoEntryIsKeptAlive) {
  RecentHeads heads;
  auto one = entry(0, 60'000);
  heads.keep(one, "a", 10'000, "one");
  EXPECT_EQ(one.use_count(), 1);
}

TEST(RecentHeads, WhatIsStaleOrTooLongIsNotKept) {
  RecentHeads heads;
  const auto one = entry(0, 1'000);
  heads.keep(one, "a", 11'001, "one");
  EXPECT_EQ(heads.find(*one, "a", 11'001), "");
  heads.keep(one, "a", 10'000, std::string(4'000, 'x'));
  EXPECT_EQ(heads.find(*one, "a", 10'000), "");
}

}  // namespace
}  // namespace levee
