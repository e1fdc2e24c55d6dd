// Verdicts: which promise broke, when, and whether the generator may be to blame.
#include <gtest/gtest.h>

#include <utility>

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
  const Verdict verdict = judge({promise("errors", 0.01)}, running("errors", {0.5, 0.01}), {});
  EXPECT_EQ(verdict.kind, Verdict::Kind::kHolds);  // what was made good does not count
  EXPECT_FALSE(verdict.first);
}

TEST(Verdict, NamesThePromiseThatBrokeFirst) {
  auto seconds = running("errors", {0, 0, 0.5, 0.5});
  const auto stalls = running("stalled_viewers", {0, 1, 1, 1});
  for (size_t i = 0; i < seconds.size(); ++i) {
    seconds[i][*measure_named("stalled_viewers")] = stalls[i][*measure_named("stalled_viewers")];
  }
  const Verdict verdict = judge({promise("errors", 0.1), promise("stalled_viewers", 0.1)}, seconds, {});
  EXPECT_EQ(verdict.kind, Verdict::Kind::kBreaks);
  EXPECT_EQ(verdict.first, 1U);
  EXPECT_EQ(verdict.judged[1].second, 1U);
  EXPECT_EQ(verdict.judged[0].second, 2U);
}

TEST(Verdict, OfTwoThatBrokeInTheSameSecondNamesThePlansFirst) {
  auto seconds = running("errors", {0.5});
  seconds[0][*measure_named("wrong_bodies")] = 1;
  EXPECT_EQ(judge({promise("wrong_bodies", 0), promise("errors", 0)}, seconds, {}).first, 0U);
  EXPECT_EQ(judge({promise("errors", 0), promise("wrong_bodies", 0)}, seconds, {}).first, 0U);
}

constexpr Lateness kInTime{.p99_ms = 50, .most_ms = 1000};
constexpr Lateness kLateOften{.p99_ms = 51, .most_ms = 400};
constexpr Lateness kLateOnce{.p99_ms = 2, .most_ms = 1001};

// The verdict on a plan whose only promise, of this measure, broke.
Verdict::Kind broken(std::string_view measure, const Lateness& late) {
  return judge({promise(measure, 1)}, running(measure, {1000}), late).kind;
}

TEST(Verdict, EveryPromiseIsJudgedWhenTheGeneratorWasInTime) {
  for (const Measure& measure : kMeasures) EXPECT_EQ(broken(measure.name, kInTime), Verdict::Kind::kBreaks);
}

TEST(Verdict, ALateGeneratorIsToBlameForTimesAndStalls) {
  for (const std::string_view name :
       {"start_up_p99", "segment_first_byte_p99", "request_first_byte_p99", "request_whole_p99", "stalled_viewers",
        "stall_seconds_per_hour", "not_started"}) {
    EXPECT_EQ(broken(name, kLateOften), Verdict::Kind::kNone) << name;
  }
  for (const std::string_view name :
       {"errors", "wrong_bodies", "origin_amplification", "origin_concurrency", "origin_requests"}) {
    EXPECT_EQ(broken(name, kLateOften), Verdict::Kind::kBreaks) << name;
  }
}

TEST(Verdict, ATimeThatOnlyTheLagTookPastItsPromiseIsNotJudged) {
  const Lateness late{.p99_ms = 30, .most_ms = 40};
  const auto of = [&](double measured) {
    return judge({promise("request_first_byte_p99", 10)}, running("request_first_byte_p99", {measured}), late).kind;
  };
  EXPECT_EQ(of(10), Verdict::Kind::kHolds);
  EXPECT_EQ(of(40), Verdict::Kind::kNone);
  EXPECT_EQ(of(41), Verdict::Kind::kBreaks);
  EXPECT_EQ(judge({promise("origin_requests", 10)}, running("origin_requests", {11}), late).kind,
            Verdict::Kind::kBreaks);
}

TEST(Verdict, AGeneratorThatWasSecondsLateIsToBlameForAllButWrongBodies) {
  for (const Measure& measure : kMeasures) {
    const auto expected = measure.name == "wrong_bodies" ? Verdict::Kind::kBreaks : Verdict::Kind::kNone;
    EXPECT_EQ(broken(measure.name, kLateOnce), expected) << measure.name;
  }
}

TEST(Verdict, WhatIsKeptIsKeptHoweverLateTheGenerator) {
  EXPECT_EQ(judge({promise("start_up_p99", 100)}, running("start_up_p99", {99}), kLateOnce).kind,
            Verdict::Kind::kHolds);
}

