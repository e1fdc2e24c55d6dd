// Verdicts: which promise broke, when, and whether the generator may be to blame.
#include <gtest/gtest.h>

#include "bench/rehearse/outcome_text.h"
#include "bench/rehearse/promise.h"

namespace levee::bench {
namespace {

Promise promise(std::string_view name, double most) {
  return {.measure = *measure_named(name), .most = most};
}

// One measure's running values, one a second.
std::vector<Values> running(std::string_view name, const std::vector<double>& values) {
  std::vector<Values> seconds(values.size());
  for (size_t i = 0; i < values.size(); ++i) seconds[i][*measure_named(name)] = values[i];
  return seconds;
}

TEST(Verdict, HoldsWhenAllIsKept) {
  const Verdict verdict = judge({promise("errors", 0.01)}, running("errors", {0.5, 0.01}), 0);
  EXPECT_EQ(verdict.kind, Verdict::Kind::kHolds);  // what was made good does not count
  EXPECT_FALSE(verdict.first);
}

TEST(Verdict, NamesThePromiseThatBrokeFirst) {
  auto seconds = running("errors", {0, 0, 0.5, 0.5});
  const auto stalls = running("stalled_viewers", {0, 1, 1, 1});
  for (size_t i = 0; i < seconds.size(); ++i) {
    seconds[i][*measure_named("stalled_viewers")] = stalls[i][*measure_named("stalled_viewers")];
  }
  const Verdict verdict = judge({promise("errors", 0.1), promise("stalled_viewers", 0.1)}, seconds, 0);
  EXPECT_EQ(verdict.kind, Verdict::Kind::kBreaks);
  EXPECT_EQ(verdict.first, 1U);
  EXPECT_EQ(verdict.judged[1].second, 1U);
  EXPECT_EQ(verdict.judged[0].second, 2U);
}

TEST(Verdict, ALateGeneratorExcusesLatenciesButNotTheOriginsLoad) {
  const auto late = running("start_up_p99", {9000});
  EXPECT_EQ(judge({promise("start_up_p99", 100)}, late, 200).kind, Verdict::Kind::kNone);
  EXPECT_EQ(judge({promise("start_up_p99", 100)}, late, 2).kind, Verdict::Kind::kBreaks);
  EXPECT_EQ(judge({promise("start_up_p99", 9999)}, late, 200).kind, Verdict::Kind::kHolds);
  const auto load = running("origin_concurrency", {900});
  EXPECT_EQ(judge({promise("origin_concurrency", 8)}, load, 200).kind, Verdict::Kind::kBreaks);
}

TEST(Verdict, WhatNobodyMeasuredIsNotKept) {
  const Verdict verdict = judge({promise("origin_amplification", 1)}, running("errors", {0}), 0);
  EXPECT_EQ(verdict.kind, Verdict::Kind::kBreaks);
  EXPECT_EQ(verdict.judged[0].kind, Judged::Kind::kUnknown);
}

TEST(Verdict, IsSaidWithReasonAndPlace) {
  Plan plan;
  plan.file = "a.plan";
  Outcome outcome;
  Promise broken = promise("errors", 0.01);
  broken.line = 7;
  outcome.verdict = judge({broken}, running("errors", {0, 0.25}), 0);
  EXPECT_EQ(verdict_line(plan, outcome),
            "It does not hold: errors at most 1.0 % broke first, at 2 s; at the end it was 25.0 % (a.plan:7).");
}

TEST(Units, AreThoseOfTheMeasure) {
  EXPECT_EQ(with_unit(1.25, Unit::kTime), "1.2 ms");
  EXPECT_EQ(with_unit(312, Unit::kTime), "312 ms");
  EXPECT_EQ(with_unit(12'000, Unit::kTime), "12.0 s");
  EXPECT_EQ(with_unit(0.04, Unit::kShare), "4.0 %");
  EXPECT_EQ(with_unit(0.0004, Unit::kShare), "0.040 %");
  EXPECT_EQ(with_unit(17, Unit::kNumber), "17");
  EXPECT_EQ(with_unit(1.234, Unit::kNumber), "1.23");
}

}  // namespace
}  // namespace levee::bench
