#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "proxy/http/body_decoder.h"

namespace levee {
namespace {

struct Decoded {
  std::string data;
  size_t consumed = 0;
  BodyDecoder decoder;
};
// Feeds the bytes in pieces of `piece`.
Decoded decode(std::string_view bytes, Framing framing, size_t piece, bool trailers = false, BodyLimits limits = {}) {
  Decoded out{{}, 0, BodyDecoder(framing, limits, trailers)};
  size_t arrived = 0;
  while (arrived < bytes.size() && out.decoder.state() == BodyDecoder::State::kMore) {
    arrived = std::min(bytes.size(), arrived + piece);
    for (;;) {
      const auto step = out.decoder.next(bytes.substr(out.consumed, arrived - out.consumed));
      out.data.append(step.data);
      out.consumed += step.consumed;
      if (step.consumed == 0 || out.decoder.state() != BodyDecoder::State::kMore) break;
    }
  }
  return out;
}
const Framing kChunked{Framing::Kind::kChunked, 0};

TEST(BodyDecoder, RefusesBadChunks) {
  using namespace std::string_literals;
  struct Row {
    const char* rule;  // of RFC 9112 section 7.1
    std::string bytes;
    BodyError error;
  };
  for (const Row& row : std::vector<Row>{
           {"no size", "\r\n", BodyError::kChunkSize},
           {"not hexadecimal", "g\r\n", BodyError::kChunkSize},
           {"sign", "+5\r\n", BodyError::kChunkSize},
           {"negative", "-1\r\n", BodyError::kChunkSize},
           {"0x", "0x5\r\n", BodyError::kChunkSize},
           {"space before", " 5\r\nhello\r\n", BodyError::kChunkSize},
           {"space after", "5 \r\nhello\r\n", BodyError::kChunkSize},
           {"too large", "10000000000000000\r\n", BodyError::kChunkSize},
           {"overflow", "ffffffffffffffff\r\n", BodyError::kChunkSize},
           {"LF alone", "5\nhello\r\n", BodyError::kChunkSize},
           {"LF alone in extension", "5;a\nhello\r\n", BodyError::kChunkExtension},
           {"CR alone", "5\rhello", BodyError::kChunkExtension},
           {"CR in extension", "5;a\rb\r\n", BodyError::kChunkExtension},
           {"NUL in extension", "5;a\0\r\n"s, BodyError::kChunkExtension},
           {"string without end", "5;a=\"b\r\nhello\r\n", BodyError::kChunkExtension},
           {"string without end, a quote in it", "5;a=\"b\\\"\r\nhello\r\n", BodyError::kChunkExtension},
           {"control in a string", "5;a=\"\x01\"\r\n", BodyError::kChunkExtension},
           {"data too long", "5\r\nhello!\r\n", BodyError::kChunkEnd},
           {"no CR after data", "5\r\nhello!\n0\r\n\r\n", BodyError::kChunkEnd},
           {"no LF after data", "5\r\nhello\r!0\r\n\r\n", BodyError::kChunkEnd},
           {"LF after data", "5\r\nhello\n0\r\n\r\n", BodyError::kChunkEnd},
           {"LF alone in trailer", "0\r\nA: b\n\r\n", BodyError::kTrailer},
           {"LF for the end", "0\r\n\n", BodyError::kTrailer},
           {"trailer without colon", "0\r\nfoo\r\n\r\n", BodyError::kTrailer},
           {"folded trailer", "0\r\nA: b\r\n c\r\n\r\n", BodyError::kTrailer},
           {"NUL in trailer", "0\r\nA: \0\r\n\r\n"s, BodyError::kTrailer},
           {"long extension", "5;" + std::string(5000, 'a'), BodyError::kChunkExtension},
           {"long trailer", "0\r\nA: " + std::string(9000, 'a'), BodyError::kTrailerTooLarge},
       }) {
    for (const size_t piece : {size_t{1}, size_t{7}, row.bytes.size()}) {
      SCOPED_TRACE(row.rule);
      EXPECT_EQ(describe(decode(row.bytes, kChunked, piece).decoder.error()), describe(row.error));
    }
  }
}

TEST(BodyDecoder, FindsDataAndEndOfChunks) {
  const std::string bytes =
      "5\r\nhello\r\n00006 ;x=\"y;\\\"z\"; w\r\n world\r\nA\r\n0123456789\r\n0;last\r\nDigest: d\r\nHost: "
      "evil\r\n\r\nGET /";
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    const Decoded out = decode(bytes, kChunked, piece, true);
    EXPECT_TRUE(out.decoder.done());
    EXPECT_EQ(out.data, "hello world0123456789");
    EXPECT_EQ(bytes.substr(out.consumed), "GET /") << "what follows is not touched";
    EXPECT_EQ(out.decoder.trailers(), "Digest: d\r\n") << "and none that heads decide by (RFC 9110 section 6.5.1)";
  }
}

TEST(BodyDecoder, RandomChunksComeOutAsTheyWentIn) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    std::string body, bytes;
    for (size_t chunk = random() % 6; chunk > 0; --chunk) {
      const std::string data(1 + random() % 300, static_cast<char>('a' + random() % 26));
      char head[18];
      bytes.append(head, write_chunk_size(data.size(), head)).append(data).append(kChunkEnd);
      body += data;
    }
    bytes += kLastChunk;
    const Decoded out = decode(bytes + "next", kChunked, 1 + random() % 40);
    EXPECT_TRUE(out.decoder.done());
    EXPECT_EQ(out.data, body);
    EXPECT_EQ(out.consumed, bytes.size());
    for (const size_t cut : {bytes.size() - 1, bytes.size() / 2}) {
      Decoded part = decode(std::string_view(bytes).substr(0, cut), kChunked, 13);
      EXPECT_FALSE(part.decoder.close()) << "cut short";
    }
  }
}

