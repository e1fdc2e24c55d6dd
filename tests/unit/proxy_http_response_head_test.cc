#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proxy/http/response_head.h"

namespace levee {
namespace {

ResponseHead parse(const std::string& bytes, Parse expected, Method method = Method::kGet, bool upgrade = false) {
  ResponseHead head;
  EXPECT_EQ(head.parse(bytes, {}, method, upgrade), expected) << describe(head.error());
  return head;
}

struct Refused {
  const char* rule;
  std::string bytes;
  ResponseError error;
};

// Whole, and byte by byte.
void expect_refused(const std::vector<Refused>& rows) {
  for (const Refused& row : rows) {
    SCOPED_TRACE(row.rule);
    EXPECT_EQ(describe(parse(row.bytes, Parse::kBad).error()), describe(row.error));
    ResponseHead drop;
    Parse state = Parse::kMore;
    for (size_t i = 1; i <= row.bytes.size() && state == Parse::kMore; ++i) {
      state = drop.parse(std::string_view(row.bytes).substr(0, i), {}, Method::kGet);
    }
    EXPECT_EQ(describe(drop.error()), describe(row.error));
  }
}

TEST(ResponseHead, RefusesWhatIsNoResponse) {
  using namespace std::string_literals;
  expect_refused({
      {"9112 4: stray body", "hello", ResponseError::kVersion},
      {"9112 4: ICY", "ICY 200 OK\r\n\r\n", ResponseError::kVersion},
      {"9112 4: HTTP/2", "HTTP/2 200\r\n\r\n", ResponseError::kVersion},
      {"9112 4: HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n", ResponseError::kVersion},
      {"9112 4: two digits", "HTTP/1.1 20 OK\r\n\r\n", ResponseError::kStatus},
      {"9112 4: four digits", "HTTP/1.1 2000 OK\r\n\r\n", ResponseError::kStatus},
      {"9110 15: below 100", "HTTP/1.1 099 OK\r\n\r\n", ResponseError::kStatus},
      {"9112 4: two spaces", "HTTP/1.1  200 OK\r\n\r\n", ResponseError::kStatus},
      {"9112 4: NUL in reason", "HTTP/1.1 200 O\0K\r\n\r\n"s, ResponseError::kStatus},
      {"9112 2.2: LF alone", "HTTP/1.1 200 OK\n\n", ResponseError::kBareLineEnd},
      {"9112 2.2: LF for the status line", "HTTP/1.1 200 OK\nA: b\r\n\r\n", ResponseError::kBareLineEnd},
      {"9112 2.2: LF alone in a field", "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n", ResponseError::kBareLineEnd},
      {"9112 2.2: CR alone", "HTTP/1.1 200 OK\r\nA: b\rC\r\n\r\n", ResponseError::kBareLineEnd},
      {"9112 5.2: obs-fold", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", ResponseError::kFolded},
      {"9112 5: no colon", "HTTP/1.1 200 OK\r\nfoo\r\n\r\n", ResponseError::kFieldName},
      {"9110 5.5: NUL", "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"s, ResponseError::kFieldValue},
  });
}

TEST(ResponseHead, RefusesFramingThatCouldBeReadInTwoWays) {
  expect_refused({
      {"9112 6.3: differing lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
       ResponseError::kContentLength},
      {"9112 6.3: differing in a list", "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n",
       ResponseError::kContentLength},
      {"9112 6.3: not a number", "HTTP/1.1 200 OK\r\nContent-Length: 1a\r\n\r\n", ResponseError::kContentLength},
      {"9112 6.3: negative", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ResponseError::kContentLength},
      {"9112 6.3: empty", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", ResponseError::kContentLength},
      {"9112 6.3: too large", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
       ResponseError::kContentLength},
      {"9112 6.3: length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       ResponseError::kLengthAndEncoding},
      {"9112 6.1: gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
       ResponseError::kTransferEncoding},
      {"9112 6.1: gzip alone", "HTTP/1.1 200 OK\r\nTransfer-Encoding: GZip\r\n\r\n", ResponseError::kTransferEncoding},
      {"9112 6.1: nearly chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xChunked\r\n\r\n",
       ResponseError::kTransferEncoding},
      {"9112 6.1: chunked in quotes", "HTTP/1.1 200 OK\r\nTransfer-Encoding: \"chunked\"\r\n\r\n",
       ResponseError::kTransferEncoding},
      {"9112 6.1: with a parameter", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked;a=b\r\n\r\n",
       ResponseError::kTransferEncoding},
      {"9112 6.1: nothing", "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n", ResponseError::kTransferEncoding},
      {"9112 6.1: two lines", "HTTP/1.1 200 OK\r\nTransfer-Encoding: a\r\nTransfer-Encoding: chunked\r\n\r\n",
       ResponseError::kTransferEncoding},
      {"9112 6.3: length and another coding",
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: identity\r\n\r\n",
       ResponseError::kLengthAndEncoding},
      {"9112 6.1: chunked not last", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
       ResponseError::kTransferEncoding},
      {"9112 6.1: in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       ResponseError::kTransferEncoding},
      {"9110 15.2.2: not asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", ResponseError::kUpgrade},
  });
}

struct Ending {
  const char* rule;  // of RFC 9112 section 6.3
  Method method;
  const char* bytes;
  Framing framing;
  bool keep_alive;
};

void expect_endings(const std::vector<Ending>& rows) {
  for (const Ending& row : rows) {
    SCOPED_TRACE(row.rule);
    const std::string bytes = row.bytes;
    const ResponseHead head = parse(bytes, Parse::kDone, row.method);
    EXPECT_EQ(head.framing().kind, row.framing.kind);
    EXPECT_EQ(head.framing().length, row.framing.length);
    EXPECT_EQ(head.keep_alive(), row.keep_alive);
  }
}

TEST(ResponseHead, KnowsWhatHasNoBody) {
  expect_endings({
      {"1: HEAD", Method::kHead, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {}, true},
      {"1: 204", Method::kGet, "HTTP/1.1 204 No Content\r\n\r\n", {}, true},
      {"1: 204 with a length", Method::kGet, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", {}, false},
      {"1: 304", Method::kGet, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", {}, true},
      {"1: 1xx", Method::kGet, "HTTP/1.1 103 Early Hints\r\n\r\n", {}, true},
      {"1: HEAD, and such a coding",
       Method::kHead,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
       {},
       false},
  });
}

TEST(ResponseHead, KnowsWhereTheBodyEnds) {
  using Kind = Framing::Kind;
  expect_endings({
      {"4: chunked", Method::kGet, "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", {Kind::kChunked, 0}, true},
      {"4: a coding nobody knows",
       Method::kGet,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
       {Kind::kUntilClose, 0},
       false},
      {"5: equal lengths",
       Method::kGet,
       "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nContent-Length: 5\r\n\r\n",
       {Kind::kLength, 5},
       true},
      {"6: length", Method::kGet, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {Kind::kLength, 5}, true},
      {"6: 0", Method::kGet, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", {Kind::kNone, 0}, true},
      {"8: until close", Method::kGet, "HTTP/1.1 200 OK\r\n\r\n", {Kind::kUntilClose, 0}, false},
      {"8: HTTP/1.0", Method::kGet, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", {Kind::kUntilClose, 0}, false},
      {"9.3: 1.0 keep-alive",
       Method::kGet,
       "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n",
       {Kind::kLength, 5},
       true},
      {"9.3: close",
       Method::kGet,
       "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n",
       {Kind::kLength, 5},
       false},
  });
}

TEST(ResponseHead, ReadsWhatOriginsSend) {
  const std::string bytes = "HTTP/1.1 404 Not \xe9 Found\r\nServer: x\r\nETag : \"a\"\r\n\r\nbody";
  const ResponseHead head = parse(bytes, Parse::kDone);
  EXPECT_EQ(head.status(), 404);
  EXPECT_EQ(head.reason(), "Not \xe9 Found");
  EXPECT_EQ(head.size(), bytes.size() - 4);
  EXPECT_EQ(head.fields().get(FieldId::kETag), "\"a\"") << "RFC 9112 section 5.1: a proxy removes that whitespace";
  EXPECT_EQ(parse("HTTP/1.1 200\r\n\r\n", Parse::kDone).status(), 200);
  EXPECT_EQ(parse("HTTP/1.1 200 \r\n\r\n", Parse::kDone).reason(), "");
  EXPECT_EQ(parse("HTTP/1.1 101 x\r\n\r\n", Parse::kDone, Method::kGet, true).status(), 101);
}

TEST(ResponseHead, InterimOnesComeBeforeTheFinalOne) {
  const std::string bytes =
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  ResponseHead head = parse(bytes, Parse::kDone);
  ASSERT_TRUE(head.is_interim());
  const size_t at = head.size();
  head.reset();
  EXPECT_EQ(head.parse(std::string_view(bytes).substr(at), {}, Method::kGet), Parse::kDone);
  EXPECT_EQ(head.status(), 200);
  EXPECT_FALSE(head.fields().has(FieldId::kLink));
}

}  // namespace
}  // namespace levee
