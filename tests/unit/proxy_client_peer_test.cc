// What a peer is told of an entry.
#include <gtest/gtest.h>

#include "proxy/client/peer.h"

namespace levee {
namespace {

TEST(PeerAnswer, AnEntryIsAsOldAsItIsWhenItIsSent) {
  Entry entry;
  entry.lifetime.fresh_for = 60'000;
  entry.lifetime.initial_age = 5'000;
  entry.response_time = 1'000;
  const auto said = parse_answer(peer_answer(entry, 3'500, 4'000));
  ASSERT_TRUE(said && std::holds_alternative<PeerEntry>(*said));
  EXPECT_EQ(std::get<PeerEntry>(*said).lifetime.initial_age, 8'000);
  EXPECT_EQ(std::get<PeerEntry>(*said).lifetime.fresh_for, 60'000);
  EXPECT_EQ(std::get<PeerEntry>(*said).waited, 500);
}

}  // namespace
}  // namespace levee
