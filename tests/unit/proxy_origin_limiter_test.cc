// The limiter against a simulated origin in virtual time: S slots, a FIFO queue in front of them, no sockets.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <random>
#include <tuple>
#include <vector>

#include "proxy/origin/limiter.h"

namespace levee {
namespace {

// Demand is without end (or as `wanted` says): whenever the limit allows, a fetch starts.
class Simulation {
 public:
  Simulation(Concurrency rule, uint32_t slots, std::function<int64_t(Simulation&)> service)
      : limiter(rule), slots_(slots), service_(std::move(service)) {}

  Limiter limiter;
  std::minstd_rand dice{7};
  int64_t now = 1;
  uint32_t wanted = 1'000'000;           // fetches that want to be on their way
  int64_t constant_timeout = 0;          // every fetch fails after so long
  uint32_t collapse = 1'000'000;         // beyond so many at the origin: 503 at once
  uint32_t most = 0, least_limit = ~0U;  // since reset()
  uint64_t served = 0, refused = 0;
  uint64_t left = UINT64_MAX;  // fetches that are still to start
  int64_t lag = 0;             // ms at most, until it is known that a fetch is over: its slot has nothing to do

  void set_slots(uint32_t slots) { slots_ = slots; }
  void reset() {
    most = 0;
    least_limit = ~0U;
    served = refused = 0;
  }
  // A storm of so many; ms until the last is served.
  int64_t storm(uint64_t count) {
    const int64_t began = now;
    for (left = count; left > 0 || in_flight_ > 0; ++now) turn();
    return now - began;
  }
  void run(int64_t milliseconds) {
    for (const int64_t end = now + milliseconds; now < end; ++now) turn();
  }

