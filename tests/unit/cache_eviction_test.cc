// The elastic S3-FIFO: what stays, what leaves.
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "cache/eviction.h"

namespace levee {
namespace {

// A cache of residents of 1000 bytes each.
struct EvictionTest : ::testing::Test {
  static constexpr uint64_t kBytes = 1000;
  // Asks for the object; true if it was there.
  bool ask(uint64_t id, int64_t now) {
    const auto known = held.find(id);
    if (known != held.end()) {
      policy.hit(*known->second, now);
      return true;
    }
    auto resident = std::make_unique<Resident>();
    resident->hash = (id + 1) * 0x9E3779B97F4A7C15ULL;
    resident->bytes = kBytes;
    policy.insert(*resident, now);
    names[resident.get()] = id;
    held[id] = std::move(resident);
    while (held.size() > capacity) {
      Resident* const victim = policy.victim(now);
      held.erase(names.at(victim));
    }
    return false;
  }
  size_t capacity = 100;
  ElasticS3Fifo policy;
  std::map<uint64_t, std::unique_ptr<Resident>> held;
  std::map<Resident*, uint64_t> names;
};

TEST_F(EvictionTest, AScanDoesNotDriveOutWhatIsUsed) {
  int64_t now = 0;
  for (int round = 0; round < 50; ++round) {
    for (uint64_t id = 0; id < 30; ++id) ask(id, ++now);
  }
  for (uint64_t id = 1000; id < 3000; ++id) ask(id, ++now);
  size_t kept = 0;
  for (uint64_t id = 0; id < 30; ++id) kept += ask(id, ++now);
  EXPECT_EQ(kept, 30u);
}

TEST_F(EvictionTest, ABurstThatIsOverEarnsNothing) {
  int64_t now = 0;
  for (uint64_t id = 0; id < 100; ++id) {
    for (int i = 0; i < 10; ++i) ask(id, now);  // everybody at once
    now += 100;
  }
  for (uint64_t id = 100; id < 200; ++id) ask(id, now += 100);
  for (const auto& [id, resident] : held) {
    EXPECT_FALSE(ElasticS3Fifo::is_main(*resident)) << id;
    EXPECT_GE(id, 100u);
  }
}

TEST_F(EvictionTest, WhatComesBackSoonAfterItLeftMakesTheSmallQueueLarger) {
  int64_t now = 0;
  const double before = policy.small_share();
  for (uint64_t id = 0; id < 1000; ++id) {
    ask(id, ++now);
    if (id >= 105) ask(id - 105, now);
  }
  EXPECT_GT(policy.small_share(), before);
}

TEST_F(EvictionTest, AnErasedResidentIsNeverAVictim) {
  for (uint64_t id = 0; id < 50; ++id) ask(id, 0);
  policy.erase(*held.at(0));
  for (int i = 0; i < 49; ++i) EXPECT_NE(policy.victim(1), held.at(0).get());
  EXPECT_EQ(policy.victim(1), nullptr);
}

}  // namespace
}  // namespace levee
