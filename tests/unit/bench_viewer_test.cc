// What a simulated viewer is made of: its buffer on a virtual clock, and its choice of a rendition.
#include <gtest/gtest.h>

#include "bench/viewer/ladder.h"
#include "bench/viewer/playback.h"

namespace levee::bench {
namespace {

constexpr int64_t kSecond = 1'000'000;
using State = Playback::State;

TEST(Playback, StartsWithEnoughMedia) {
  Playback playback(2);
  playback.join(0);
  EXPECT_FALSE(playback.add(kSecond, 2 * kSecond));
  EXPECT_EQ(playback.state(), State::kStarting);
  EXPECT_EQ(playback.buffered_us(kSecond), 2 * kSecond);
  EXPECT_TRUE(playback.add(2 * kSecond, 2 * kSecond));
  EXPECT_EQ(playback.dry_at(), 6 * kSecond);
}

TEST(Playback, StallsWhenItRunsDryAndGoesOnWithTheNextSegment) {
  Playback playback(1);
  playback.join(0);
  playback.add(0, 2 * kSecond);
  EXPECT_FALSE(playback.run_dry(kSecond));
  EXPECT_TRUE(playback.run_dry(2 * kSecond + 5));  // the call is late, the stall is not
  EXPECT_EQ(playback.state(), State::kStalled);
  EXPECT_FALSE(playback.add(5 * kSecond, 2 * kSecond));
  EXPECT_EQ(playback.state(), State::kPlaying);
  EXPECT_EQ(playback.dry_at(), 7 * kSecond);
  const Playback::Watched watched = playback.settle(6 * kSecond);
  EXPECT_EQ(watched.watched_us, 6 * kSecond);
  EXPECT_EQ(watched.stalled_us, 3 * kSecond);
}

TEST(Playback, MediaInTimePutsTheStallOff) {
  Playback playback(1);
  playback.join(0);
  playback.add(0, 2 * kSecond);
  playback.add(kSecond, 2 * kSecond);
  EXPECT_FALSE(playback.run_dry(2 * kSecond));
  EXPECT_EQ(playback.buffered_us(2 * kSecond), 2 * kSecond);
  EXPECT_EQ(playback.settle(3 * kSecond).stalled_us, 0);
}

TEST(Playback, AStallCountsWhileItLasts) {
  Playback playback(1);
  playback.join(0);
  playback.add(0, kSecond);
  playback.run_dry(kSecond);
  EXPECT_EQ(playback.settle(3 * kSecond).stalled_us, 2 * kSecond);
  EXPECT_EQ(playback.settle(4 * kSecond).stalled_us, kSecond);
  EXPECT_EQ(playback.settle(4 * kSecond).watched_us, 0);
}

TEST(Playback, WhoComesBackBeginsAnew) {
  Playback playback(2);
  playback.join(0);
  playback.add(0, kSecond);
  playback.add(0, kSecond);
  EXPECT_TRUE(playback.run_dry(2 * kSecond));
  playback.leave();
  EXPECT_EQ(playback.state(), State::kAway);
  playback.join(9 * kSecond);
  EXPECT_FALSE(playback.has_stalled());
  EXPECT_EQ(playback.buffered_us(9 * kSecond), 0);
  EXPECT_FALSE(playback.add(9 * kSecond, kSecond)) << "the segments of the first time do not count";
  EXPECT_TRUE(playback.add(9 * kSecond, kSecond));
  EXPECT_EQ(playback.dry_at(), 11 * kSecond);
}

TEST(Playback, NobodyWatchesWhoHasNoFrameYet) {
  Playback playback(1);
  EXPECT_FALSE(playback.add(0, kSecond));  // away
  playback.join(0);
  EXPECT_EQ(playback.settle(9 * kSecond).watched_us, 0);
  EXPECT_FALSE(playback.run_dry(9 * kSecond));
}

TEST(Ladder, StartsLowAndGoesUpWithRoomToSpare) {
  Ladder ladder;
  const std::vector<uint64_t> rates{400'000, 1'000'000, 3'000'000};
  EXPECT_EQ(ladder.choose(rates, 0), 0U);
  for (int i = 0; i < 20; ++i) ladder.saw(250'000, kSecond);  // 2 Mb/s
  EXPECT_EQ(ladder.choose(rates, 0), 1U);
  for (int i = 0; i < 20; ++i) ladder.saw(400'000, kSecond);  // 3.2 Mb/s: enough to stay, not to go there
  EXPECT_EQ(ladder.choose(rates, 1), 1U);
  EXPECT_EQ(ladder.choose(rates, 2), 2U);
}

TEST(Ladder, GoesDownWhenTheLineDoes) {
  Ladder ladder;
  const std::vector<uint64_t> rates{400'000, 1'000'000};
  for (int i = 0; i < 20; ++i) ladder.saw(60'000, kSecond);
  EXPECT_EQ(ladder.choose(rates, 1), 0U);
}

}  // namespace
}  // namespace levee::bench
