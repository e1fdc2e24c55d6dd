#include <gtest/gtest.h>

#include <array>
#include <string>

#include "cache/structured.h"
#include "proxy/http/writer.h"

namespace levee {
namespace {

// What a writing function leaves in a buffer of `size`.
template <class Write>
std::string written(Write write, size_t size = 512) {
  std::string buffer(size, '#');
  HeadWriter out(buffer);
  write(out);
  return std::string(out.written());
}

TEST(HeadWriter, NeverWritesBeyondItsBuffer) {
  std::array<char, 8> buffer{};
  HeadWriter out(buffer);
  out.text("12345").text("6789");
  EXPECT_EQ(out.written(), "12345");
  EXPECT_TRUE(out.overflowed());
  out.number(1234567);
  EXPECT_EQ(out.written(), "12345");
  out.field("A", "b");
  EXPECT_EQ(out.written(), "12345") << "a field is written whole or not at all";
}

TEST(HeadWriter, AFieldCannotBreakOutOfItsLine) {
  for (const std::string& value :
       {std::string("a\r\nX: y"), std::string("a\nb"), std::string("a\rb"), std::string("a\0b", 3)}) {
    EXPECT_EQ(written([&](HeadWriter& out) { out.field("A", value); }), "");
  }
  EXPECT_EQ(written([](HeadWriter& out) { out.field("A", "b").field("C", 5); }), "A: b\r\nC: 5\r\n");
}

TEST(HeadWriter, StatusLines) {
  EXPECT_EQ(written([](HeadWriter& out) { write_status_line(out, 200); }), "HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(written([](HeadWriter& out) { write_status_line(out, 203); }),
            "HTTP/1.1 203 Non-Authoritative Information\r\n");
  EXPECT_EQ(written([](HeadWriter& out) { write_status_line(out, 511); }),
            "HTTP/1.1 511 Network Authentication Required\r\n");
  EXPECT_EQ(written([](HeadWriter& out) { write_status_line(out, 299); }), "HTTP/1.1 299 \r\n");
  EXPECT_EQ(written([](HeadWriter& out) { write_status_line(out, 999); }), "HTTP/1.1 999 \r\n");
  EXPECT_EQ(reason_of(404), "Not Found");
  EXPECT_EQ(reason_of(700), "");
}

TEST(HeadWriter, SmallFields) {
  EXPECT_EQ(written([](HeadWriter& out) { write_date(out, 784111777); }), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_EQ(written([](HeadWriter& out) { write_age(out, 2999); }), "Age: 2\r\n");
  EXPECT_EQ(written([](HeadWriter& out) { write_age(out, -5); }), "Age: 0\r\n");
  EXPECT_EQ(written([](HeadWriter& out) { write_framing(out, {Framing::Kind::kLength, 0}); }), "Content-Length: 0\r\n");
  EXPECT_EQ(written([](HeadWriter& out) {
              write_framing(out, {Framing::Kind::kChunked, 0});
            }),
            "Transfer-Encoding: chunked\r\n");
  EXPECT_EQ(written([](HeadWriter& out) { write_framing(out, {Framing::Kind::kUntilClose, 0}); }), "");
  EXPECT_EQ(written([](HeadWriter& out) { write_connection(out, true, 1); }), "");
  EXPECT_EQ(written([](HeadWriter& out) { write_connection(out, true, 0); }), "Connection: keep-alive\r\n");
  EXPECT_EQ(written([](HeadWriter& out) { write_connection(out, false, 1); }), "Connection: close\r\n");
  EXPECT_EQ(written([](HeadWriter& out) { write_request_line(out, "GET", "/a", 0); }), "GET /a HTTP/1.0\r\n");
  Fields fields;
  fields.read_lines("Via: 1.0 a\r\nVia: 1.1 b\r\n");
  EXPECT_EQ(written([&](HeadWriter& out) { write_via(out, &fields, 1, "levee"); }), "Via: 1.0 a, 1.1 b, 1.1 levee\r\n");
}

TEST(HeadWriter, ForwardsNothingOfTheConnectionOrOfFraming) {  // RFC 9110 section 7.6.1
  Fields fields;
  fields.read_lines(
      "A: 1\r\nConnection: keep-alive, X\r\nX: 2\r\nKeep-Alive: 3\r\nContent-Length: 4\r\nTransfer-Encoding: "
      "chunked\r\n"
      "TE: trailers\r\nUpgrade: w\r\nProxy-Connection: k\r\nDrop: d\r\nB:\r\n");
  const auto drop = [](const Field& field) { return field.name == "Drop"; };
  EXPECT_EQ(written([&](HeadWriter& out) { write_forwarded(out, fields, drop); }), "A: 1\r\nB: \r\n");
}

TEST(CacheStatus, IsAStructuredList) {  // RFC 9211
  using Forward = CacheStatus::Forward;
  struct Row {
    CacheStatus status;
    const char* value;
  };
  CacheStatus hit;
  hit.hit = hit.has_ttl = true;
  hit.ttl = 1999;
  CacheStatus stale;
  stale.hit = stale.has_ttl = true;
  stale.ttl = -1;
  CacheStatus miss;
  miss.forward = Forward::kUriMiss;
  miss.forward_status = 304;
  miss.stored = miss.collapsed = true;
  miss.key = "a\"b\\c\xff";
  miss.detail = "limit";
  miss.before = "far; hit";
  for (const auto& [status, value] : {Row{hit, "levee; hit; ttl=1"}, Row{stale, "levee; hit; ttl=-1"},
                                      Row{miss,
                                          "far; hit, levee; fwd=uri-miss; fwd-status=304; stored; collapsed; "
                                          "key=\"a\\\"b\\\\c?\"; detail=limit"}}) {
    EXPECT_EQ(written([&, &one = status](HeadWriter& out) { write_cache_status(out, one); }),
              std::string("Cache-Status: ") + value + "\r\n");
    EXPECT_TRUE(is_list(value));
  }
}

}  // namespace
}  // namespace levee
