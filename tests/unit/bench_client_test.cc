// The pure parts of the simulated clients: responses taken apart, targets and references understood.
#include <gtest/gtest.h>

#include <string>

#include "bench/client/request_fields.h"
#include "bench/client/response_reader.h"
#include "bench/client/target.h"

namespace levee::bench {
namespace {

struct Heard final : ResponseReader::Sink {
  void on_head(const ResponseHead& head) override { status = head.status; }
  void on_body(std::string_view bytes) override { body += bytes; }
  int status = 0;
  std::string body;
};

// Feeds `bytes` in pieces of `piece`.
ResponseReader::State feed(ResponseReader& reader, Heard& heard, std::string_view bytes, size_t piece) {
  auto state = ResponseReader::State::kHead;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    state = reader.feed(bytes.substr(0, piece), heard);
  }
  return state;
}

TEST(ResponseReader, ReadsTheSameHoweverTheBytesCome) {
  for (const std::string text :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello"}) {
    for (size_t piece = 1; piece <= text.size(); ++piece) {
      ResponseReader reader;
      Heard heard;
      EXPECT_EQ(feed(reader, heard, text, piece), ResponseReader::State::kEnd) << piece;
      EXPECT_EQ(heard.status, 200);
      EXPECT_EQ(heard.body, "hello");
      EXPECT_TRUE(reader.keeps_alive());
    }
  }
}

TEST(ResponseReader, ABodyThatEndsEarlyIsBroken) {
  ResponseReader reader;
  Heard heard;
  feed(reader, heard, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", 100);
  EXPECT_EQ(reader.close(), ResponseReader::State::kBroken);
  reader.reset();
  feed(reader, heard, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", 100);
  EXPECT_EQ(reader.close(), ResponseReader::State::kBroken);
}

TEST(ResponseReader, ABodyWithoutALengthEndsWithTheConnection) {
  ResponseReader reader;
  Heard heard;
  EXPECT_EQ(feed(reader, heard, "HTTP/1.1 200 OK\r\n\r\nhello", 100), ResponseReader::State::kBody);
  EXPECT_EQ(reader.close(), ResponseReader::State::kEnd);
  EXPECT_FALSE(reader.keeps_alive());
}

TEST(ResponseReader, BytesAfterTheEndAreBroken) {
  ResponseReader reader;
  Heard heard;
  EXPECT_EQ(feed(reader, heard, "HTTP/1.1 304 Not Modified\r\n\r\nx", 100), ResponseReader::State::kBroken);
}

TEST(RequestFields, OneOfTheSameNameTakesTheOthersPlace) {
  EXPECT_EQ(with_fields("A: 1\r\nB: 2\r\nC: 3\r\n", "b: x\r\nD: 4\r\n"), "A: 1\r\nC: 3\r\nb: x\r\nD: 4\r\n");
  EXPECT_EQ(with_fields("A: 1\r\nB: 2\r\n", "A: \r\n"), "B: 2\r\n") << "without a value: neither";
  EXPECT_EQ(with_fields("", "A:1\r\n"), "A:1\r\n");
  EXPECT_EQ(with_fields(player_fields(), ""), player_fields());
}

TEST(RequestFields, AreNoneThatSayWhereTheRequestEndsOrWhomItIsFor) {
  for (const char* good : {"Cookie: token=a", "X-Odd!: ", "Range: bytes=0-", "Connection: close"}) {
    EXPECT_TRUE(is_request_field(good)) << good;
  }
  for (const char* bad : {"", ": x", "A", "A b: x", "A: x\r\nB: y", "A: \x7f", "host: a", "Content-Length: 5",
                          "transfer-encoding: chunked"}) {
    EXPECT_FALSE(is_request_field(bad)) << bad;
  }
}

TEST(Target, IsALiteralAddress) {
  const auto target = parse_target("https://127.0.0.1:8443/a?b");
  ASSERT_TRUE(target);
  EXPECT_TRUE(target->tls && target->is_loopback);
  EXPECT_EQ(target->path, "/a?b");
  EXPECT_EQ(target->authority, "127.0.0.1:8443");
  EXPECT_FALSE(parse_target("http://192.0.2.1/")->is_loopback);
  EXPECT_TRUE(parse_target("http://localhost:1/")->is_loopback);
  EXPECT_FALSE(parse_target("http://example.net/"));
  EXPECT_FALSE(parse_target("127.0.0.1:80"));
}

TEST(Target, ResolvesReferencesOfAPlaylist) {
  const auto path = [](std::string_view reference) {
    const Location at = resolve({.authority = {}, .path = "/a/live/index.m3u8?x=/y"}, reference);
    EXPECT_EQ(at.authority, "") << reference;
    return at.path;
  };
  EXPECT_EQ(path("1.ts"), "/a/live/1.ts");
  EXPECT_EQ(path("/other/1.ts"), "/other/1.ts");
  EXPECT_EQ(path("s2.ts?ref=http://h/zzz"), "/a/live/s2.ts?ref=http://h/zzz");
  EXPECT_EQ(path("../s1.ts?a=/../b"), "/a/s1.ts?a=/../b");
  EXPECT_EQ(path("../../../../s1.ts"), "/s1.ts");
  EXPECT_EQ(path("./b/./c/../1.ts#t=3"), "/a/live/b/1.ts");
  EXPECT_EQ(path("/b/../.."), "/");
  EXPECT_EQ(path(".."), "/a/");
  EXPECT_EQ(path("?b=c"), "/a/live/index.m3u8?b=c");
  EXPECT_EQ(path(""), "/a/live/index.m3u8?x=/y");
  EXPECT_EQ(path(".../..a"), "/a/live/.../..a");
}

TEST(Target, ReferencesToOtherServersKeepTheirAuthority) {
  const Location base{.authority = {}, .path = "/live/index.m3u8"};
  EXPECT_EQ(resolve(base, "http://A:81/b/../1.ts"), (Location{.authority = "a:81", .path = "/1.ts"}));
  EXPECT_EQ(resolve(base, "//cdn/b/1.ts?c"), (Location{.authority = "cdn", .path = "/b/1.ts?c"}));
  EXPECT_EQ(resolve(base, "https://a?b=/c"), (Location{.authority = "a", .path = "/?b=/c"}));
  EXPECT_EQ(resolve(base, "http://a"), (Location{.authority = "a", .path = "/"}));
  EXPECT_EQ(resolve({.authority = "cdn", .path = "/b/index.m3u8"}, "1.ts"),
            (Location{.authority = "cdn", .path = "/b/1.ts"}));
}

}  // namespace
}  // namespace levee::bench