 private:
  struct Fetch {
    int64_t started, ends;
    bool ok;
    bool operator>(const Fetch& other) const { return ends > other.ends; }
  };
  void turn() {
    while (!running_.empty() && running_.top().ends <= now) {
      const Fetch done = running_.top();
      running_.pop();
      if (done.ok) {
        limiter.sample(done.started, now, in_flight_);
        ++served;
      } else {
        limiter.dropped(done.started, now);
        ++refused;
      }
      --in_flight_;
    }
    free_.resize(std::max<size_t>(slots_, 1), now);
    while (left > 0 && in_flight_ < std::min(limiter.limit(), wanted)) start();
    most = std::max(most, in_flight_);
    least_limit = std::min(least_limit, limiter.limit());
  }
  void start() {
    limiter.begin(in_flight_, now);
    ++in_flight_;
    --left;
    if (constant_timeout > 0) return running_.push({now, now + constant_timeout, false});
    if (in_flight_ > collapse) return running_.push({now, now + 1, false});
    auto slot = std::min_element(free_.begin(), free_.end());
    *slot = std::max(*slot, now) + service_(*this);
    const int64_t late = lag > 0 ? std::uniform_int_distribution<int64_t>(0, lag)(dice) : 0;
    running_.push({now, *slot + late, true});
  }
  uint32_t slots_;
  std::function<int64_t(Simulation&)> service_;
  std::vector<int64_t> free_;
  uint32_t in_flight_ = 0;
  std::priority_queue<Fetch, std::vector<Fetch>, std::greater<>> running_;
};

Concurrency adaptive(uint32_t initial = 20, uint32_t min = 2, uint32_t max = 200) {
  return {true, initial, min, max};
}
using Service = std::function<int64_t(Simulation&)>;
Service fixed(int64_t time) {
  return [time](Simulation&) { return time; };
}
Service noisy(int64_t time) {
  return
      [time](Simulation& s) { return std::uniform_int_distribution<int64_t>(time * 8 / 10, time * 12 / 10)(s.dice); };
}

TEST(Limiter, AFixedLimitStaysWhatItIs) {
  Limiter limiter({false, 8, 1, 0});
  for (int64_t t = 1; t < 10'000; ++t) {
    limiter.sample(t - 1, t, 8);
    limiter.dropped(t - 1, t);
  }
  EXPECT_EQ(limiter.limit(), 8U);
}

TEST(Limiter, FindsTheSlotsOfAnOriginFromBelow) {
  Simulation origin(adaptive(2), 8, fixed(100));
  origin.run(20'000);
  origin.reset();
  origin.run(60'000);
  EXPECT_GE(origin.served, 600U * 95 / 100);
  EXPECT_LE(origin.most, 11U);
  EXPECT_GE(origin.least_limit, 6U);
}

TEST(Limiter, AStormFromALowStartIsOverInTheTimeThatTheOriginNeeds) {
  const int64_t ideal = 600 * 100 / 16;
  for (const uint32_t initial : {4U, 8U, 20U}) {
    for (const bool noise : {false, true}) {
      Simulation origin(adaptive(initial, 1), 16, noise ? noisy(100) : fixed(100));
      EXPECT_LE(origin.storm(600), ideal * 130 / 100) << initial << noise;
      EXPECT_LE(origin.most, 32U) << initial << noise;  // never twice what it carries
    }
  }
  for (const uint32_t initial : {1U, 2U}) {
    Simulation origin(adaptive(initial, 1), 16, noisy(100));
    EXPECT_LE(origin.storm(600), 2 * ideal) << initial;
  }
}

TEST(Limiter, IsNeverAboveTheSlotsOfAnOriginOnceItHasSettled) {
  for (const bool noise : {false, true}) {
    Simulation origin(adaptive(20, 1, 1000), 8, noise ? noisy(100) : fixed(100));
    origin.run(8'000);
    origin.reset();
    origin.run(20'000);  // with the time before: a storm of 2,000 fetches
    EXPECT_LE(origin.most, 8U) << noise;
    EXPECT_GE(origin.served, 20U * 80 * 95 / 100) << noise;
  }
}

// Its slots are all in use while the cache fills, then nothing is asked, then comes all at once.
struct StormAfterAPause : testing::TestWithParam<std::tuple<int64_t, int64_t>> {};  // ms each: jitter, pause

TEST_P(StormAfterAPause, SettlesAtTheSlotsAndStaysThere) {
  const auto [jitter, pause] = GetParam();
  for (unsigned seed = 1; seed <= 32; ++seed) {
    Simulation origin(adaptive(16, 2, 256), 8, [jitter = jitter](Simulation& s) {
      return std::uniform_int_distribution<int64_t>(100, 100 + jitter)(s.dice);
    });
    origin.dice.seed(seed);
    origin.lag = jitter;
    origin.wanted = 8;
    origin.storm(2'000);
    origin.left = 0;
    origin.run(pause);
    origin.wanted = 1'000'000;
    origin.left = UINT64_MAX;
    origin.run(3'000);
    origin.reset();
    origin.run(22'000);
    EXPECT_LE(origin.most, 8U) << seed;
    EXPECT_GE(origin.served, 22U * 80 * 90 / 100) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Limiter, StormAfterAPause,
                         testing::Combine(testing::Values(0, 3, 8), testing::Values(20'000, 42'000, 600'000)));

// In use, then not asked for an hour, and slower by itself when it is asked again: as if it had always been so, within
// seconds, whether a few ask or all.
struct SlowerAfterAPause : testing::TestWithParam<std::tuple<double, uint32_t, int64_t>> {};  // factor, wanted, jitter

TEST_P(SlowerAfterAPause, IsNotThrottled) {
  const auto [factor, wanted, jitter] = GetParam();
  for (unsigned seed = 1; seed <= 32; ++seed) {
    int64_t time = 50;
    Simulation origin(adaptive(16, 2, 256), 16, [&time, jitter = jitter](Simulation& s) {
      return std::uniform_int_distribution<int64_t>(time, time + jitter)(s.dice);
    });
    origin.dice.seed(seed);
    origin.lag = jitter;
    origin.wanted = 16;
    origin.run(20'000);
    origin.left = 0;
    origin.run(1'000);
    origin.now += 3'600'000;
    time = std::lround(50 * factor);
    origin.wanted = wanted;
    origin.left = UINT64_MAX;
    origin.run(3'000);
    const double second = 1'000.0 / static_cast<double>(time + jitter) * std::min(wanted, 16U);
    for (int seconds = 3; seconds < 20; ++seconds) {
      origin.reset();
      origin.run(1'000);
      EXPECT_GE(static_cast<double>(origin.served), second * 0.75 - 1) << seed << ' ' << seconds;
    }
    EXPECT_LE(origin.limiter.limit(), 24U) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Limiter, SlowerAfterAPause,
                         testing::Combine(testing::Values(1.2, 1.5, 2.0, 3.0, 10.0), testing::Values(4, 1'000'000),
                                          testing::Values(0, 3, 8)));

// A fetch each few seconds: it never has to wait, and a storm that comes then is over in the time that the origin
// needs, be it as it was or slower.
TEST(Limiter, IsReadyForAStormAtAnOriginThatIsSeldomAsked) {
  for (const int64_t pause : {1'000, 3'000, 7'000}) {
    for (const int64_t times : {1, 3}) {
      for (const int slow : {0, 1, 5, 30, 200}) {  // fetches after it has become slower
        int64_t time = 50;
        Simulation origin(adaptive(16, 2, 256), 16, [&time](Simulation& s) {
          return std::uniform_int_distribution<int64_t>(time, time + 3)(s.dice);
        });
        origin.lag = 3;
        const auto ask = [&](int count) {
          for (int i = 0; i < count; ++i) {
            origin.left = 1;
            origin.run(2);
            ASSERT_EQ(origin.left, 0U);
            origin.run(pause - 2);
          }
        };
        ask(200);
        time *= times;
        ask(slow);
        EXPECT_EQ(origin.limiter.limit(), 16U) << pause << ' ' << times << ' ' << slow;
        EXPECT_LE(origin.storm(600), 600 * (time + 3) / 16 * 120 / 100) << pause << ' ' << times << ' ' << slow;
      }
    }
  }
}

// Few are very slow, as what is made on demand, or what somebody asks for to do harm: no sign of a queue.
TEST(Limiter, AFewThatTakeVeryLongAreNotTakenForAQueue) {
  for (const auto& [one_of, slow] : {std::pair(20U, 2'000), {16U, 1'000}, {50U, 5'000}, {100U, 2'000}}) {
    const double mean = 50 + (slow - 50.0) / one_of;
    for (unsigned seed = 1; seed <= 8; ++seed) {
      Simulation origin(adaptive(20, 1, 1000), 64,
                        [one = one_of, time = slow](Simulation& s) { return s.dice() % one == 0 ? time : 50; });
      origin.dice.seed(seed);
      origin.run(30'000);
      origin.reset();
      origin.run(60'000);
      EXPECT_GE(static_cast<double>(origin.served), 60'000 / mean * 64 * 0.45) << one_of << ' ' << slow << ' ' << seed;
      EXPECT_LE(origin.most, 160U) << one_of << ' ' << slow << ' ' << seed;
    }
  }
}

// What it carried before it may carry again: the limit goes beyond its slots now and then, by one, and no further.
TEST(Limiter, ALimitThatHasFallenTriesOneMoreAndNotThree) {
  for (const unsigned seed : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U}) {
    Simulation origin(adaptive(16, 2, 256), 64,
                      [](Simulation& s) { return std::uniform_int_distribution<int64_t>(100, 103)(s.dice); });
    origin.dice.seed(seed);
    origin.lag = 4;
    origin.run(10'000);
    origin.set_slots(8);
    origin.run(10'000);
    origin.reset();
    origin.run(20'000);
    EXPECT_EQ(origin.most, 9U) << seed;
    EXPECT_GE(origin.served, 20U * 80 * 95 / 100) << seed;
  }
}

// Second by second, from the third on: whatever it begins with, and though neither timers nor networks are exact.
TEST(Limiter, AnOverloadedOriginIsNeverMuchBelowWhatItCarries) {
  for (const uint32_t initial : {4U, 8U, 16U, 32U, 64U}) {
    for (const unsigned seed : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U}) {
      Simulation origin(adaptive(initial, 2, 256), 8,
                        [](Simulation& s) { return std::uniform_int_distribution<int64_t>(100, 103)(s.dice); });
      origin.dice.seed(seed);
      origin.lag = 4;
      origin.run(2'000);
      uint64_t least = UINT64_MAX, all = 0;
      for (int second = 2; second < 30; ++second) {
        origin.reset();
        origin.run(1'000);
        least = std::min(least, origin.served);
        all += origin.served;
      }
      EXPECT_GE(least, 80U * 88 / 100) << initial << " " << seed;
      EXPECT_GE(all, 28U * 80 * 94 / 100) << initial << " " << seed;
    }
  }
}

TEST(Limiter, IsBackSoonWhenAnOriginIsThatHungOrRefusedEverything) {
  for (const bool hangs : {false, true}) {
    Simulation origin(adaptive(20, 1, 1000), 16, noisy(50));
    origin.run(20'000);
    if (hangs) origin.constant_timeout = 1'000;
    if (!hangs) origin.collapse = 0;
    origin.run(20'000);
    EXPECT_EQ(origin.limiter.limit(), 1U) << hangs;
    origin.constant_timeout = 0;
    origin.collapse = 1'000'000;
    origin.run(2'000);
    origin.reset();
    origin.run(3'000);
    EXPECT_GE(origin.served, 3'000U / 50 * 16 * 80 / 100) << hangs;
  }
}

// Envoy #46532: while its filter measures the least round trip it lets three requests at a time through, and refuses
// the others.
TEST(Limiter, NeverGoesBelowASteadyDemandThatTheOriginCarries) {
  Simulation origin(adaptive(20, 1, 1000), 32, noisy(50));
  origin.run(20'000);
  origin.wanted = 24;
  origin.reset();
  origin.run(900'000);
  EXPECT_GE(origin.least_limit, 24U);
}

TEST(Limiter, FindsTheSlotsOfANoisyOrigin) {
  Simulation origin(adaptive(4), 16, noisy(50));
  origin.run(20'000);
  origin.reset();
  origin.run(60'000);
  EXPECT_GE(origin.served, 60'000U / 50 * 16 * 90 / 100);
  EXPECT_LE(origin.most, 32U);
}

TEST(Limiter, AStepInLatencyIsNotTakenForAQueueForEver) {
  int64_t time = 50;
  Simulation origin(adaptive(), 32, [&](Simulation&) { return time; });
  origin.run(30'000);
  time = 200;
  origin.run(30'000);
  origin.reset();
  origin.run(30'000);
  EXPECT_GE(origin.served, 30'000U / 200 * 32 * 85 / 100);
  EXPECT_LE(origin.most, 48U);
}

TEST(Limiter, FollowsAStepInCapacityDownAndUp) {
  Simulation origin(adaptive(4), 32, fixed(50));
  origin.run(30'000);
  origin.set_slots(8);
  origin.run(10'000);
  origin.reset();
  origin.run(20'000);
  EXPECT_LE(origin.most, 14U);
  EXPECT_GE(origin.served, 20'000U / 50 * 8 * 90 / 100);
  origin.set_slots(32);
  origin.run(40'000);  // not longer than it was low, and a little
  origin.reset();
  origin.run(10'000);
  EXPECT_GE(origin.served, 10'000U / 50 * 32 * 85 / 100);
}

TEST(Limiter, ASlowDriftMovesTheBaseline) {
  double time = 50;
  Simulation origin(adaptive(), 16, [&](Simulation&) { return static_cast<int64_t>(time); });
  origin.run(20'000);
  for (int i = 0; i < 300; ++i) {  // to twice the time in five minutes
    time += 50.0 / 300;
    origin.run(1'000);
  }
  origin.reset();
  origin.run(20'000);
  EXPECT_GE(origin.served, 20'000U / 100 * 16 * 85 / 100);
  EXPECT_LE(origin.most, 28U);
}

// A queue that stays is the least that the last half minute had, in the end. By a tenth each three seconds at most.
TEST(Limiter, TheBaselineDecaysSlowly) {
  Limiter limiter(adaptive(8, 8, 8));
  int64_t now = 1;
  const auto ask = [&](int64_t milliseconds, int64_t time) {
    for (const int64_t end = now + milliseconds; now < end; now += 10) limiter.sample(now - time, now, 8);
  };
  ask(40'000, 50);
  EXPECT_NEAR(limiter.baseline(), 50, 1);
  ask(30'000, 500);
  EXPECT_LE(limiter.baseline(), 60);
  ask(9'000, 500);
  EXPECT_LE(limiter.baseline(), 80);
  ask(120'000, 500);
  EXPECT_NEAR(limiter.baseline(), 500, 5);
}

// Workers have their own idea of the time, some milliseconds apart.
TEST(Limiter, ATimeThatIsALittleBehindIsNotAnotherPeriod) {
  Limiter limiter(adaptive(8, 8, 100));
  limiter.begin(59, 3'000);  // sixty
  for (int64_t now = 6'000; now < 6'100; now += 10) {
    limiter.begin(0, now);
    limiter.begin(0, now - 100);
  }
  for (int64_t now = 6'101; limiter.limit() < 60; now += 20) {
    ASSERT_LT(now, 8'900);
    for (int i = 0; i < 100; ++i) limiter.sample(now, now + 10, limiter.limit());
  }
  const uint32_t before = limiter.limit();
  limiter.begin(0, 9'000);  // those sixty are of the period before
  EXPECT_EQ(limiter.limit(), before);
}

TEST(Limiter, NorAnotherStepOfTheBaseline) {
  const auto baseline = [](bool with_late) {
    Limiter limiter(adaptive(8, 8, 8));
    const auto window = [&](int64_t ends, int64_t time) {
      for (int i = 0; i < 64; ++i) limiter.sample(ends - 600 - time, ends - 600, 8);
      limiter.sample(ends - time, ends, 8);
    };
    for (int64_t now = 30'010; now < 105'000; now += 3'000) {
      const int64_t time = now < 60'000 ? 50 : 500;
      window(now, time);
      if (with_late) window(now - 20, time);
    }
    return limiter.baseline();
  };
  EXPECT_GT(baseline(false), 60);
  EXPECT_LT(baseline(false), 200);
  EXPECT_EQ(baseline(true), baseline(false));
}

// A reload, or a PoP that has fewer nodes, in the midst of a descent.
TEST(Limiter, NewBoundsEndADescent) {
  for (uint32_t turn = 0; turn < 200; ++turn) {
    Simulation origin(adaptive(40, 2, 200), 8, noisy(100));
    origin.run(1'000 + 20 * turn);
    origin.limiter.apply(adaptive(150, 120, 200));
    ASSERT_EQ(origin.limiter.limit(), 120U) << turn;
    origin.run(10'000);
    ASSERT_GE(origin.least_limit, 2U);
    ASSERT_EQ(origin.limiter.limit(), 120U) << turn;
  }
}

// Netflix concurrency-limits #137: times that are all alike are no sign of a queue, so its limit went up to the most.
TEST(Limiter, ConstantTimeOutsLeadDownToTheLeastAndNotUp) {
  Simulation origin(adaptive(), 16, fixed(50));
  origin.run(20'000);
  origin.constant_timeout = 1'000;
  uint32_t before = origin.limiter.limit();
  for (int i = 0; i < 40; ++i) {
    origin.run(1'500);
    EXPECT_LE(origin.limiter.limit(), before);
    before = origin.limiter.limit();
  }
  EXPECT_EQ(before, 2U);
  origin.constant_timeout = 0;
  origin.run(10'000);
  origin.reset();
  origin.run(10'000);
  EXPECT_GE(origin.served, 10'000U / 50 * 16 * 80 / 100);
}

TEST(Limiter, BimodalTimesAreNotTakenForAQueue) {
  Simulation origin(adaptive(), 64, [](Simulation& s) { return s.dice() % 2 == 0 ? 5 : 200; });
  origin.run(30'000);
  origin.reset();
  origin.run(60'000);
  EXPECT_GE(origin.served, static_cast<uint64_t>(60'000 / 102.5 * 64 * 0.7));
  EXPECT_LE(origin.most, 160U);
}

TEST(Limiter, IdleTimeDoesNotGrowItAndABurstAfterwardsIsBounded) {
  Simulation origin(adaptive(), 16, fixed(50));
  origin.run(20'000);
  const uint32_t busy = origin.limiter.limit();
  origin.wanted = 1;
  origin.run(300'000);
  EXPECT_LE(origin.limiter.limit(), busy + 2);
  origin.wanted = 1'000'000;
  origin.reset();
  origin.run(20'000);
  EXPECT_LE(origin.most, 28U);
  EXPECT_GE(origin.served, 20'000U / 50 * 16 * 85 / 100);
}

// What it carried when it was another one: a limit that was right for 250 at a time is none for 8.
// Samples of a time in which the origin had little to do must not speak for the storm that follows.
TEST(Limiter, AWindowBegunBeforeAStormDoesNotMakeItGrow) {
  for (int begun = 0; begun < 20; ++begun) {
    Simulation origin(adaptive(16, 2, 256), 8, fixed(100));
    origin.wanted = 8;
    origin.run(5'000 + 100 * begun);
    origin.left = 0;
    origin.run(20'000);
    origin.reset();
    origin.wanted = 1'000'000;
    origin.left = UINT64_MAX;
    origin.run(10'000);
    EXPECT_EQ(origin.most, 16U) << begun;  // initial=: what it may ask for before it knows
  }
}

TEST(Limiter, AStormAfterAPauseMeetsALimitThatIsNotOutOfDate) {
  const auto storm_at_eight = [](int64_t pause, uint32_t most) {
    Simulation origin(adaptive(16, 2, 256), 300, noisy(100));
    origin.run(10'000);
    ASSERT_EQ(origin.limiter.limit(), 256U);
    origin.wanted = 0;
    origin.run(pause);
    origin.set_slots(8);
    origin.wanted = 1'000'000;
    origin.reset();
    EXPECT_LE(origin.storm(800), 800 * 100 / 8 * 115 / 100) << pause;
    EXPECT_LE(origin.most, most) << pause;
  };
  storm_at_eight(18'000, 16);
  storm_at_eight(10'000, 128);
}

// A pause as live segments have it between them takes nothing away, so the first who come may be too many. Not for
// long.
TEST(Limiter, AStormAfterAShortPauseFindsTheSlotsThatAreLeftWithinSeconds) {
  for (const int64_t pause : {500, 2'000, 4'000}) {
    Simulation origin(adaptive(16, 2, 256), 40, noisy(100));
    origin.run(30'000);
    const uint32_t before = origin.limiter.limit();
    origin.wanted = 0;
    origin.run(pause);
    origin.set_slots(8);
    origin.wanted = 1'000'000;
    origin.reset();
    origin.run(5'000);
    EXPECT_LE(origin.most, before + 2) << pause;
    EXPECT_GE(origin.served, 5U * 80 * 90 / 100) << pause;
    origin.reset();
    origin.run(10'000);
    EXPECT_LE(origin.most, 12U) << pause;
    EXPECT_GE(origin.served, 10U * 80 * 90 / 100) << pause;
  }
}

TEST(Limiter, IsNotTakenFromWhoUsesItInBursts) {
  Simulation origin(adaptive(16, 2, 256), 64, fixed(50));
  origin.run(20'000);
  for (int burst = 0; burst < 20; ++burst) {
    origin.wanted = 0;
    origin.run(4'500);
    origin.wanted = 60;
    origin.run(500);
    EXPECT_GE(origin.limiter.limit(), 60U) << burst;
  }
}

// Nothing failed: it was slower for a while, as an origin is that has lost servers, and has them again. However long.
TEST(Limiter, IsBackSoonWhenAnOriginHasItsSlotsAgain) {
  for (const int64_t outage : {20'000, 45'000, 60'000, 90'000}) {
    Simulation origin(adaptive(8, 2, 256), 32, noisy(50));
    origin.run(20'000);
    origin.set_slots(4);
    origin.run(outage);
    EXPECT_LE(origin.limiter.limit(), 6U) << outage;
    origin.set_slots(32);
    origin.run(10'000);
    origin.reset();
    origin.run(5'000);
    EXPECT_GE(origin.served, 5'000U / 50 * 32 * 85 / 100) << outage;
  }
}

TEST(Limiter, RefusalsOfAnOriginThatCollapsesKeepItBelowThat) {
  Simulation origin(adaptive(), 16, fixed(50));
  origin.collapse = 24;
  origin.run(20'000);
  origin.reset();
  origin.run(60'000);
  EXPECT_LE(origin.refused * 100, origin.served);
  EXPECT_GE(origin.served, 60'000U / 50 * 16 * 85 / 100);
}

// Netflix concurrency-limits #165: the least round trip was measured again under load, and the queue became the norm.
TEST(Limiter, ALongOverloadDoesNotPoisonTheBaseline) {
  Simulation origin(adaptive(100, 2, 200), 8, fixed(100));  // begins far too high
  origin.run(600'000);
  EXPECT_LE(origin.limiter.limit(), 12U);
  EXPECT_LE(origin.limiter.baseline(), 160);
}

}  // namespace
}  // namespace levee
