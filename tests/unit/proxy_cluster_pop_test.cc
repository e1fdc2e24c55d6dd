// What a process knows of its PoP: how long leases are, and all that a reload must not make it forget.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "proxy/cluster/pop.h"

namespace levee {
namespace {

Secret some_secret() {
  char path[] = "/tmp/levee-secret-XXXXXX";
  close(mkstemp(path));
  std::ofstream(path) << "known to nodes\n";
  Secret secret = *Secret::read(path);
  unlink(path);
  return secret;
}

struct PopTest : testing::Test {
  Pop pop{Cluster{}, RedisPlan{}, some_secret(), nullptr};
};

TEST_F(PopTest, ALeaseIsTwiceAsLongAsFetchesTakeWithinBounds) {
  EXPECT_EQ(pop.lease(), 500) << "nothing is known yet";
  pop.fetched(400);
  EXPECT_EQ(pop.lease(), 800);
  pop.fetched(60'000);
  EXPECT_EQ(pop.lease(), 3000);
  pop.fetched(10);
  EXPECT_EQ(pop.lease(), 3000) << "one fast fetch says little";
  for (int i = 0; i < 200; ++i) pop.fetched(10);
  EXPECT_EQ(pop.lease(), 250);
}

TEST(Pop, WhatIsKnownOutlivesAReloadThatChangesIt) {
  char path[] = "/tmp/levee-secret-XXXXXX";
  close(mkstemp(path));
  std::ofstream(path) << "known to nodes\n";
  Config config;
  Cluster& cluster = config.http.cluster;
  cluster.node = "a";
  cluster.advertise = "http://127.0.0.1:2";
  cluster.peer_listen = parse_socket_address("127.0.0.1:2", 2);
  cluster.peer_secret_file = path;
  cluster.shared_index = SharedIndex{};
  cluster.shared_index->addresses.push_back({"127.0.0.1", 1});
  cluster.shared_index->nodes = 6;
  const auto made = [&](const std::shared_ptr<Pop>& before) {
    return std::get<std::shared_ptr<Pop>>(Pop::make(config, before, nullptr));
  };
  const auto first = made(nullptr);
  EXPECT_EQ(first->roster().last_seen(), 6U) << "as the operator says";
  first->roster().heard({{"a", "1"}, {"b", "2"}, {"c", "3"}});
  first->purges().issue("an order", 0, nullptr);
  first->fetched(1000);
  EXPECT_EQ(made(first), first) << "nothing has changed";
  cluster.shared_index->timeout = Milliseconds(70);
  cluster.shared_index->nodes = 1;
  const auto second = made(first);
  EXPECT_NE(second, first);
  EXPECT_EQ(second->roster().last_seen(), 3U) << "as was heard";
  EXPECT_EQ(second->purges().waiting(), 1U);
  EXPECT_EQ(second->lease(), 2000);
  EXPECT_TRUE(second->says_the_same(*first));
  cluster.advertise = "http://127.0.0.1:3";
  EXPECT_FALSE(made(second)->says_the_same(*second));
  unlink(path);
}

TEST(PeerTarget, IsAnAddressAndNothingElse) {
  EXPECT_EQ(peer_target("10.0.0.1:80")->address, "10.0.0.1:80");
  EXPECT_FALSE(peer_target("10.0.0.1:80")->tls);
  EXPECT_TRUE(peer_target("https://[::1]:443")->tls);
  for (const char* text : {"", ":1", "a:0", "a:65536", "a:x", "a", "a b:1", "a\r\nb:1", "a/b:1"}) {
    EXPECT_FALSE(peer_target(text)) << text;
  }
}

}  // namespace
}  // namespace levee
