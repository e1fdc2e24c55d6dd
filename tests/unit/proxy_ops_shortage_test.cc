#include <gtest/gtest.h>

#include "proxy/ops/shortage.h"

namespace levee {
namespace {

TEST(Shortage, BeginsAtTheThresholdAtOnceIfThereIsNoOnset) {
  Shortage shortage(0, 0.9);
  EXPECT_FALSE(shortage.observe(0.99, 1));
  EXPECT_TRUE(shortage.observe(1, 2));
  EXPECT_TRUE(shortage.is_short());
}

TEST(Shortage, AHiccupIsNone) {
  Shortage shortage(500, 0.5);
  for (int64_t t = 0; t < 100'000; t += 100) shortage.observe(t % 500 == 0 ? 0.2 : 5, t);
  EXPECT_FALSE(shortage.is_short());
  shortage.observe(0.2, 99'999);
  for (int64_t t = 100'000; t < 100'500; t += 100) EXPECT_FALSE(shortage.observe(5, t));
  EXPECT_TRUE(shortage.observe(5, 100'500));
}

TEST(Shortage, EndsOnlyWhenMuchLessWasUsedAllThroughASecond) {
  Shortage shortage(0, 0.9);
  shortage.observe(1, 0);
  for (int64_t t = 100; t < 10'000; t += 100) shortage.observe(0.95, t);  // between the two
  EXPECT_TRUE(shortage.is_short());
  for (int64_t t = 10'000; t < 20'000; t += 100) shortage.observe(t % 1000 == 0 ? 0.95 : 0.5, t);
  EXPECT_TRUE(shortage.is_short());
  shortage.observe(0.95, 20'000);
  int64_t end = 20'100;
  while (!shortage.observe(0.5, end)) end += 100;
  EXPECT_EQ(end, 21'100);
}

TEST(Shortage, WhatGoesUpAndDownAroundTheThresholdDoesNotFlap) {
  Shortage shortage(0, 0.9);
  int changes = 0;
  for (int64_t t = 0; t < 60'000; t += 100) changes += shortage.observe(t / 100 % 2 == 0 ? 1.01 : 0.92, t) ? 1 : 0;
  EXPECT_EQ(changes, 1);
}

}  // namespace
}  // namespace levee
