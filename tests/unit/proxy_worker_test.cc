#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "proxy/generation.h"
#include "proxy/loop_worker.h"

namespace levee {
namespace {

struct Sleeper : Task {
  Sleeper(std::atomic<int>& wakes, std::atomic<int>& ends) : woken(wakes), ended(ends) {}
  ~Sleeper() override { ++ended; }
  void on_wake() override { ++woken; }
  void on_drain() override { ++drained; }
  std::atomic<int>&woken, &ended;
  int drained = 0;
};

class WorkerTest : public testing::Test {
 protected:
  WorkerTest() : worker(0, std::make_shared<Generation>()) { worker.mailbox().bind_to_this_thread(); }
  Sleeper& add() { return static_cast<Sleeper&>(worker.adopt(std::make_unique<Sleeper>(wakes, ends))); }
  void wake(uint64_t token) {
    worker.mailbox().wake({&token, 1});
    worker.loop().turn(false);
  }
  LoopWorker worker;
  std::atomic<int> wakes{0}, ends{0};
};

TEST_F(WorkerTest, ATokenWakesItsTask) {
  const Sleeper& task = add();
  wake(worker.subscriber(task).token);
  EXPECT_EQ(wakes, 1);
}

TEST_F(WorkerTest, AReapedTaskEndsAfterTheCallbackAndItsTokenIsStale) {
  Sleeper& task = add();
  const uint64_t token = task.token();
  worker.reap(task);
  worker.reap(task);  // twice is once
  EXPECT_EQ(ends, 0);
  worker.loop().settle();
  EXPECT_EQ(ends, 1);
  const Sleeper& next = add();  // in the same place
  wake(token);
  EXPECT_EQ(wakes, 0);
  wake(next.token());
  EXPECT_EQ(wakes, 1);
  wake(~uint64_t{0});
  EXPECT_EQ(wakes, 1);
}

TEST_F(WorkerTest, ADrainTellsAllTasksAndEndsWithTheLast) {
  Sleeper& first = add();
  Sleeper& second = add();
  worker.drain(0);
  EXPECT_TRUE(worker.draining());
  EXPECT_EQ(first.drained + second.drained, 2);
  worker.mailbox().post([&] { worker.reap(first); });
  worker.mailbox().post([&] { worker.reap(second); });
  worker.run();
  EXPECT_EQ(ends, 2);
}

TEST_F(WorkerTest, ADrainIsBounded) {
  add();
  worker.drain(30);
  worker.run();
  EXPECT_EQ(ends, 1);
}

TEST_F(WorkerTest, StopEndsAllTasksFromAnotherThread) {
  add();
  add();
  std::thread thread([&] { worker.run(); });
  worker.mailbox().post([&] { worker.stop(); });
  thread.join();
  EXPECT_EQ(ends, 2);
}

}  // namespace
}  // namespace levee
