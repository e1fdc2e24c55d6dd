// A real redis-server and a RedisLink to it, on a loop that a test turns.
#pragma once

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>

#include "proxy/cluster/redis_link.h"

namespace levee {

inline int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

inline int free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  bind(probe, reinterpret_cast<sockaddr*>(&address), length);
  getsockname(probe, reinterpret_cast<sockaddr*>(&address), &length);
  close(probe);
  return ntohs(address.sin_port);
}

class RedisFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    port_ = free_port();
    start();
    link_ = std::make_unique<RedisLink>(loop_, RedisAddress{"127.0.0.1", port_, "", 0}, breaker_, kDeadline);
  }
  void TearDown() override {
    link_.reset();
    stop(SIGKILL);
  }

  void start() {
    server_ = fork();
    if (server_ != 0) return;
    const std::string port = std::to_string(port_);
    execlp("redis-server", "redis-server", "--port", port.c_str(), "--bind", "127.0.0.1", "--save", "", "--appendonly",
           "no", "--logfile", "/dev/null", "--daemonize", "no", nullptr);
    _exit(127);
  }
  void stop(int signal) {
    if (server_ <= 0) return;
    kill(server_, signal);
    kill(server_, SIGCONT);
    waitpid(server_, nullptr, 0);
    server_ = 0;
  }
  // Turns the loop until `done` or a bound that only a broken link reaches.
  template <typename Done>
  bool turn_until(Done done) {
    for (const int64_t end = now_ms() + 8000; now_ms() < end;) {
      if (done()) return true;
      loop_.turn(true);
    }
    return done();
  }
  // "+text" for an answer, "-" for none.
  std::string ask(std::initializer_list<std::string_view> words) {
    std::string got;
    link_->command(words, [&](const redisReply* reply) {
      got = reply == nullptr ? "-" : "+" + std::string(reply->str == nullptr ? "" : reply->str);
    });
    turn_until([&] { return !got.empty(); });
    return got;
  }

  static constexpr int64_t kDeadline = 50;
  pid_t server_ = 0;
  int port_ = 0;
  Loop loop_;
  RedisBreaker breaker_;
  std::unique_ptr<RedisLink> link_;
};

}  // namespace levee
