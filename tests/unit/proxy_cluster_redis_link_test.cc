// RedisLink against a real redis-server: answers, deadlines, a stopped server, a killed one.
#include <functional>

#include "proxy/cluster/redis_link.h"
#include "tests/unit/redis_fixture.h"

namespace levee {
namespace {

using RedisLinkTest = RedisFixture;

TEST_F(RedisLinkTest, AnswersCommandsInOrder) {
  ASSERT_TRUE(turn_until([&] { return link_->usable(); }));
  std::string seen;
  for (const std::string_view word : {"a", "b", "c"})
    link_->command({"ECHO", word}, [&seen](const redisReply* reply) { seen += reply == nullptr ? "-" : reply->str; });
  EXPECT_TRUE(turn_until([&] { return seen.size() == 3; }));
  EXPECT_EQ(seen, "abc");
}

TEST_F(RedisLinkTest, AStoppedServerCostsOneDeadlineAndThenNothing) {
  ASSERT_TRUE(turn_until([&] { return link_->usable(); }));
  kill(server_, SIGSTOP);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask({"PING"}), "-");
  EXPECT_FALSE(link_->usable());
  const int64_t before = now_ms();
  EXPECT_EQ(ask({"PING"}), "-");
  EXPECT_LT(now_ms() - before, kDeadline) << "an open breaker answers at once";
  kill(server_, SIGCONT);
  EXPECT_TRUE(turn_until([&] { return link_->usable(); })) << "and closes when the server goes on";
  EXPECT_EQ(ask({"ECHO", "back"}), "+back");
}

// Each turn takes longer than a command may: it is written late, and its reply is read late.
TEST_F(RedisLinkTest, ALoopThatLagsDoesNotTakeTheServerForSilent) {
  ASSERT_TRUE(turn_until([&] { return link_->usable(); }));
  const uint64_t openings = breaker_.openings();  // before the server stood
  std::string got;
  unsigned asked = 0;
  std::function<void()> work;
  Timer crowd(
      loop_, [](void* each) { (*static_cast<std::function<void()>*>(each))(); }, &work);
  work = [&] {
    if (asked++ < 6)
      link_->command({"ECHO", "x"}, [&](const redisReply* reply) { got += reply == nullptr ? "-" : "+"; });
    for (const int64_t end = loop_.now() + 2 * kDeadline; now_ms() < end;) continue;
    crowd.set(1);
  };
  crowd.set(1);
  EXPECT_TRUE(turn_until([&] { return got.size() == 6; }));
  EXPECT_EQ(got, "++++++");
  EXPECT_EQ(breaker_.openings(), openings);
  kill(server_, SIGSTOP);
  asked = 5;
  EXPECT_TRUE(turn_until([&] { return got.size() == 7; })) << "and is not taken for well";
  EXPECT_EQ(got.back(), '-');
}

TEST_F(RedisLinkTest, ReconnectsToAServerThatWasKilled) {
  ASSERT_TRUE(turn_until([&] { return link_->usable(); }));
  unsigned connections = 0;
  link_->on_connect([&] { ++connections; });
  std::string got;
  kill(server_, SIGSTOP);
  link_->command({"ECHO", "lost"}, [&](const redisReply* reply) { got = reply == nullptr ? "-" : "+"; });
  stop(SIGKILL);
  EXPECT_TRUE(turn_until([&] { return !got.empty(); }));
  EXPECT_EQ(got, "-");
  EXPECT_FALSE(link_->usable());
  start();
  EXPECT_TRUE(turn_until([&] { return link_->usable(); }));
  EXPECT_EQ(connections, 1U);
  EXPECT_EQ(ask({"ECHO", "again"}), "+again");
}

// What stands where a server is expected: it takes connections, and does what a test says.
class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    listen(socket_, 100);
    socklen_t length = sizeof(address);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(socket_); }
  int port() const { return port_; }
  // The next connection; -1: none has come.
  int take() const { return accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK); }

 private:
  const int socket_;
  int port_ = 0;
};

// What has arrived on a connection; "": nothing.
std::string arrived(int connection) {
  char bytes[4096];
  const ssize_t count = recv(connection, bytes, sizeof(bytes), 0);
  return count > 0 ? std::string(bytes, static_cast<size_t>(count)) : "";
}

TEST_F(RedisLinkTest, CommandsOfOneTurnGoOutTogether) {
  const Listener server;
  RedisBreaker breaker;
  RedisLink link(loop_, RedisAddress{"127.0.0.1", server.port(), "", 0}, breaker, 5000);
  int connection = -1;
  ASSERT_TRUE(turn_until([&] { return (connection = server.take()) >= 0; }));
  std::string seen;
  ASSERT_TRUE(turn_until([&] { return (seen += arrived(connection)).ends_with("PING\r\n"); }));
  for (const std::string_view word : {"one", "two", "three"}) link.command({"ECHO", word}, [](const redisReply*) {});
  EXPECT_EQ(arrived(connection), "") << "the turn is not over";
  ASSERT_TRUE(turn_until([&] { return !(seen = arrived(connection)).empty(); }));
  for (const char* word : {"one", "two", "three"}) EXPECT_NE(seen.find(word), std::string::npos) << word;
  close(connection);
}

TEST_F(RedisLinkTest, AConnectionThatNobodyUsesIsAskedWhetherItIsAlive) {
  const Listener server;
  RedisBreaker breaker;
  RedisLink link(loop_, RedisAddress{"127.0.0.1", server.port(), "", 0}, breaker, 5000);
  int connection = -1;
  ASSERT_TRUE(turn_until([&] { return (connection = server.take()) >= 0; }));
  for (int i = 0; i < 3; ++i) {
    std::string seen;
    ASSERT_TRUE(turn_until([&] { return (seen += arrived(connection)).ends_with("PING\r\n"); })) << i;
    ASSERT_EQ(send(connection, "+PONG\r\n", 7, 0), 7);
  }
  close(connection);
}

TEST_F(RedisLinkTest, AConnectionThatFallsSilentIsGivenUpForAnother) {
  const Listener server;
  RedisBreaker breaker;
  RedisLink link(loop_, RedisAddress{"127.0.0.1", server.port(), "", 0}, breaker, kDeadline);
  int silent = -1, other = -1;
  ASSERT_TRUE(turn_until([&] { return (silent = server.take()) >= 0; }));
  EXPECT_TRUE(turn_until([&] { return (other = server.take()) >= 0; }));
  close(silent);
  close(other);
}

TEST_F(RedisLinkTest, WhoAlwaysHangsUpIsCalledEverMoreSeldom) {
  const Listener server;
  RedisBreaker breaker;
  RedisLink link(loop_, RedisAddress{"127.0.0.1", server.port(), "", 0}, breaker, kDeadline);
  int calls = 0;
  for (const int64_t end = now_ms() + 1500; now_ms() < end; loop_.turn(true)) {
    const int connection = server.take();
    if (connection < 0) continue;
    ++calls;
    close(connection);
  }
  EXPECT_GE(calls, 2);
  EXPECT_LE(calls, 8) << "50 ms, then twice as long each time, less up to a half";
}

}  // namespace
}  // namespace levee
