// What a rehearsal stands on: histograms, playlists as a viewer reads them, plans.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>

#include "bench/histogram.h"
#include "bench/plan.h"
#include "bench/playlist.h"

namespace levee::bench {
namespace {

TEST(Histogram, IsRightToWithinTwoPerCent) {
  Histogram histogram;
  for (int64_t value = 1; value <= 100'000; ++value) histogram.record(value);
  for (const double share : {0.01, 0.5, 0.9, 0.99, 1.0}) {
    EXPECT_NEAR(static_cast<double>(histogram.at(share)), share * 100'000, share * 2000) << share;
  }
  EXPECT_EQ(histogram.max(), 100'000U);
}

TEST(Histogram, TakesAnyValueAndNone) {
  Histogram histogram;
  EXPECT_EQ(histogram.at(0.99), 0U);
  histogram.record(-5);
  EXPECT_EQ(histogram.at(1), 0U);
  histogram.record(INT64_MAX);
  EXPECT_GT(histogram.at(1), uint64_t{1} << 39);
}

TEST(Playlist, IsReadAsAViewerNeedsIt) {
  const auto playlist = parse_playlist(
      "#EXTM3U\r\n#EXT-X-TARGETDURATION:2\r\n#EXT-X-MEDIA-SEQUENCE:7\r\n#EXT-X-MAP:URI=\"i.mp4\"\r\n"
      "#EXTINF:2.000,\r\n7.m4s\r\n#EXTINF:1.5,\r\n8.m4s\r\n");
  ASSERT_TRUE(playlist);
  EXPECT_EQ(playlist->map, "i.mp4");
  EXPECT_EQ(playlist->newest(), 8);
  EXPECT_EQ(playlist->from(8)->uri, "8.m4s");
  EXPECT_EQ(playlist->from(3)->sequence, 7);
  EXPECT_EQ(playlist->from(9), nullptr);
  EXPECT_FALSE(parse_playlist("<html>"));
}

std::variant<Plan, std::string> plan(const std::string& text) {
  const std::string path = testing::TempDir() + "levee-plan";
  std::ofstream(path) << text;
  auto read = read_plan(path);
  std::remove(path.c_str());
  return read;
}

TEST(Plan, IsRead) {
  const auto read = plan("target http://127.0.0.1:1/a; viewers 10 at=1s over=500ms; fault 2s hang; promise errors 1%;");
  ASSERT_TRUE(std::holds_alternative<Plan>(read)) << std::get<std::string>(read);
  EXPECT_EQ(std::get<Plan>(read).viewers(), 10U);
  EXPECT_EQ(std::get<Plan>(read).promises[0].most, 0.01);
}

TEST(Plan, SaysWhereItIsWrong) {
  const auto unknown = plan("target http://127.0.0.1:1/a;\nviewers 10;\npromise luck 1;\n");
  ASSERT_TRUE(std::holds_alternative<std::string>(unknown));
  EXPECT_NE(std::get<std::string>(unknown).find(":3: unknown promise \"luck\""), std::string::npos);
  EXPECT_TRUE(std::holds_alternative<std::string>(plan("viewers 10;")));
  EXPECT_TRUE(std::holds_alternative<std::string>(plan("target http://example.net/; viewers 10;")));
}

}  // namespace
}  // namespace levee::bench