TEST(Verdict, OfTwoThatBrokeTheOneThatIsJudgedCounts) {
  auto seconds = running("errors", {0.5});
  seconds[0][*measure_named("wrong_bodies")] = 1;
  const Verdict verdict = judge({promise("errors", 0), promise("wrong_bodies", 0)}, seconds, kLateOnce);
  EXPECT_EQ(verdict.kind, Verdict::Kind::kBreaks);
  EXPECT_EQ(verdict.first, 1U);
  EXPECT_EQ(verdict.judged[0].kind, Judged::Kind::kUnjudged);
}

TEST(Verdict, AGeneratorShortOfConnectionsIsToBlameForTimesAndStalls) {
  EXPECT_EQ(broken("request_first_byte_p99", {.p99_ms = 1, .most_ms = 2, .waited = 0.02}), Verdict::Kind::kNone);
  EXPECT_EQ(broken("stalled_viewers", {.p99_ms = 1, .most_ms = 2, .waited = 0.02}), Verdict::Kind::kNone);
  EXPECT_EQ(broken("errors", {.p99_ms = 1, .most_ms = 2, .waited = 0.02}), Verdict::Kind::kBreaks);
  EXPECT_EQ(broken("request_first_byte_p99", {.p99_ms = 1, .most_ms = 2, .waited = 0.01}), Verdict::Kind::kBreaks);
}

TEST(Lateness, IsThatOfTheMomentsOrOfTheWorkWhicheverIsWorse) {
  Outcome outcome;
  outcome.lag.record(100, 990);
  outcome.lag.record(300'000, 10);  // a crowd's moment: one in a hundred, with nearly all of the work
  outcome.work_lag.record(100, 100);
  outcome.work_lag.record(300'000, 900);
  EXPECT_NEAR(outcome.lateness().p99_ms, 300, 5);
  EXPECT_NEAR(outcome.lateness().most_ms, 300, 5);
  outcome.work_lag = {};
  EXPECT_LT(outcome.lateness().p99_ms, 1);
}

TEST(Verdict, WithoutOneSaysHowLateTheGeneratorWasAndForWhat) {
  Plan plan;
  Outcome outcome;
  outcome.lag.record(2'000'000);
  outcome.verdict = judge({promise("errors", 0), promise("start_up_p99", 9999)}, running("errors", {0.5}), {0, 2000});
  outcome.verdict.judged[1].kind = Judged::Kind::kUnjudged;
  outcome.verdict.kind = Verdict::Kind::kNone;
  EXPECT_NE(verdict_line(plan, outcome)
                .find("2000 ms at worst, so it may have broken errors at most 0.0 %, "
                      "start_up_p99 at most 9999 ms itself."),
            std::string::npos);
  EXPECT_NE(bottleneck(outcome).find("late at worst"), std::string::npos);
}

TEST(Verdict, WhatNobodyMeasuredIsNotKept) {
  const Verdict verdict = judge({promise("origin_amplification", 1)}, running("errors", {0}), {});
  EXPECT_EQ(verdict.kind, Verdict::Kind::kBreaks);
  EXPECT_EQ(verdict.judged[0].kind, Judged::Kind::kUnknown);
}

TEST(Verdict, WithAnythingUntestedPromisesCanBreakAndNotHold) {
  const auto of = [](double measured, std::vector<std::string> untested) {
    Outcome outcome;
    outcome.verdict = judge({promise("errors", 0.1)}, running("errors", {measured}), {}, std::move(untested));
    return outcome;
  };
  const Outcome kept = of(0, {"not one viewer saw a frame", "no fault struck"});
  EXPECT_EQ(kept.verdict.kind, Verdict::Kind::kNone);
  EXPECT_EQ(verdict_line({}, kept),
            "No verdict: every promise was kept, but not one viewer saw a frame, and no fault struck.");
  EXPECT_TRUE(remarks(kept).empty()) << "it is said once";
  const Outcome broken = of(1, {"not one viewer saw a frame"});
  EXPECT_EQ(broken.verdict.kind, Verdict::Kind::kBreaks);
  EXPECT_EQ(remarks(broken), std::vector<std::string>{"Not tested: not one viewer saw a frame."});
}

TEST(Verdict, IsSaidWithReasonAndPlace) {
  Plan plan;
  plan.file = "a.plan";
  Outcome outcome;
  Promise broken = promise("errors", 0.01);
  broken.line = 7;
  outcome.verdict = judge({broken}, running("errors", {0, 0.25}), {});
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
