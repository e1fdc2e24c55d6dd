// Histograms: what a percentile is, and how exact.
#include <gtest/gtest.h>

#include <random>

#include "bench/figures/histogram.h"

namespace levee::bench {
namespace {

TEST(Histogram, APercentileIsTheLeastValueThatSoManyDoNotExceed) {
  Histogram histogram;
  for (int i = 100; i > 0; --i) histogram.record(i);
  EXPECT_EQ(histogram.at(0), 1U);
  EXPECT_EQ(histogram.at(0.01), 1U);
  EXPECT_EQ(histogram.at(0.5), 50U);
  EXPECT_EQ(histogram.at(0.501), 51U);
  EXPECT_EQ(histogram.at(0.99), 99U);
  EXPECT_EQ(histogram.at(1), 100U);
  EXPECT_EQ(histogram.count(), 100U);
  EXPECT_EQ(histogram.min(), 1U);
  EXPECT_EQ(histogram.max(), 100U);
  EXPECT_DOUBLE_EQ(histogram.mean(), 50.5);
}

TEST(Histogram, HasNothingToSayOfNothing) {
  const Histogram histogram;
  EXPECT_EQ(histogram.at(0.99), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.min(), 0U);
  EXPECT_EQ(histogram.mean(), 0);
}

TEST(Histogram, AValueIsKnownToWithinItsSlotAndNeverTooSmall) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<int64_t>(random() >> (24 + random() % 40));
    Histogram histogram;
    histogram.record(value);
    histogram.record((int64_t{1} << 40) - 1);  // so that it is not cut to the most
    const auto seen = static_cast<int64_t>(histogram.at(0.5));
    EXPECT_GE(seen, value);
    EXPECT_LE(seen, value + value / 64) << value;
    EXPECT_TRUE(value >= 128 || seen == value) << value;
  }
}

TEST(Histogram, WhatItSaysIsTheLargestThatItCannotTellFromTheValue) {
  const auto said = [](uint64_t value) {
    Histogram histogram;
    histogram.record(static_cast<int64_t>(value));
    histogram.record((int64_t{1} << 40) - 1);
    return histogram.at(0.5);
  };
  for (const uint64_t value : {64U, 127U, 128U, 129U, 255U, 256U, 1000U, 123'456U, 987'654'321U}) {
    const uint64_t most = said(value);
    EXPECT_EQ(said(most), most);
    EXPECT_GE(said(most + 1), most + 1);
  }
}

TEST(Histogram, IsNeverAboveTheMostThatCame) {
  Histogram histogram;
  histogram.record(1'000'001);
  EXPECT_EQ(histogram.at(0.5), 1'000'001U);
}

TEST(Histogram, WhatIsOutOfItsRangeCountsAtTheEnd) {
  Histogram histogram;
  histogram.record(-5);
  histogram.record(INT64_MAX);
  EXPECT_EQ(histogram.at(0.5), 0U);
  EXPECT_EQ(histogram.at(1), (uint64_t{1} << 40) - 1);
}

TEST(Histogram, OneValueMayCountForMany) {
  Histogram histogram, none;
  histogram.record(10, 99);
  histogram.record(70, 1);
  none.record(99, 0);
  EXPECT_EQ(histogram.count(), 100U);
  EXPECT_EQ(histogram.at(0.99), 10U);
  EXPECT_EQ(histogram.at(0.995), 70U);
  EXPECT_DOUBLE_EQ(histogram.mean(), 10.6);
  EXPECT_EQ(none.max(), 0U) << "what came zero times did not come";
}

TEST(Histogram, OfTwoIsThatOfAllTheirValues) {
  Histogram low, high;
  for (int i = 0; i < 90; ++i) low.record(1);
  for (int i = 0; i < 10; ++i) high.record(60);
  high.merge(low);
  EXPECT_EQ(high.count(), 100U);
  EXPECT_EQ(high.at(0.9), 1U);
  EXPECT_EQ(high.at(0.91), 60U);
  EXPECT_EQ(high.min(), 1U);
  EXPECT_DOUBLE_EQ(high.mean(), 6.9);
}

}  // namespace
}  // namespace levee::bench
