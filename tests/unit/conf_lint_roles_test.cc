// Which locations lint() takes for those of playlists and of segments.
#include "tests/unit/conf_lint_fixture.h"

namespace levee {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> found_at(const std::string& location) {
  return found_in({.server = "location " + location +
                             " { proxy_pass http://u; proxy_cache_valid 200 1h; "
                             "proxy_cache_valid 404 5m; } "});
}
const auto kKept = Contains(HasSubstr("playlists are kept for 1h"));
const auto kHidden = Contains(HasSubstr("404 is kept for 5m"));

TEST(LintRoles, PlaylistsBySpellingAndByWhereRequestsGo) {
  for (const char* location : {"= /live/a.m3u8", "= /live/stream.m3u8", "= /a.mpd", "/hls/chunklist",
                               "^~ /hls/playlist_", "~ ^/c/\\d+/playlist", "~* \\.M3U8$", "~ m3u8", "~ ^/live/(.*)$",
                               "~ ^/s/[^/]+/(.*)$", "~ ^/live/master", "/live", "/live/", "~ ."}) {
    EXPECT_THAT(found_at(location), AllOf(kKept, kHidden)) << location;
  }
}

TEST(LintRoles, SegmentsBySpellingAndByWhereRequestsGo) {
  for (const char* location : {"~ ^/live/seg-\\d+\\.aac$", "^~ /live/segments-v1-", "~ \\.(mp4|vtt)$", "/live/chunks/",
                               "~* \\.CMFA$", "= /live/init.mp4", "~ \\.m4[sv]$"}) {
    EXPECT_THAT(found_at(location), AllOf(kHidden, Not(kKept))) << location;
  }
}

TEST(LintRoles, MediaBesideFilesOfPages) {
  EXPECT_THAT(found_at("~ \\.(m3u8|html|js)$"), AllOf(kKept, kHidden));
  EXPECT_THAT(found_at("~ \\.(html|cmfv)$"), AllOf(kHidden, Not(kKept)));
}

TEST(LintRoles, APlaylistOfPlaylistsMayBeKept) {
  for (const char* location : {"= /live/master.m3u8", "/main.m3u8", "~ /multivariant\\.m3u8$"}) {
    EXPECT_THAT(found_at(location), AllOf(kHidden, Not(kKept))) << location;
  }
}

TEST(LintRoles, AFolderIsAskedForWhatIsDirectlyInIt) {
  const std::string playlists =
      "location ~ ^/live/(\\w+/)*\\w+\\.m3u8$ { proxy_pass http://u; proxy_cache_valid 200 1s; } location ";
  const std::string kept = " { proxy_pass http://u; proxy_cache_valid 200 1h; } ";
  for (const char* location : {"/live/", "/live"}) {
    EXPECT_THAT(found_in({.server = playlists + location + kept}), Not(kKept)) << location;
  }
}

TEST(LintRoles, NeitherWhereNoMediaGoes) {
  for (const char* location : {"= /live/logo.png", "/favicon.ico", "~ ^/api/v[12]/users$", "= /segovia",
                               "~ \\.(js|css)$", "~ \\.tsx$", "~* \\.(css|js|png|mp4)$", "~ \\.(webm|html)$",
                               "= /manifest.json", "~ /chunk\\.[a-f0-9]+\\.js$", "~ /manifest\\.json$"}) {
    EXPECT_THAT(found_at(location), AllOf(Not(kKept), Not(kHidden))) << location;
  }
}

TEST(LintRoles, OfTheTypesThatSomeLocationsNameAllFilesAreTheirs) {
  const std::string media =
      "location ~ \\.m3u8$ { proxy_pass http://u; } location ~ \\.(ts|m4s)$ { proxy_pass http://u; } location ";
  const std::string kept = " { proxy_pass http://u; proxy_cache_valid 200 1h; proxy_cache_valid 404 5m; } ";
  for (const char* location : {"/images/", "/vod/", "~ ^/img/(.*)$"}) {
    EXPECT_THAT(found_in({.server = media + location + kept}), AllOf(Not(kKept), Not(kHidden))) << location;
  }
  EXPECT_THAT(found_in({.server = media + "^~ /live/" + kept}), AllOf(kKept, kHidden)) << "no regex is asked";
}

}  // namespace
}  // namespace levee
