#include <gtest/gtest.h>

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
  EXPECT_EQ(joined("200 OK\r\nContent-Length: 100\r\nContent-Encoding: gzip\r\n" + tag), Rejoin::kAnother);
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

// RFC 9111 section 3.4: only of one representation, and of all that was asked for.
TEST_F(ResponseTest, SlicesFitOnlyWithTheirOwnKind) {
  const std::string ok = "Cache-Control: max-age=60\r\nETag: \"a\"\r\n";
  const auto part = [&](const std::string& range, const std::string& lines) {
    const bool has_length = lines.find("Content-Length") != std::string::npos;
    return "HTTP/1.1 206 P\r\nContent-Range: bytes " + range + "\r\n" + lines +
           (has_length ? "" : "Transfer-Encoding: chunked\r\n");
  };
  const auto fit = [&](const std::string& text) {
    const Heard heard = hear(text);
    return slice_fit(order, head(text), heard);
  };
  order.slice = SliceOrder{0, 100, nullptr};
  const auto first = hear(part("0-99/250", ok)).entry;
  ASSERT_TRUE(first->part && first->keep);
  EXPECT_EQ(first->content_length, 100U);
  EXPECT_FALSE(first->fields.find("Content-Range"));
  EXPECT_EQ(fit(part("0-99/250", ok)), SliceFit::kFits);
  EXPECT_EQ(fit(part("0-49/50", ok)), SliceFit::kFits);
  EXPECT_EQ(fit("HTTP/1.1 200 OK\r\n" + ok), SliceFit::kFits);
  EXPECT_EQ(fit("HTTP/1.1 404 No\r\n"), SliceFit::kFits);
  for (const std::string& odd :
       {part("0-98/250", ok), part("1-100/250", ok), part("0-99/*", ok), part("0-99/250", ok + "Content-Length: 7\r\n"),
        part("0-99/250", "Cache-Control: max-age=60\r\nETag: W/\"a\"\r\n"),
        part("0-99/250", "Cache-Control: no-store\r\nETag: \"a\"\r\n"), part("0-99/50", ok),
        std::string("HTTP/1.1 416 No\r\nContent-Range: bytes */0\r\n")}) {
    EXPECT_EQ(fit(odd), SliceFit::kAskWhole) << odd;
  }
  order.slice = SliceOrder{200, 100, first};
  EXPECT_EQ(fit(part("200-249/250", ok)), SliceFit::kFits);
  EXPECT_EQ(hear(part("200-249/250", ok)).entry->part->series, first->part->series);
  EXPECT_EQ(fit("HTTP/1.1 503 Busy\r\n"), SliceFit::kFits) << "an error is one";
  for (const std::string& odd :
       {part("200-250/251", ok), part("200-248/250", ok), part("200-249/250", ok + "Content-Encoding: gzip\r\n"),
        part("200-249/250", "Cache-Control: max-age=60\r\nETag: \"b\"\r\n"),
        part("200-249/250", "Cache-Control: max-age=60\r\n"), "HTTP/1.1 200 OK\r\n" + ok,
        std::string("HTTP/1.1 416 No\r\n")}) {
    EXPECT_EQ(fit(odd), SliceFit::kChanged) << odd;
  }
}

TEST_F(ResponseTest, OfACutResponseOnlyWhatCanBeCompletedIsKept) {
  const auto kept = [&](const std::string& lines, uint64_t size = 40, std::optional<uint64_t> total = 100) {
    return part_of_cut(order, *hear("HTTP/1.1 200 OK\r\n" + lines).entry, size, total);
  };
  const std::string ok = "Cache-Control: max-age=60\r\nETag: \"a\"\r\n";
  const auto part = kept(ok);
  ASSERT_NE(part, nullptr);
  EXPECT_EQ(part->status, 206);
  EXPECT_EQ(part->part->total, 100U);
  EXPECT_EQ(part->content_length, 40U);
  EXPECT_EQ(kept(ok, 0), nullptr);
  EXPECT_EQ(kept(ok, 40, std::nullopt), nullptr);
  EXPECT_EQ(kept("Cache-Control: max-age=60\r\nETag: W/\"a\"\r\n"), nullptr);
  EXPECT_EQ(kept("Cache-Control: max-age=60\r\n"), nullptr);
  EXPECT_EQ(kept("Cache-Control: no-store\r\nETag: \"a\"\r\n"), nullptr);
  EXPECT_EQ(part_of_cut(order, *hear("HTTP/1.1 203 X\r\n" + ok).entry, 40, 100), nullptr);
  const auto whole = hear("HTTP/1.1 200 OK\r\n" + ok).entry;
  order.method = "POST";
  EXPECT_EQ(part_of_cut(order, *whole, 40, 100), nullptr);
}

