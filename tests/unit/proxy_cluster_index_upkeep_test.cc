// Which claims are withdrawn and made again, and how many at most.
#include <gtest/gtest.h>

#include "proxy/cluster/index_upkeep.h"

namespace levee {
namespace {

struct IndexUpkeepTest : ::testing::Test {
  static std::shared_ptr<Entry> entry(const std::string& key) {
    auto made = std::make_shared<Entry>();
    made->key = key;
    made->etag = "\"1\"";
    made->lifetime.fresh_for = 1000;
    return made;
  }
  std::vector<std::string> keys(const std::vector<IndexUpkeep::Claim>& claims) {
    std::vector<std::string> all;
    for (const auto& claim : claims) all.push_back(claim.key);
    return all;
  }
  IndexUpkeep upkeep;
};

TEST_F(IndexUpkeepTest, OnlyWhatWasPublishedIsWithdrawn) {
  const auto a = entry("/a"), b = entry("/b");
  upkeep.published(*a);
  upkeep.left("main", *a);
  upkeep.left("main", *b);
  EXPECT_EQ(keys(upkeep.take_withdrawals(10)), std::vector<std::string>{"/a"});
  EXPECT_TRUE(upkeep.take_withdrawals(10).empty());
}

TEST_F(IndexUpkeepTest, WhatRedisHasLostNeedNoWithdrawal) {
  const auto a = entry("/a");
  upkeep.published(*a);
  upkeep.lost();
  upkeep.left("main", *a);
  EXPECT_TRUE(upkeep.take_withdrawals(10).empty());
}

TEST_F(IndexUpkeepTest, AfterALossTheFirstHitSaysItAgainAndNoOther) {
  const auto a = entry("/a"), unpublished = entry("/b"), old = entry("/c");
  upkeep.published(*a);
  upkeep.published(*old);
  upkeep.used("main", *a, 0);
  EXPECT_TRUE(upkeep.take_claims(10).empty()) << "nothing was lost";
  upkeep.lost();
  upkeep.used("main", *a, 100);
  upkeep.used("main", *a, 200);
  upkeep.used("main", *unpublished, 100);
  upkeep.used("main", *old, 5000);
  const auto claims = upkeep.take_claims(10);
  ASSERT_EQ(keys(claims), std::vector<std::string>{"/a"});
  EXPECT_EQ(claims[0].fresh_until, 1000);
  EXPECT_EQ(claims[0].zone, "main");
}

TEST_F(IndexUpkeepTest, ACrowdOfHitsWaitsForRoom) {
  std::vector<std::shared_ptr<Entry>> entries;
  for (size_t i = 0; i < IndexUpkeep::kMostClaims + 10; ++i) {
    entries.push_back(entry(std::to_string(i)));
    upkeep.published(*entries.back());
  }
  upkeep.lost();
  for (const auto& one : entries) upkeep.used("main", *one, 0);
  EXPECT_EQ(upkeep.take_claims(10'000).size(), IndexUpkeep::kMostClaims);
  for (const auto& one : entries) upkeep.used("main", *one, 0);
  EXPECT_EQ(upkeep.take_claims(10'000).size(), 10U) << "those who found no room ask again";
}

TEST_F(IndexUpkeepTest, TooManyWithdrawalsForgetTheOldest) {
  const auto first = entry("/first"), rest = entry("/rest");
  upkeep.published(*first);
  upkeep.published(*rest);
  upkeep.left("main", *first);
  for (size_t i = 0; i < IndexUpkeep::kMostWithdrawals; ++i) upkeep.left("main", *rest);
  const auto claims = upkeep.take_withdrawals(10'000);
  EXPECT_EQ(claims.size(), IndexUpkeep::kMostWithdrawals);
  EXPECT_EQ(claims[0].key, "/rest");
}

}  // namespace
}  // namespace levee
