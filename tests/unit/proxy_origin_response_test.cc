#include <gtest/gtest.h>

#include "proxy/origin/priority.h"
#include "proxy/origin/request.h"
#include "proxy/origin/response.h"

namespace levee {
namespace {

constexpr int64_t kWall = 784'111'777'000;  // Sun, 06 Nov 1994 08:49:37 GMT

class ResponseTest : public testing::Test {
 protected:
  ResponseTest() {
    order.location = &location;
    order.method = "GET";
    order.target = "/a";
    order.key = "/a";
  }
  const ResponseHead& head(const std::string& text) {
    text_ = text + "\r\n";
    head_.reset();
    EXPECT_EQ(head_.parse(text_, {}, order.method == "HEAD" ? Method::kHead : Method::kGet), Parse::kDone) << text;
    return head_;
  }
  Heard hear(const std::string& text) { return levee::hear(order, head(text), times); }
  // What a cut response with these lines would be resumed with.
  std::optional<Resumption> resumption(const std::string& lines, int status = 200) {
    const Heard heard = hear("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 100\r\n" + lines);
    return levee::resumption(order, *heard.entry, head_.framing(), 40);
  }
  Location location;
  Order order;
  Times times{1'000, 1'050, kWall};

 private:
  std::string text_;
  ResponseHead head_;
};

TEST_F(ResponseTest, AFreshResponseIsSharedWithoutWhatIsHidden) {
  location.hide_headers = {"X-Secret"};
  const Heard heard = hear(
      "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nServer: x\r\nX-Secret: y\r\nX-Open: z\r\nConnection: X-Hop\r\n"
      "X-Hop: 1\r\nX-Accel-Expires: 5\r\nContent-Length: 3\r\n");
  EXPECT_TRUE(heard.shared);
  EXPECT_TRUE(heard.entry->keep);
  EXPECT_EQ(heard.entry->content_length, 3U);
  EXPECT_EQ(heard.entry->fields.find("X-Open"), "z");
  for (const char* name : {"Server", "X-Secret", "X-Hop", "Connection", "X-Accel-Expires"}) {
    EXPECT_FALSE(heard.entry->fields.find(name)) << name;
  }
}

TEST_F(ResponseTest, ADateIsAddedWhereItIsMissing) {
  EXPECT_EQ(hear("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n").entry->fields.find("Date"),
            "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_F(ResponseTest, WhatIsPrivateIsForOneAndRemembered) {
  for (const char* lines : {"Cache-Control: private\r\n", "Cache-Control: no-store\r\n", "Vary: *\r\n",
                            "Cache-Control: max-age=60\r\nSet-Cookie: a=b\r\n"}) {
    const Heard heard = hear(std::string("HTTP/1.1 200 OK\r\n") + lines);
    EXPECT_FALSE(heard.shared) << lines;
    EXPECT_GT(heard.remember, 0) << lines;
  }
}

TEST_F(ResponseTest, AnOrderThatMayNotStoreIsNeverShared) {
  order.may_store = false;
  const Heard heard = hear("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n");
  EXPECT_FALSE(heard.shared);
  EXPECT_EQ(heard.remember, 0);
  EXPECT_TRUE(heard.storable);
}

TEST_F(ResponseTest, AnErrorIsSharedWithThoseWhoWaitedAndNotKept) {
  const Heard heard = hear("HTTP/1.1 503 Busy\r\n");
  EXPECT_TRUE(heard.shared);
  EXPECT_FALSE(heard.entry->keep);
}

TEST_F(ResponseTest, AVariantCarriesTheRequestsValues) {
  order.vary_source = "Accept-Language: de\r\nX-A: 1\r\n";
  const Heard heard = hear("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nVary: Accept-Language\r\n");
  EXPECT_EQ(heard.entry->vary_names, "accept-language");
  EXPECT_NE(heard.entry->vary_values.find("de"), std::string::npos);
}

TEST_F(ResponseTest, OnlyAStrongValidatorLetsABrokenBodyGoOn) {
  EXPECT_EQ(resumption("ETag: \"a\"\r\n")->validator, "\"a\"");
  EXPECT_FALSE(resumption("ETag: W/\"a\"\r\n"));
  EXPECT_FALSE(resumption(""));
  EXPECT_FALSE(resumption("ETag: \"a\"\r\nAccept-Ranges: none\r\n"));
  EXPECT_FALSE(resumption("ETag: \"a\"\r\n", 404));
  const std::string date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  EXPECT_TRUE(resumption(date + "Last-Modified: Sun, 06 Nov 1994 08:48:37 GMT\r\n"));
  EXPECT_FALSE(resumption(date + "Last-Modified: Sun, 06 Nov 1994 08:49:00 GMT\r\n"));
  order.method = "POST";
  EXPECT_FALSE(resumption("ETag: \"a\"\r\n"));
}

TEST_F(ResponseTest, ABrokenBodyGoesOnOnlyWithTheSameBytes) {
  const Heard heard = hear("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nETag: \"a\"\r\n");
  const Resumption asked{40, std::nullopt, "\"a\""};
  const auto joined = [&](const std::string& text, std::optional<uint64_t> total = 100) {
    return rejoin(head("HTTP/1.1 " + text), *heard.entry, asked, total);
  };
  const std::string tag = "ETag: \"a\"\r\n";
  EXPECT_EQ(joined("206 P\r\nContent-Range: bytes 40-99/100\r\n" + tag), Rejoin::kGoesOn);
  EXPECT_EQ(joined("206 P\r\nContent-Range: bytes 40-99/*\r\n" + tag), Rejoin::kGoesOn);
  EXPECT_EQ(joined("200 OK\r\nContent-Length: 100\r\n" + tag), Rejoin::kAgain);
  EXPECT_EQ(joined("200 OK\r\nContent-Length: 100\r\nETag: \"b\"\r\n"), Rejoin::kAnother);
  EXPECT_EQ(joined("206 P\r\nContent-Range: bytes 40-99/100\r\nETag: \"b\"\r\n"), Rejoin::kAnother);
  EXPECT_EQ(joined("206 P\r\nContent-Range: bytes 40-99/100\r\n"), Rejoin::kAnother);
  EXPECT_EQ(joined("206 P\r\nContent-Range: bytes 41-99/100\r\n" + tag), Rejoin::kAnother);
  EXPECT_EQ(joined("206 P\r\nContent-Range: bytes 40-119/120\r\n" + tag), Rejoin::kAnother);
  EXPECT_EQ(joined("206 P\r\nContent-Range: bytes 40-99/100\r\nContent-Length: 7\r\n" + tag), Rejoin::kAnother);
  EXPECT_EQ(joined("416 No\r\n" + tag), Rejoin::kAnother);
}

TEST_F(ResponseTest, A304MakesTheStaleEntryFreshAgain) {
  auto stale = hear("HTTP/1.1 200 OK\r\nCache-Control: max-age=1\r\nETag: \"a\"\r\nX-Kept: 1\r\n").entry;
  order.stale = stale;
  times.response = 9'000;
  const auto fresh = renewed(order, head("HTTP/1.1 304 N\r\nCache-Control: max-age=60\r\nETag: \"a\"\r\n"), times);
  ASSERT_NE(fresh, nullptr);
  EXPECT_EQ(fresh->lifetime.fresh_for, 60'000);
  EXPECT_EQ(fresh->fields.find("X-Kept"), "1");
  EXPECT_EQ(renewed(order, head("HTTP/1.1 304 N\r\nETag: \"b\"\r\n"), times), nullptr);
  EXPECT_EQ(renewed(order, head("HTTP/1.1 304 N\r\nCache-Control: no-store\r\n"), times), nullptr);
}

TEST_F(ResponseTest, ReadsRetryAfterAsSecondsOrDate) {
  const auto read = [&](const std::string& value) {
    return retry_after(head("HTTP/1.1 503 B\r\nRetry-After: " + value + "\r\n").fields(), kWall);
  };
  EXPECT_EQ(read("3"), 3'000);
  EXPECT_EQ(read("Sun, 06 Nov 1994 08:49:47 GMT"), 10'000);
  EXPECT_EQ(read("Sun, 06 Nov 1994 08:49:00 GMT"), 0);
  EXPECT_EQ(read("-1"), 0);
  EXPECT_EQ(read("99999999999999999999"), 86'400'000);
}

TEST_F(ResponseTest, ARequestHeadSaysWhatIsAskedFor) {
  order.fields = "Host: h\r\n";
  EXPECT_EQ(request_head(order, nullptr, false, false, true), "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(request_head(order, nullptr, false, false, false),
            "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const Resumption resume{5, std::nullopt, "\"a\""};
  EXPECT_EQ(request_head(order, &resume, false, false, true),
            "GET /a HTTP/1.1\r\nHost: h\r\nRange: bytes=5-\r\nIf-Range: \"a\"\r\n\r\n");
}

TEST(Priority, IsTakenFromTheExtensionUnlessTheConfigurationSaysIt) {
  EXPECT_EQ(priority_of(Priority::kAuto, "/live/index.m3u8?x=1.ts", false), Priority::kPlaylist);
  EXPECT_EQ(priority_of(Priority::kAuto, "/live/manifest.MPD", false), Priority::kPlaylist);
  EXPECT_EQ(priority_of(Priority::kAuto, "/live/1.m4s", false), Priority::kLive);
  EXPECT_EQ(priority_of(Priority::kAuto, "/a.ts/logo", false), Priority::kOther);
  EXPECT_EQ(priority_of(Priority::kAuto, "/", false), Priority::kOther);
  EXPECT_EQ(priority_of(Priority::kPlaylist, "/x", false), Priority::kPlaylist);
  EXPECT_EQ(priority_of(Priority::kPlaylist, "/x", true), Priority::kBackground);
}

}  // namespace
}  // namespace levee
