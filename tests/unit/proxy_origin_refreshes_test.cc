#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <string>

#include "proxy/loop_worker.h"
#include "proxy/origin/refreshes.h"
#include "proxy/origin/upstream_state.h"
#include "tests/unit/generation_fixture.h"

namespace levee {
namespace {

// A server that never answers.
struct Silent {
  Silent() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(descriptor, 8), 0);
    EXPECT_EQ(getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = std::to_string(ntohs(address.sin_port));
  }
  ~Silent() { close(descriptor); }
  Silent(const Silent&) = delete;
  Silent& operator=(const Silent&) = delete;
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  std::string port;
};

// One slot, which the first fetch keeps: those that have begun are in flight or wait for it.
std::shared_ptr<const Generation> generation(const std::string& port) {
  return generation_of("events { } http { upstream origin { server 127.0.0.1:" + port +
                       "; concurrency 1; queue 100; }"
                       " server { listen 127.0.0.1:0; location / { proxy_pass http://origin; } } }");
}

class RefreshesTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(config, nullptr);
    worker.mailbox().bind_to_this_thread();
  }
  void add(int count) {
    for (int i = 0; i < count; ++i) {
      Order order = order_for(config, "/" + std::to_string(i));
      order.background = true;
      Flown flown = private_flight({&worker.mailbox(), 0});
      readers.push_back(std::move(flown.reader));
      refreshes.add(std::move(order), std::move(flown.writer));
    }
  }
  uint32_t begun() { return config->upstream("origin", false)->admission().demand()->wanted; }

  Silent silent;
  std::shared_ptr<const Generation> config = generation(silent.port);
  LoopWorker worker{0, config};
  Refreshes& refreshes = worker.local<Refreshes>();
  std::deque<Reader> readers;
};

TEST_F(RefreshesTest, AFewBeginInATurnAndTheNextTurnDoesNotWait) {
  add(10);
  EXPECT_EQ(begun(), 0U);
  EXPECT_TRUE(refreshes.begin_some());
  const uint32_t in_turn = begun();
  EXPECT_GT(in_turn, 0U);
  EXPECT_LT(in_turn, 6U);
  EXPECT_TRUE(refreshes.begin_some());
  EXPECT_EQ(begun(), 2 * in_turn);
  while (refreshes.begin_some()) {
  }
  EXPECT_EQ(begun(), 10U);
}

TEST_F(RefreshesTest, ThoseThatADrainFindsNotBegunFailForWhoeverJoinedThem) {
  add(3);
  worker.drain(0);
  EXPECT_FALSE(refreshes.begin_some());
  EXPECT_EQ(begun(), 0U);
  for (Reader& reader : readers) {
    const Reader::Look look = reader.look();
    EXPECT_EQ(look.state, FlightState::kFailed);
    EXPECT_EQ(look.fault.why, Failure::kAbandoned);
  }
}

TEST_F(RefreshesTest, AWorkerBeginsSomeInEachTurn) {
  add(10);
  worker.loop().turn(false);
  EXPECT_GT(begun(), 0U);
  EXPECT_LT(begun(), 6U);
  for (int turn = 0; turn < 5; ++turn) worker.loop().turn(false);
  EXPECT_EQ(begun(), 10U);
}

}  // namespace
}  // namespace levee
