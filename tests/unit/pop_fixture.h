// A worker of a PoP's node with a real redis-server, on a loop that a test turns. Its one upstream carries 8 fetches.
#pragma once

#include <stdlib.h>

#include <fstream>

#include "proxy/cluster/pop.h"
#include "proxy/loop_worker.h"
#include "proxy/origin/upstream_state.h"
#include "tests/unit/generation_fixture.h"
#include "tests/unit/redis_fixture.h"

namespace levee {

class PopFixture : public RedisFixture {
 protected:
  static constexpr const char* kAddress = "http://127.0.0.1:2";
  static constexpr int64_t kTimeout = 500;  // ms, of a question to the index

  void SetUp() override {
    RedisFixture::SetUp();
    ASSERT_TRUE(turn_until([&] { return link_->usable(); }));
    generation_ = generation();
    ASSERT_NE(generation_, nullptr);
    worker_ = std::make_unique<LoopWorker>(0, generation_);
    worker_->mailbox().bind_to_this_thread();
    worker_->use(generation_, {});
  }
  void TearDown() override {
    worker_.reset();
    RedisFixture::TearDown();
  }
  // Turns the worker's loop until `done` or a bound that is never reached when all is well.
  template <typename Done>
  bool work_until(Done done) {
    for (const int64_t end = now_ms() + 8000; now_ms() < end;) {
      if (done()) return true;
      worker_->loop().turn(true);
    }
    return done();
  }
  Pop& pop() { return *generation_->pop; }
  Admission& admission() { return generation_->upstream("origin", false)->admission(); }

  std::shared_ptr<const Generation> generation_;
  std::unique_ptr<LoopWorker> worker_;

 private:
  std::shared_ptr<const Generation> generation() const {
    char secret[] = "/tmp/levee-secret-XXXXXX";
    close(mkstemp(secret));
    std::ofstream(secret) << "known to nodes\n";
    auto made = generation_of("events { } http { shared_index redis://127.0.0.1:" + std::to_string(port_) +
                              " timeout=" + std::to_string(kTimeout) + "ms; node a advertise=" + kAddress +
                              "; peer_listen 127.0.0.1:2; peer_secret " + secret +
                              "; upstream origin { server 127.0.0.1:1; concurrency 8; queue 10; }"
                              " server { listen 127.0.0.1:0; location / { proxy_pass http://origin; } } }");
    unlink(secret);
    return made;
  }
};

}  // namespace levee
