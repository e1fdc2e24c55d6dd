// When viewers come and go.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "bench/viewer/arrivals.h"

namespace levee::bench {
namespace {

using Shape = Arrival::Shape;

// How many have come, less those who have left, by `at_ms`.
int64_t present(const std::vector<Coming>& comings, int64_t at_ms) {
  int64_t count = 0;
  for (const Coming& coming : comings) {
    if (coming.at_us <= at_ms * 1000) count += coming.joins ? 1 : -1;
  }
  return count;
}

TEST(Arrivals, AStepComesAtOnceAndARampEvenly) {
  const auto comings = schedule({{.shape = Shape::kStep, .count = 10, .at_ms = 1000},
                                 {.shape = Shape::kRamp, .count = 100, .at_ms = 2000, .over_ms = 1000}},
                                1);
  EXPECT_EQ(present(comings, 999), 0);
  EXPECT_EQ(present(comings, 1000), 10);
  EXPECT_EQ(present(comings, 2499), 60);
  EXPECT_EQ(present(comings, 3000), 110);
  EXPECT_EQ(viewers_in(comings), 110U);
}

TEST(Arrivals, AFlashIsSteepAtFirst) {
  const auto comings = schedule({{.shape = Shape::kFlash, .count = 1000, .over_ms = 7000}}, 1);
  EXPECT_NEAR(static_cast<double>(present(comings, 1000)), 500, 30);
  EXPECT_EQ(present(comings, 7000), 1000);
}

TEST(Arrivals, ADriftIsRandomAndStaysForAWhile) {
  const Arrival drift{.shape = Shape::kDrift, .count = 2000, .over_ms = 10'000, .stay_ms = 1000};
  const auto comings = schedule({drift}, 7);
  // Little's law: 200 a second that stay for a second.
  EXPECT_NEAR(static_cast<double>(present(comings, 8000)), 200, 50);
  EXPECT_TRUE(std::is_sorted(comings.begin(), comings.end(),
                             [](const Coming& a, const Coming& b) { return a.at_us < b.at_us; }));
}

TEST(Arrivals, TheSameSeedGivesTheSameMoments) {
  const Arrival drift{.shape = Shape::kDrift, .count = 50, .over_ms = 10'000};
  const auto moments = [&](uint32_t seed) {
    std::vector<int64_t> all;
    for (const Coming& coming : schedule({drift}, seed)) all.push_back(coming.at_us);
    return all;
  };
  EXPECT_EQ(moments(3), moments(3));
  EXPECT_NE(moments(3), moments(4));
}

TEST(Arrivals, ARejoinTakesAShareAwayAndBringsItBack) {
  const auto comings =
      schedule({{.shape = Shape::kStep, .count = 100},
                {.shape = Shape::kRejoin, .share = 0.8, .at_ms = 5000, .over_ms = 1000, .away_ms = 2000}},
               1);
  EXPECT_EQ(present(comings, 4999), 100);
  EXPECT_EQ(present(comings, 5000), 20);
  EXPECT_EQ(present(comings, 6999), 20);
  EXPECT_NEAR(static_cast<double>(present(comings, 7500)), 60, 2);
  EXPECT_EQ(present(comings, 8001), 100);
  EXPECT_EQ(viewers_in(comings), 100U);
  EXPECT_EQ(most_at_once(comings), 100U);
}

TEST(Arrivals, ThoseWhoLeaveAreSpreadOverTheAudience) {
  const auto comings = schedule(
      {{.shape = Shape::kStep, .count = 100}, {.shape = Shape::kLeave, .share = 0.5, .at_ms = 1000, .over_ms = 500}},
      1);
  int of_first_half = 0;
  for (const Coming& coming : comings) of_first_half += !coming.joins && coming.viewer < 50 ? 1 : 0;
  EXPECT_EQ(present(comings, 2000), 50);
  EXPECT_NEAR(of_first_half, 25, 12);
}

TEST(Arrivals, WhoHasLeftDoesNotLeaveAgain) {
  const auto comings = schedule({{.shape = Shape::kDrift, .count = 100, .over_ms = 1000, .stay_ms = 60'000},
                                 {.shape = Shape::kLeave, .share = 1, .at_ms = 2000, .over_ms = 1000}},
                                1);
  EXPECT_EQ(present(comings, 3000), 0);
  EXPECT_EQ(present(comings, 1'000'000), 0);
}

// Who watches at `at_ms`: whoever has come last and not left since.
uint32_t watching(const std::vector<Coming>& comings, int64_t at_ms) {
  std::set<uint32_t> present;
  for (const Coming& coming : comings) {
    if (coming.at_us > at_ms * 1000) break;
    if (coming.joins) {
      present.insert(coming.viewer);
    } else {
      present.erase(coming.viewer);
    }
  }
  return static_cast<uint32_t>(present.size());
}

TEST(Arrivals, WhoseStayEndsWhileHeIsAwayDoesNotComeBack) {
  const auto comings =
      schedule({{.shape = Shape::kStep, .count = 2000, .stay_ms = 10'000},
                {.shape = Shape::kRejoin, .share = 1, .at_ms = 5000, .over_ms = 2000, .away_ms = 9000}},
               1);
  const double left_at_5s = 2000 * std::exp(-0.5), left_at_16s = 2000 * std::exp(-1.6);
  EXPECT_NEAR(watching(comings, 4999), left_at_5s, 100);
  EXPECT_EQ(watching(comings, 13'999), 0U);
  EXPECT_NEAR(watching(comings, 16'001), left_at_16s, 60);  // as if there had been no break
  EXPECT_EQ(watching(comings, 1'000'000), 0U);
}

TEST(Arrivals, WhoLeavesDuringAnotherBreakThanHisOwnDoesNotComeBackEither) {
  const auto comings = schedule({{.shape = Shape::kStep, .count = 100},
                                 {.shape = Shape::kLeave, .share = 1, .at_ms = 1000, .over_ms = 2000},
                                 {.shape = Shape::kRejoin, .share = 1, .at_ms = 2000, .away_ms = 5000}},
                                1);
  EXPECT_EQ(watching(comings, 1999), 50U);
  EXPECT_EQ(watching(comings, 10'000), 0U);
}

}  // namespace
}  // namespace levee::bench
