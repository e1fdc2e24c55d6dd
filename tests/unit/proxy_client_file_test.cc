#include <gtest/gtest.h>

#include "proxy/client/file.h"
#include "proxy/client/variables.h"

namespace levee {
namespace {

TEST(MediaType, GoesByTheLastExtensionInAnyCase) {
  Location location;
  location.default_type = "x/y";
  location.types = {{"m3u8", "application/vnd.apple.mpegurl"}, {"ts", "video/mp2t"}};
  EXPECT_EQ(media_type(location, "/a/b.m3u8"), "application/vnd.apple.mpegurl");
  EXPECT_EQ(media_type(location, "/a/b.m3u8.TS"), "video/mp2t");
  EXPECT_EQ(media_type(location, "/a.ts/b"), "x/y");
  EXPECT_EQ(media_type(location, "/a/b"), "x/y");
  EXPECT_EQ(media_type(location, "/a/b."), "x/y");
}

TEST(Root, TakesThePathAndAliasWhatIsBehindTheLocation) {
  Location location;
  location.match.pattern = "/live/";
  std::string out = "/srv";
  append_below_root(location, "/live/a.ts", out);
  EXPECT_EQ(out, "/srv/live/a.ts");
  location.is_alias = true;
  out = "/srv/";
  append_below_root(location, "/live/a.ts", out);
  EXPECT_EQ(out, "/srv/a.ts");
}

TEST(Seconds, HaveThreeDecimals) {
  std::string out;
  append_seconds(12'034, out);
  EXPECT_EQ(out, "12.034");
}

}  // namespace
}  // namespace levee