TEST_F(ResponseTest, AWindowForErrorsIsForServersErrors) {  // RFC 5861 section 4
  order.stale = hear("HTTP/1.1 200 OK\r\nCache-Control: max-age=1, stale-if-error=60\r\nETag: \"a\"\r\n").entry;
  const int64_t now = order.stale->response_time + 2000;
  for (const int status : {500, 502, 503, 504}) EXPECT_TRUE(prefers_stale(order, status, now)) << status;
  for (const int status : {200, 404, 403, 429, 501, 505}) EXPECT_FALSE(prefers_stale(order, status, now)) << status;
  EXPECT_FALSE(prefers_stale(order, 503, now + 60'000));
}

TEST_F(ResponseTest, SlicesAreToldApartByWhatIdentifiesThem) {
  const auto slice = [](const std::string& range, const std::string& validator) {
    return "HTTP/1.1 206 P\r\nContent-Range: bytes " + range +
           "\r\nContent-Length: 100\r\nCache-Control: max-age=60\r\n" + "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n" +
           validator + "\r\n";
  };
  const auto fit = [&](const std::string& one, const std::string& other) {
    order.slice = SliceOrder{0, 100, nullptr};
    order.slice = SliceOrder{100, 100, hear(slice("0-99/250", one)).entry};
    const std::string text = slice("100-199/250", other);
    const Heard heard = hear(text);
    return slice_fit(order, head(text), heard);
  };
  const std::string dated = "Last-Modified: Tue, 14 Nov 2023 21:13:20 GMT";
  EXPECT_EQ(fit(dated, dated), SliceFit::kFits);
  EXPECT_EQ(fit(dated, "Last-Modified: Tue, 14 Nov 2023 20:13:20 GMT"), SliceFit::kChanged);
  location.hide_headers = {"ETag"};
  EXPECT_EQ(fit("ETag: \"a\"", "ETag: \"a\""), SliceFit::kFits);
  EXPECT_EQ(fit("ETag: \"a\"", "ETag: \"b\""), SliceFit::kChanged) << "also where nobody else sees it";
}

TEST_F(ResponseTest, TheRestMakesAPartWhole) {
  auto begun = hear("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nETag: \"a\"\r\nX-Old: 1\r\n").entry;
  order.begun = part_of_cut(order, *begun, 40, 100);
  const Resumption asked{40, std::nullopt, "\"a\""};
  const auto made = [&](const std::string& lines) {
    return completed(order, head("HTTP/1.1 206 P\r\n" + lines), times, asked);
  };
  const std::string ok = "Cache-Control: max-age=9\r\nETag: \"a\"\r\n";
  const auto whole = made("Content-Range: bytes 40-99/100\r\nX-New: 2\r\n" + ok);
  ASSERT_NE(whole, nullptr);
  EXPECT_EQ(whole->status, 200);
  EXPECT_FALSE(whole->part);
  EXPECT_EQ(whole->content_length, 100U);
  EXPECT_EQ(whole->fields.find("X-Old"), "1");
  EXPECT_EQ(whole->fields.find("X-New"), "2");
  EXPECT_EQ(whole->lifetime.fresh_for, 9000);
  EXPECT_FALSE(whole->fields.find("Content-Range"));
  EXPECT_EQ(made("Content-Range: bytes 40-99/101\r\n" + ok), nullptr);
  EXPECT_EQ(made("Content-Range: bytes 40-98/100\r\nContent-Length: 60\r\n" + ok), nullptr);
  EXPECT_EQ(made("Content-Range: bytes 40-99/100\r\nETag: \"b\"\r\n"), nullptr);
  EXPECT_EQ(made("Content-Range: bytes 40-99/100\r\nETag: \"a\"\r\nCache-Control: no-store\r\n"), nullptr);
}

TEST_F(ResponseTest, AnUpdateBringsBackNothingHiddenOrWithheld) {
  order.stale = hear("HTTP/1.1 200 OK\r\nCache-Control: max-age=1\r\nETag: \"a\"\r\n").entry;
  location.hide_headers = {"X-Secret"};
  const auto fresh = renewed(order,
                             head("HTTP/1.1 304 N\r\nETag: \"a\"\r\nServer: s\r\nX-Secret: 1\r\nX-Me: 2\r\nX-All: 3\r\n"
                                  "Cache-Control: max-age=9, private=\"X-Me\"\r\n"),
                             times);
  ASSERT_NE(fresh, nullptr);
  EXPECT_EQ(fresh->fields.find("X-All"), "3");
  for (const char* name : {"Server", "X-Secret", "X-Me"}) EXPECT_FALSE(fresh->fields.find(name)) << name;
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
  order.slice = SliceOrder{100, 50, nullptr};
  EXPECT_EQ(request_head(order, nullptr, false, false, true),
            "GET /a HTTP/1.1\r\nHost: h\r\nRange: bytes=100-149\r\n\r\n");
  EXPECT_EQ(request_head(order, nullptr, false, true, true), "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  order.slice.reset();
  order.wants_trailers = true;
  EXPECT_EQ(request_head(order, nullptr, false, false, false),
            "GET /a HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n");
  order.wants_trailers = false;
  order.upgrade = "websocket";
  EXPECT_EQ(request_head(order, nullptr, false, false, true),
            "GET /a HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
  order.upgrade.clear();
  order.body = std::make_shared<RequestBody>();
  order.body->length = 3;
  order.expects_continue = true;
  EXPECT_EQ(request_head(order, nullptr, false, false, true),
            "GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
}

}  // namespace
}  // namespace levee
