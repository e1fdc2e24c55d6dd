#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "proxy/mailbox.h"

namespace levee {
namespace {

struct Post {
  Post() : mailbox(loop) {
    mailbox.on_wake([this](uint64_t token) { woken.push_back(token); });
    loop.at_turn_end([this] { return mailbox.drain(); });
  }
  Loop loop;
  Mailbox mailbox;
  std::vector<uint64_t> woken;
};

TEST(Mailbox, TasksOfOneThreadRunInOrder) {
  Post post;
  post.mailbox.bind_to_this_thread();
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) post.mailbox.post([&order, i] { order.push_back(i); });
  EXPECT_TRUE(order.empty());
  post.loop.turn(false);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(Mailbox, ATaskMayPostAnother) {
  Post post;
  post.mailbox.bind_to_this_thread();
  int ran = 0;
  post.mailbox.post([&] {
    ++ran;
    post.mailbox.post([&] { ++ran; });
  });
  post.loop.turn(true);
  post.loop.turn(true);  // does not wait: there is mail
  EXPECT_EQ(ran, 2);
}

TEST(Mailbox, NothingOfManyThreadsIsLostAndTheLoopIsWoken) {
  Post post;
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  std::array<int, kThreads> last{};
  int tasks = 0;
  std::thread reader([&] {
    post.mailbox.bind_to_this_thread();
    while (tasks < kThreads * kEach || post.woken.size() < size_t{kThreads} * kEach) post.loop.turn(true);
  });
  std::vector<std::thread> writers;
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 1; i <= kEach; ++i) {
        post.mailbox.post([&, t, i] {
          EXPECT_EQ(last[static_cast<size_t>(t)] + 1, i);
          last[static_cast<size_t>(t)] = i;
          ++tasks;
        });
        const uint64_t token = static_cast<uint64_t>(t);
        post.mailbox.wake({&token, 1});
      }
    });
  }
  for (auto& writer : writers) writer.join();
  reader.join();
  EXPECT_EQ(tasks, kThreads * kEach);
  EXPECT_EQ(post.woken.size(), size_t{kThreads} * kEach);
}

}  // namespace
}  // namespace levee
