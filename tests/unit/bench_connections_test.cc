// What the connections of simulated clients do to each other, and what the lack of a socket says of a server: nothing.
#include <arpa/inet.h>
#include <event2/event.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>

#include "bench/client/connections.h"
#include "tests/unit/no_descriptors.h"

namespace levee::bench {
namespace {

// A server that does what the test says, call by call.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&name), size) == 0 && listen(fd_, 8) == 0) {
      getsockname(fd_, reinterpret_cast<sockaddr*>(&name), &size);
    }
    target = *parse_target("http://127.0.0.1:" + std::to_string(ntohs(name.sin_port)) + "/");
  }
  ~Listener() { ::close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int accept() const { return ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }
  // Reads a request and answers it with a body of so many bytes.
  static void answer(int fd, size_t bytes) {
    std::string request(4096, '\0');
    const ssize_t got = recv(fd, request.data(), request.size(), 0);
    EXPECT_GT(got, 0);
    const std::string text =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'x');
    for (size_t sent = 0; sent < text.size();) {
      const ssize_t now = send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      ASSERT_GT(now, 0);
      sent += static_cast<size_t>(now);
    }
  }

  Target target;

 private:
  const int fd_;
};

struct Asker final : HttpClient::Observer {
  void on_head(const ResponseHead&) override {}
  void on_body(std::string_view bytes) override { received += bytes.size(); }
  void on_end() override { ++answered; }
  void on_failure(Failure) override { ++failed; }
  size_t received = 0;
  int answered = 0, failed = 0;
};

class ConnectionsTest : public testing::Test {
 protected:
  // Until so many answers have come to both, or failures.
  void run_until(int outcomes) {
    while (first.answered + first.failed + second.answered + second.failed < outcomes) {
      ASSERT_EQ(event_base_loop(&loop.base(), EVLOOP_ONCE), 0);
    }
  }
  ClientLoop loop{10'000};
  Listener server;
  Asker first, second;
};

TEST_F(ConnectionsTest, AnIdleConnectionThatWasClosedAndNoSocketForAnotherIsNoFailureOfTheServer) {
  Connections connections(loop, 10);
  Connections::Home home;
  connections.get(home, server.target, "/", {}, first);
  std::thread serving([this] {
    const int peer = server.accept();
    Listener::answer(peer, 1);
    ::close(peer);
  });
  run_until(1);
  serving.join();
  connections.get(home, server.target, "/again", {}, first);
  {
    const NoDescriptors none;
    while (connections.waited() == 0 && first.failed == 0) {
      ASSERT_EQ(event_base_loop(&loop.base(), EVLOOP_ONCE), 0);
    }
  }
  EXPECT_EQ(connections.shortage(), EMFILE);
  std::thread answering([this] {
    const int next = server.accept();
    Listener::answer(next, 1);
    ::close(next);
  });
  run_until(2);
  answering.join();
  EXPECT_EQ(first.answered, 2);
  EXPECT_EQ(first.failed, 0);
  connections.close(home);
}

TEST_F(ConnectionsTest, AClientsConnectionsShareItsLine) {
  constexpr size_t kBody = 150'000;
  Connections connections(loop, 10);
  Connections::Home home(1'000'000);
  const int64_t began = now_us();
  std::thread answering([this] {
    const std::array<int, 2> peers = {server.accept(), server.accept()};
    std::thread other([fd = peers[1]] { Listener::answer(fd, kBody); });
    Listener::answer(peers[0], kBody);
    other.join();
    for (const int peer : peers) ::close(peer);
  });
  connections.get(home, server.target, "/a", {}, first);
  connections.get(home, server.target, "/b", {}, second);
  run_until(2);
  answering.join();
  EXPECT_EQ(first.received + second.received, 2 * kBody);
  EXPECT_GT(now_us() - began, 2 * kBody - 50'000) << "microseconds: a byte is one, but for what is read at last";
  connections.close(home);
}

}  // namespace
}  // namespace levee::bench
