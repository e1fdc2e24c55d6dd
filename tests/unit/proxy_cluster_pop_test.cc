// What a process knows of its PoP: how long leases are.
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
