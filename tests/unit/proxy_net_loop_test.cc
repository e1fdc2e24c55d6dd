#include <gtest/gtest.h>
#include <time.h>

#include <random>
#include <vector>

#include "proxy/net/loop.h"

namespace levee {
namespace {

int64_t clock_ms() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
}

struct Alarm {
  explicit Alarm(Loop& loop)
      : timer(
            loop,
            [](void* self) {
              auto& alarm = *static_cast<Alarm*>(self);
              ++alarm.rings;
              alarm.at = clock_ms();
            },
            this) {}
  Timer timer;
  int rings = 0;
  int64_t at = 0;
};

void turn_until(Loop& loop, int64_t end) {
  Alarm alarm(loop);
  alarm.timer.set(end - loop.now());
  while (alarm.rings == 0) loop.turn(true);
}

TEST(Loop, ATimerIsNeverEarlyAndLateByLittle) {
  Loop loop;
  std::minstd_rand dice(1);
  std::vector<std::unique_ptr<Alarm>> alarms;
  std::vector<int64_t> due;
  loop.turn(false);
  for (int i = 0; i < 200; ++i) {
    const auto in = static_cast<int64_t>(dice() % 150 + 1);
    alarms.push_back(std::make_unique<Alarm>(loop));
    alarms.back()->timer.set(in);
    due.push_back(loop.now() + in);
  }
  turn_until(loop, loop.now() + 260);
  for (size_t i = 0; i < alarms.size(); ++i) {
    EXPECT_EQ(alarms[i]->rings, 1);
    EXPECT_GE(alarms[i]->at, due[i]);
    EXPECT_LE(alarms[i]->at, due[i] + 100);
    EXPECT_FALSE(alarms[i]->timer.is_set());
  }
}

TEST(Loop, ATimerThatIsMovedBackRingsOnceAtItsLastTime) {
  Loop loop;
  Alarm alarm(loop);
  const int64_t start = loop.now();
  alarm.timer.set(20);
  alarm.timer.set(120);
  turn_until(loop, start + 60);
  EXPECT_EQ(alarm.rings, 0);
  turn_until(loop, start + 200);
  EXPECT_EQ(alarm.rings, 1);
  EXPECT_GE(alarm.at, start + 120);
}

TEST(Loop, ATimerThatIsMovedForwardRingsAtTheEarlierTime) {
  Loop loop;
  Alarm alarm(loop);
  const int64_t start = loop.now();
  alarm.timer.set(60'000);
  alarm.timer.set(20);
  turn_until(loop, start + 100);
  EXPECT_EQ(alarm.rings, 1);
}

TEST(Loop, AClearedTimerDoesNotRing) {
  Loop loop;
  Alarm alarm(loop);
  alarm.timer.set(10);
  alarm.timer.clear();
  turn_until(loop, loop.now() + 50);
  EXPECT_EQ(alarm.rings, 0);
}

TEST(Loop, ATimerBeyondTheWheelStaysSet) {
  Loop loop;
  Alarm alarm(loop);
  alarm.timer.set(3'600'000);
  turn_until(loop, loop.now() + 30);
  EXPECT_EQ(alarm.rings, 0);
  EXPECT_TRUE(alarm.timer.is_set());
}

TEST(Loop, ATimerMayDestroyAnotherThatIsDueWithIt) {
  Loop loop;
  auto victim = std::make_unique<Alarm>(loop);
  struct Killer {
    std::unique_ptr<Alarm>& victim;
  } killer{victim};
  // The later set of one slot is expired first.
  victim->timer.set(10);
  Timer timer(
      loop, [](void* self) { static_cast<Killer*>(self)->victim.reset(); }, &killer);
  timer.set(10);
  turn_until(loop, loop.now() + 50);
  EXPECT_EQ(victim, nullptr);
}

TEST(Loop, WhatIsBuriedDiesAfterTheCallback) {
  struct Body : Mortal {
    explicit Body(bool& flag) : dead(flag) {}
    ~Body() override { dead = true; }
    bool& dead;
  };
  Loop loop;
  bool dead = false;
  loop.bury(std::make_unique<Body>(dead));
  EXPECT_FALSE(dead);
  loop.settle();
  EXPECT_TRUE(dead);
}

}  // namespace
}  // namespace levee
