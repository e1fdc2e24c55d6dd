// What the lack of our own descriptors says of a server: nothing.
#include <gtest/gtest.h>

#include "proxy/loop_worker.h"
#include "proxy/origin/fetch.h"
#include "proxy/origin/health_check.h"
#include "proxy/origin/upstream_state.h"
#include "tests/unit/generation_fixture.h"
#include "tests/unit/no_descriptors.h"

namespace levee {
namespace {

class OwnShortageTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(config, nullptr);
    worker.mailbox().bind_to_this_thread();
  }
  PeerSnapshot server() { return config->upstream("origin", false)->snapshot(worker.now()).at(0); }
  std::shared_ptr<const Generation> config = generation_of(
      "events { } http { upstream origin { server 127.0.0.1:1; breaker failures=1; }"
      " server { listen 127.0.0.1:0; location / { proxy_pass http://origin; health_check interval=10ms; } } }");
  LoopWorker worker{0, config};
};

TEST_F(OwnShortageTest, AFetchThatGetsNoSocketIsRefusedAndItsServerIsNot) {
  Flown flown = private_flight({&worker.mailbox(), 0});
  {
    const NoDescriptors none;
    start_fetch(worker, order_for(config, "/"), std::move(flown.writer), nullptr);
  }
  const Reader::Look look = flown.reader.look();
  EXPECT_EQ(look.state, FlightState::kFailed);
  EXPECT_EQ(look.fault.why, Failure::kOverloaded);
  EXPECT_EQ(server().failures, 0U);
  EXPECT_EQ(server().breaker, ServerBreaker::State::kClosed);
  EXPECT_EQ(server().connections, 0U);
}

TEST_F(OwnShortageTest, ACheckThatGetsNoSocketMakesNobodySick) {
  HealthChecks checks(worker);
  checks.use(config);
  {
    const NoDescriptors none;
    for (const int64_t end = worker.now() + 100; worker.now() < end;) worker.loop().turn(true);
  }
  EXPECT_TRUE(server().healthy);
  for (const int64_t end = worker.now() + 5'000; worker.now() < end && server().healthy;) worker.loop().turn(true);
  EXPECT_FALSE(server().healthy) << "nobody listens there";
}

}  // namespace
}  // namespace levee