TEST(BodyDecoder, ALengthIsALength) {
  const Framing framing{Framing::Kind::kLength, 5};
  const Decoded out = decode("hello world", framing, 3);
  EXPECT_TRUE(out.decoder.done());
  EXPECT_EQ(out.data, "hello");
  EXPECT_EQ(out.consumed, 5U);
  Decoded cut = decode("hell", framing, 4);
  EXPECT_EQ(cut.decoder.pending_data(), 1U);
  EXPECT_FALSE(cut.decoder.close());
}

TEST(BodyDecoder, UntilCloseEndsWithTheConnection) {
  Decoded out = decode("hello", {Framing::Kind::kUntilClose, 0}, 2);
  EXPECT_EQ(out.data, "hello");
  EXPECT_FALSE(out.decoder.done());
  EXPECT_TRUE(out.decoder.close());
}

TEST(BodyDecoder, DataMayBeReceivedWhereItBelongs) {
  BodyDecoder decoder(kChunked);
  EXPECT_EQ(decoder.pending_data(), 0U);
  const auto step = decoder.next("a\r\n01234");
  EXPECT_EQ(step.data, "01234");
  EXPECT_EQ(decoder.pending_data(), 5U);
  decoder.took(5);
  EXPECT_EQ(decoder.pending_data(), 0U);
  EXPECT_EQ(decoder.next("\r\n0\r\n\r\n").consumed, 7U);
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(decoder.data_size(), 10U);
}

TEST(BodyDecoder, NoBodyIsDone) {
  EXPECT_TRUE(BodyDecoder(Framing{}).done());
}

TEST(ChunkSize, IsShortHexadecimal) {
  char out[18];
  EXPECT_EQ(std::string(out, write_chunk_size(0, out)), "0\r\n");
  EXPECT_EQ(std::string(out, write_chunk_size(255, out)), "ff\r\n");
  EXPECT_EQ(std::string(out, write_chunk_size(UINT64_MAX, out)), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace levee
