#include <gtest/gtest.h>

#include "proxy/origin/priority.h"

namespace levee {
namespace {

Priority of(std::string_view target, std::string_view type = "") {
  return priority_of(Priority::kAuto, target, type, false);
}

TEST(Priority, IsTakenFromThePathAsHlsAndDashHaveIt) {
  EXPECT_EQ(of("/live/index.m3u8?x=1.ts"), Priority::kPlaylist);
  EXPECT_EQ(of("/live/manifest.MPD"), Priority::kPlaylist);
  EXPECT_EQ(of("/live?_HLS_msn=7&_HLS_part=2"), Priority::kPlaylist);
  EXPECT_EQ(of("/show.ism/Manifest"), Priority::kPlaylist);
  for (const char* path : {"/1.ts", "/1.m4s", "/init.mp4", "/a.cmfv", "/a.aac", "/a.vtt?t=1", "/live.key",
                           "/show.ism/QualityLevels(1)/Fragments(video=0)"}) {
    EXPECT_EQ(of(path), Priority::kLive) << path;
  }
  for (const char* path : {"/", "/a.ts/logo", "/logo.png", "/m3u8", "/x?a=.m3u8"}) {
    EXPECT_EQ(of(path), Priority::kOther) << path;
  }
}

TEST(Priority, IsTakenFromTheTypeOfWhatIsStoredBeforeThePath) {
  EXPECT_EQ(of("/stream/7", "application/vnd.apple.mpegurl"), Priority::kPlaylist);
  EXPECT_EQ(of("/stream/7", "Audio/MpegURL; charset=utf-8"), Priority::kPlaylist);
  EXPECT_EQ(of("/stream/7", "application/dash+xml"), Priority::kPlaylist);
  EXPECT_EQ(of("/stream/7/8", "video/mp4"), Priority::kLive);
  EXPECT_EQ(of("/index.m3u8", "text/plain"), Priority::kPlaylist);
  EXPECT_EQ(of("/index.html", "text/html"), Priority::kOther);
}

TEST(Priority, ARefreshInTheBackgroundIsLastUnlessItIsAPlaylists) {
  EXPECT_EQ(priority_of(Priority::kPlaylist, "/x", "video/mp4", false), Priority::kPlaylist);
  EXPECT_EQ(priority_of(Priority::kPlaylist, "/x", "", true), Priority::kPlaylist);
  EXPECT_EQ(priority_of(Priority::kAuto, "/x.m3u8", "", true), Priority::kPlaylist);
  EXPECT_EQ(priority_of(Priority::kAuto, "/x.m4s", "", true), Priority::kBackground);
  EXPECT_EQ(priority_of(Priority::kLive, "/x", "", true), Priority::kBackground);
}

TEST(Priority, ABlockingPlaylistReloadIsHeldByDesign) {
  EXPECT_TRUE(is_held_by_design("/live.m3u8?_HLS_msn=3"));
  EXPECT_FALSE(is_held_by_design("/live.m3u8"));
  EXPECT_FALSE(is_held_by_design("/_HLS_msn=3.m3u8"));
}

}  // namespace
}  // namespace levee
