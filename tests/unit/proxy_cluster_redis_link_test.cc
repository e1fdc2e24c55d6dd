// RedisLink against a real redis-server: answers, deadlines, a stopped server, a killed one.
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

}  // namespace
}  // namespace levee
