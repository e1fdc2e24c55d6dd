// Redis Cluster of three real masters, and a real Sentinel with a master and a replica.
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "proxy/cluster/redis.h"
#include "tests/unit/redis_fixture.h"

namespace levee {
namespace {

// Several servers in a directory of their own.
class RedisServers : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/levee-redis-XXXXXX";
    directory_ = mkdtemp(path);
  }
  void TearDown() override {
    redis_.reset();
    for (const auto& [port, process] : servers_) {
      kill(process, SIGKILL);
      waitpid(process, nullptr, 0);
    }
    std::filesystem::remove_all(directory_);
  }

  int start(const std::string& program, const std::string& settings) {
    const int port = free_port();
    const std::string home = directory_ + "/" + std::to_string(port);
    std::filesystem::create_directory(home);
    const std::string file = home + "/redis.conf";
    std::ofstream(file) << "port " << port << "\nbind 127.0.0.1\ndir " << home << "\nlogfile /dev/null\n" << settings;
    const pid_t process = fork();
    if (process == 0) {
      execlp(program.c_str(), program.c_str(), file.c_str(), nullptr);
      _exit(127);
    }
    servers_[port] = process;
    EXPECT_TRUE(turn_until([&] { return say(port, "PING") == "PONG"; })) << program << " does not start";
    return port;
  }
  // One command, blocking: what redis-cli would print.
  static std::string say(int port, const std::string& command) {
    redisContext* context = redisConnectWithTimeout("127.0.0.1", port, {.tv_sec = 1, .tv_usec = 0});
    std::string text;
    if (context != nullptr && context->err == 0) {
      if (auto* reply = static_cast<redisReply*>(redisCommand(context, command.c_str()))) {
        if (reply->str != nullptr) text = reply->str;
        freeReplyObject(reply);
      }
    }
    if (context != nullptr) redisFree(context);
    return text;
  }
  template <typename Done>
  bool turn_until(Done done, int64_t bound = 15000) {
    for (const int64_t end = now_ms() + bound; now_ms() < end;) {
      if (done()) return true;
      loop_.turn(false);
      usleep(1000);
    }
    return done();
  }
  std::string ask(const std::string& key, std::vector<std::string> words) {
    std::string got;
    redis_->command(key, std::move(words), [&](const redisReply* reply) {
      got = reply == nullptr ? "-" : "+" + std::string(reply->str == nullptr ? "" : reply->str);
    });
    turn_until([&] { return !got.empty(); });
    return got;
  }
  std::string set_and_get(const std::string& key) {
    ask(key, {"SET", key, "value of " + key});
    return ask(key, {"GET", key});
  }

  std::string directory_;
  std::map<int, pid_t> servers_;
  Loop loop_;
  RedisBreakers breakers_;
  RedisPlan plan_;
  std::unique_ptr<Redis> redis_;
};

TEST(Redis, HashSlotsAreThoseOfTheSpecification) {
  EXPECT_EQ(hash_slot("123456789"), 0x31C3);  // its known answer
  EXPECT_EQ(hash_slot("{user1000}.following"), hash_slot("user1000"));
  EXPECT_EQ(hash_slot("foo{}{bar}"), 8363) << "an empty tag is none";
  EXPECT_NE(hash_slot("foo{}{bar}"), hash_slot("bar"));
}

