#include <gtest/gtest.h>

#include "proxy/client/upstream_request.h"

namespace levee {
namespace {

struct Replacement {
  const char* uri;
  const char* path;
  const char* location;
  const char* query;  // null: none
  const char* expected;
};

class ReplacedTarget : public testing::TestWithParam<Replacement> {};

TEST_P(ReplacedTarget, PutsTheUriInPlaceOfWhatTheLocationMatched) {
  const Replacement& row = GetParam();
  EXPECT_EQ(replaced_target(row.uri, row.path, std::string_view(row.location).size(), row.query != nullptr,
                            row.query != nullptr ? row.query : ""),
            row.expected);
}

INSTANTIATE_TEST_SUITE_P(AsNginx, ReplacedTarget,
                         testing::Values(Replacement{"/", "/name/test", "/name/", nullptr, "/test"},
                                         Replacement{"/remote/", "/name/test", "/name/", nullptr, "/remote/test"},
                                         Replacement{"/remote/", "/name/test", "/name/", "a=b", "/remote/test?a=b"},
                                         Replacement{"/remote", "/name/test", "/name", nullptr, "/remote/test"},
                                         Replacement{"/x", "/ab", "/a", nullptr, "/xb"},
                                         Replacement{"/x/", "/a", "/a", "", "/x/?"},
                                         Replacement{"/x/", "/a/b c?d#e%f", "/a/", nullptr, "/x/b%20c%3Fd%23e%25f"},
                                         Replacement{"?y=", "/a/b", "/a/", nullptr, "/?y=b"}));

TEST(EscapedPath, EscapesWhatMayNotStandInATarget) {
  std::string out;
  append_escaped_path(std::string_view("/\r\n\0\x7f\xff~", 7), out);
  EXPECT_EQ(out, "/%0D%0A%00%7F%FF~");
}

TEST(ProxyUrl, IsSplitIntoSchemeHostAndUri) {
  const auto plain = parse_proxy_url("http://backend");
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->tls);
  EXPECT_EQ(plain->upstream, "backend");
  EXPECT_EQ(plain->port, "80");
  EXPECT_FALSE(plain->uri);

  const auto secure = parse_proxy_url("https://[::1]:8443/a?b");
  ASSERT_TRUE(secure);
  EXPECT_TRUE(secure->tls);
  EXPECT_EQ(secure->host, "[::1]:8443");
  EXPECT_EQ(secure->port, "8443");
  EXPECT_EQ(secure->uri, "/a?b");
  EXPECT_EQ(parse_proxy_url("https://[::1]/")->port, "443");
}

TEST(ProxyUrl, IsRefusedIfItIsNone) {
  for (const char* url : {"", "ftp://a", "http://", "http:///x", "http://a b/", "http://a/x y", "http://a\r\nX: y/"}) {
    EXPECT_FALSE(parse_proxy_url(url)) << url;
  }
}

TEST(LoopName, IsATokenAndStaysTheSame) {
  EXPECT_TRUE(is_token(loop_name()));
  EXPECT_EQ(loop_name(), loop_name());
}

}  // namespace
}  // namespace levee
