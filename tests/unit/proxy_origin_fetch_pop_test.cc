// A fetch that asks the PoP's index, on a loop that lags.
#include <chrono>
#include <thread>

#include "proxy/origin/fetch.h"
#include "proxy/origin/fetch_pop.h"
#include "tests/unit/pop_fixture.h"

namespace levee {
namespace {

class FetchPopTest : public PopFixture {
 protected:
  // In a callback of the loop, as every fetch begins.
  void begin() {
    Order order = order_for(generation_, "/a");
    order.key = "/a";
    Flown flown = private_flight({&worker_->mailbox(), 0});
    reader_.emplace(std::move(flown.reader));
    start_fetch(*worker_, std::move(order), std::move(flown.writer), nullptr);
  }
  // A turn that began `lag` ms ago when the fetch begins in it.
  void begin_in_a_long_turn(int64_t lag) {
    lag_ = lag;
    Timer timer(
        worker_->loop(),
        [](void* self) {
          auto& test = *static_cast<FetchPopTest*>(self);
          const int64_t began = test.worker_->now();
          std::this_thread::sleep_until(std::chrono::steady_clock::time_point(std::chrono::milliseconds(began)) +
                                        std::chrono::milliseconds(test.lag_));
          test.begin();
        },
        this);
    timer.set(1);
    ASSERT_TRUE(work_until([&] { return pop().counts.asked == 1; }));
  }
  int64_t lag_ = 0;
  std::optional<Reader> reader_;
};

TEST_F(FetchPopTest, WhatTheLoopLagsIsNotTheTimeOfTheIndex) {
  ASSERT_TRUE(work_until([&] { return pop().roster().nodes() != nullptr; })) << "Redis answers";
  begin_in_a_long_turn(kTimeout + 200);
  ASSERT_TRUE(work_until([&] { return pop().counts.led + pop().counts.alone > 0; }));
  EXPECT_EQ(pop().counts.led, 1U);
}

TEST_F(FetchPopTest, AnIndexThatIsSilentIsNotWaitedForAnyLonger) {
  ASSERT_TRUE(work_until([&] { return pop().roster().nodes() != nullptr; })) << "Redis answers";
  kill(server_, SIGSTOP);
  begin_in_a_long_turn(kTimeout + 200);
  const int64_t asked_at = now_ms();
  ASSERT_TRUE(work_until([&] { return pop().counts.alone > 0; }));
  EXPECT_LT(now_ms() - asked_at, 4 * kTimeout);
}

}  // namespace
}  // namespace levee