TEST_F(RedisServers, AClusterIsAskedWhereTheKeyIsAndFollowedWhenASlotMoves) {
  std::string nodes;
  std::vector<int> ports;
  for (int i = 0; i < 3; ++i) {
    ports.push_back(
        start("redis-server", "save \"\"\ncluster-enabled yes\ncluster-config-file nodes.conf\ncluster-port " +
                                  std::to_string(free_port()) + "\n"));
    nodes += " 127.0.0.1:" + std::to_string(ports.back());
  }
  ASSERT_EQ(std::system(("redis-cli --cluster create" + nodes + " --cluster-yes > /dev/null").c_str()), 0);
  for (const int port : ports) {
    ASSERT_TRUE(turn_until([&] { return say(port, "CLUSTER INFO").find("cluster_state:ok") != std::string::npos; }));
  }
  plan_.kind = RedisPlan::Kind::kCluster;
  plan_.deadline = 1000;
  plan_.addresses = {{"127.0.0.1", ports[0], "", 0}};
  redis_ = std::make_unique<Redis>(loop_, plan_, breakers_);
  const std::vector<std::string> keys{"a", "b", "c", "d", "e", "f", "g", "h"};
  for (const std::string& key : keys) {
    ASSERT_TRUE(turn_until([&] { return redis_->usable(key); }));
    EXPECT_EQ(set_and_get(key), "+value of " + key);
  }
  // One slot moves from its master to another, step by step: our map is wrong from here on.
  const std::string slot = std::to_string(hash_slot("a"));
  const auto owner =
      std::find_if(ports.begin(), ports.end(), [](int port) { return say(port, "GET a") == "value of a"; });
  ASSERT_NE(owner, ports.end());
  const int from = *owner, to = owner == ports.begin() ? ports[1] : ports[0];
  const std::string from_id = say(from, "CLUSTER MYID"), to_id = say(to, "CLUSTER MYID");
  say(to, "CLUSTER SETSLOT " + slot + " IMPORTING " + from_id);
  say(from, "CLUSTER SETSLOT " + slot + " MIGRATING " + to_id);
  EXPECT_EQ(ask("a", {"GET", "a"}), "+value of a");
  ASSERT_EQ(say(from, "MIGRATE 127.0.0.1 " + std::to_string(to) + " a 0 1000"), "OK");
  EXPECT_EQ(ask("a", {"GET", "a"}), "+value of a") << "ASK";
  say(to, "CLUSTER SETSLOT " + slot + " NODE " + to_id);
  say(from, "CLUSTER SETSLOT " + slot + " NODE " + to_id);
  EXPECT_EQ(ask("a", {"GET", "a"}), "+value of a") << "MOVED";
  for (const std::string& key : keys) EXPECT_EQ(ask(key, {"GET", key}), "+value of " + key);
}

TEST_F(RedisServers, TheMasterThatSentinelsNameIsUsedAndAFailOverFollowed) {
  const int master = start("redis-server", "save \"\"\n");
  const int replica = start("redis-server", "save \"\"\nreplicaof 127.0.0.1 " + std::to_string(master) + "\n");
  ASSERT_TRUE(
      turn_until([&] { return say(replica, "INFO replication").find("master_link_status:up") != std::string::npos; }));
  const int sentinel = start("redis-sentinel", "sentinel monitor pop 127.0.0.1 " + std::to_string(master) +
                                                   " 1\nsentinel down-after-milliseconds pop 500\n"
                                                   "sentinel failover-timeout pop 2000\n");
  plan_.kind = RedisPlan::Kind::kSentinel;
  plan_.master = "pop";
  plan_.deadline = 1000;
  plan_.addresses = {{"127.0.0.1", sentinel, "", 0}};
  redis_ = std::make_unique<Redis>(loop_, plan_, breakers_);
  ASSERT_TRUE(turn_until([&] { return redis_->usable("a"); }));
  EXPECT_EQ(set_and_get("a"), "+value of a");
  Redis another(loop_, plan_, breakers_);
  std::string said;
  another.command("c", {"SET", "c", "early"}, [&](const redisReply* reply) { said = reply ? reply->str : "-"; });
  EXPECT_TRUE(turn_until([&] { return !said.empty(); }));
  EXPECT_EQ(said, "OK") << "what is asked before the master is known waits for it";
  kill(servers_[master], SIGKILL);
  EXPECT_TRUE(turn_until([&] { return set_and_get("b") == "+value of b"; }, 30000));
  EXPECT_EQ(say(replica, "GET b"), "value of b");
}

}  // namespace
}  // namespace levee
