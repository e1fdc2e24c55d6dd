// What a rehearsal stands on: histograms, and playlists as a viewer reads them.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "bench/figures/histogram.h"
#include "bench/viewer/playlist.h"

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

TEST(Playlist, ASubRangeWithoutAnOffsetBeginsWhereTheLastOfItsResourceEnded) {
  const auto playlist = parse_playlist(
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MAP:URI=\"a.mp4\",BYTERANGE=\"100@0\"\n"
      "#EXTINF:2,\n#EXT-X-BYTERANGE:50@100\na.mp4\n#EXT-X-BYTERANGE:60\n#EXTINF:2,\na.mp4\n"
      "#EXTINF:2,\n#EXT-X-BYTERANGE:70\nb.mp4\n#EXTINF:2,\nc.mp4\n#EXT-X-ENDLIST\n");
  ASSERT_TRUE(playlist);
  EXPECT_TRUE(playlist->is_ended);
  EXPECT_EQ(playlist->map_range, "bytes=0-99");
  std::string ranges;
  for (const auto& segment : playlist->segments) ranges += segment.uri + " " + segment.range + ", ";
  EXPECT_EQ(ranges, "a.mp4 bytes=100-149, a.mp4 bytes=150-209, b.mp4 bytes=0-69, c.mp4 , ");
}

TEST(Playlist, PartsMayBeSubRanges) {
  const auto playlist = parse_playlist(
      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-PART-INF:PART-TARGET=0.5\n"
      "#EXT-X-PART:DURATION=0.5,URI=\"0.mp4\",BYTERANGE=\"10@0\"\n"
      "#EXT-X-PART:DURATION=0.5,URI=\"0.mp4\",BYTERANGE=\"20\"\n#EXTINF:1,\n0.mp4\n");
  ASSERT_TRUE(playlist);
  ASSERT_EQ(playlist->segments.size(), 2U);
  EXPECT_EQ(playlist->segments[0].range, "bytes=0-9");
  EXPECT_EQ(playlist->segments[1].range, "bytes=10-29");
}

TEST(Playlist, CountsPartsAsSmallSegments) {
  const auto playlist = parse_playlist(
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-PART-INF:PART-TARGET=0.500\n"
      "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500\n"
      "#EXTINF:2.000,\n7.bin\n#EXT-X-PART:DURATION=0.5,URI=\"8.0.bin\"\n#EXT-X-PART:DURATION=0.5,URI=\"8.1.bin\"\n"
      "#EXT-X-PART:DURATION=0.5,URI=\"8.2.bin\"\n#EXT-X-PART:DURATION=0.5,URI=\"8.3.bin\"\n#EXTINF:2.0,\n8.bin\n"
      "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"9.0.bin\"\n");
  ASSERT_TRUE(playlist);
  EXPECT_TRUE(playlist->can_block);
  EXPECT_EQ(playlist->segments.size(), 4U);
  EXPECT_EQ(playlist->newest(), 8 * 4 + 3);
  EXPECT_EQ(playlist->from(8 * 4 + 1)->uri, "8.1.bin");
  EXPECT_EQ(playlist->next_query(), "_HLS_msn=9&_HLS_part=0");
  EXPECT_EQ(playlist->hint, "9.0.bin");
}

TEST(Playlist, AVariantHasTheDefaultSoundOfItsGroup) {
  const auto variants = parse_variants(
      "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"lo\",NAME=\"en\",URI=\"en.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"lo\",NAME=\"de\",DEFAULT=YES,URI=\"de.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"in\",NAME=\"en\",DEFAULT=YES\n"
      "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"hi\",NAME=\"en\",URI=\"text.m3u8\"\n"
      "#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=9,BANDWIDTH=1,AUDIO=\"lo\"\n1.m3u8\n"
      "#EXT-X-STREAM-INF:AUDIO=\"in\",AVERAGE-BANDWIDTH=1, BANDWIDTH=2\n2.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=3,AUDIO=\"hi\"\n3.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=4\n4.m3u8\n");
  std::string all;
  for (const Variant& variant : variants) {
    all += std::to_string(variant.bandwidth) + " " + variant.uri + " " + variant.sound + ", ";
  }
  EXPECT_EQ(all, "1 1.m3u8 de.m3u8, 2 2.m3u8 , 3 3.m3u8 , 4 4.m3u8 , ");
}

TEST(Playlist, ListsVariantsTheLowestFirst) {
  const auto variants = parse_variants(
      "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=900,CODECS=\"a,b\"\nb/x.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=100\na.m3u8\n");
  ASSERT_EQ(variants.size(), 2U);
  EXPECT_EQ(variants[0].uri, "a.m3u8");
  EXPECT_EQ(variants[1].bandwidth, 900U);
  EXPECT_TRUE(parse_variants("#EXTM3U\n#EXTINF:2,\n1.ts\n").empty());
}

}  // namespace
}  // namespace levee::bench
