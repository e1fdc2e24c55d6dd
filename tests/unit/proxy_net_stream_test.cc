#include <event2/util.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "proxy/net/stream.h"

namespace levee {
namespace {

struct Owner : StreamOwner {
  void on_ready() override { ++ready; }
  void on_timeout() override { ++timeouts; }
  int ready = 0, timeouts = 0;
};

// Two ends of a socket pair with small buffers.
class StreamTest : public testing::Test {
 protected:
  StreamTest() {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    const int small = 8192;
    for (const int one : pair) setsockopt(one, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    left = std::make_unique<Stream>(loop, pair[0], left_owner);
    right = std::make_unique<Stream>(loop, pair[1], right_owner);
  }

  static std::string pattern(size_t size) {
    std::string text(size, '\0');
    for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
    return text;
  }

  // Everything in `text`, cut into parts at `cuts`, goes from left to right in whatever steps the sockets take.
  std::string move(std::string text, std::vector<size_t> cuts, size_t read_size) {
    std::string got;
    size_t sent = 0;
    std::vector<std::byte> buffer(read_size);
    for (int idle = 0; got.size() < text.size() && idle < 10'000; ++idle) {
      if (sent < text.size()) {
        std::vector<iovec> parts;
        size_t from = sent;
        for (const size_t cut : cuts) {
          if (cut > from) parts.push_back({text.data() + from, cut - from}), from = cut;
        }
        if (from < text.size()) parts.push_back({text.data() + from, text.size() - from});
        const IoResult result = left->write(parts);
        EXPECT_TRUE(result.state == Io::kDone || result.state == Io::kAgain);
        EXPECT_EQ(result.state == Io::kDone, sent + result.count == text.size());
        sent += result.count;
      }
      const IoResult result = right->read(buffer);
      EXPECT_TRUE(result.state == Io::kDone || result.state == Io::kAgain);
      got.append(reinterpret_cast<const char*>(buffer.data()), result.count);
    }
    return got;
  }

  Loop loop;
  Owner left_owner, right_owner;
  std::unique_ptr<Stream> left, right;
};

TEST_F(StreamTest, PlainBytesArriveInShortWrites) {
  const std::string text = pattern(300'000);
  EXPECT_EQ(move(text, {10, 1000, 50'000}, 4096), text);
}

TEST_F(StreamTest, CountsWhatIsAlive) {
  EXPECT_EQ(loop.streams(), 2U);
  left.reset();
  EXPECT_EQ(loop.streams(), 1U);
}

TEST_F(StreamTest, TellsOfBytesOnlyWhenTheyAreWanted) {
  iovec hello{const_cast<char*>("hello"), 5};
  left->write({&hello, 1});
  loop.turn(false);
  EXPECT_EQ(right_owner.ready, 0);
  right->wait(Stream::Wait::kRead, 0);
  loop.turn(false);
  EXPECT_EQ(right_owner.ready, 1);
  right->wait(Stream::Wait::kNothing, 0);
  loop.turn(false);
  loop.turn(false);
  EXPECT_EQ(right_owner.ready, 1);
  right->wait(Stream::Wait::kRead, 0);
  loop.turn(false);
  EXPECT_EQ(right_owner.ready, 2);
}

TEST_F(StreamTest, TellsOfRoomAfterAShortWrite) {
  const std::string text = pattern(300'000);
  iovec part{const_cast<char*>(text.data()), text.size()};
  ASSERT_EQ(left->write({&part, 1}).state, Io::kAgain);
  left->wait(Stream::Wait::kWrite, 0);
  loop.turn(false);
  EXPECT_EQ(left_owner.ready, 0);
  std::vector<std::byte> buffer(1 << 20);
  while (right->read(buffer).state == Io::kDone) {
  }
  loop.turn(false);
  EXPECT_EQ(left_owner.ready, 1);
  left->wait(Stream::Wait::kRead, 0);
  loop.turn(false);
  EXPECT_EQ(left_owner.ready, 1);
}

TEST_F(StreamTest, TimesOutOnceAndNotAfterBytesWereAwaitedAnew) {
  left->wait(Stream::Wait::kRead, 20);
  for (const int64_t end = loop.now() + 100; loop.now() < end;) {
    usleep(5000);
    loop.turn(false);
  }
  EXPECT_EQ(left_owner.timeouts, 1);
}

TEST_F(StreamTest, SeesThatTheOtherSideHasGone) {
  EXPECT_FALSE(left->peer_closed());
  right.reset();
  EXPECT_TRUE(left->peer_closed());
  std::byte buffer[8];
  EXPECT_EQ(left->read(buffer).state, Io::kClosed);
}

TEST_F(StreamTest, SendsAFile) {
  FILE* file = tmpfile();
  ASSERT_NE(file, nullptr);
  const std::string text = pattern(100'000);
  fwrite(text.data(), 1, text.size(), file);
  fflush(file);
  std::string got;
  off_t offset = 7;
  std::byte buffer[4096];
  while (got.size() < text.size() - 7) {
    if (static_cast<size_t>(offset) < text.size()) {
      const auto rest = text.size() - static_cast<size_t>(offset);
      const IoResult result = left->send_file(fileno(file), offset, rest);
      ASSERT_TRUE(result.state == Io::kDone || result.state == Io::kAgain);
    }
    got.append(reinterpret_cast<const char*>(buffer), right->read(buffer).count);
  }
  EXPECT_EQ(got, text.substr(7));
  EXPECT_EQ(left->send_file(fileno(file), offset, 1).state, Io::kFailed);  // beyond the end
  fclose(file);
}

// The same over TLS, with a certificate of its own.
class TlsStreamTest : public StreamTest {
 protected:
  TlsStreamTest() : server(SSL_CTX_new(TLS_server_method())), client(SSL_CTX_new(TLS_client_method())) {
    for (SSL_CTX* context : {server, client}) {
      SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
      SSL_CTX_set_read_ahead(context, 1);
    }
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(server, certificate);
    SSL_CTX_use_PrivateKey(server, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    left->start_tls(server, true);
    right->start_tls(client, false, "edge.example");
  }
  ~TlsStreamTest() override {
    SSL_CTX_free(server);
    SSL_CTX_free(client);
  }
  void shake_hands() { shake_hands(*left, *right); }
  static void shake_hands(Stream& left, Stream& right) {
    IoResult a{Io::kAgain, 0}, b{Io::kAgain, 0};
    for (int i = 0; i < 20 && (a.state == Io::kAgain || b.state == Io::kAgain); ++i) {
      if (b.state == Io::kAgain) b = right.handshake();
      if (a.state == Io::kAgain) a = left.handshake();
    }
    ASSERT_EQ(a.state, Io::kDone);
    ASSERT_EQ(b.state, Io::kDone);
  }
  SSL_CTX *server, *client;
};

TEST_F(TlsStreamTest, BytesArriveInShortWritesWhateverTheParts) {
  shake_hands();
  const std::string text = pattern(300'000);
  EXPECT_EQ(move(text, {}, 4096), text);
  EXPECT_EQ(move(text, {10, 1000, 50'000}, 1000), text);
  EXPECT_EQ(move(text, {200, 16'384, 16'385, 40'000, 40'001, 40'002, 299'999}, 70'000), text);
}

TEST_F(TlsStreamTest, AHeadAndASmallBodyAreOneRecord) {
  shake_hands();
  std::byte buffer[4096];
  right->read(buffer);  // session tickets
  std::string head(200, 'h'), body(1024, 'b');
  const iovec parts[] = {{head.data(), head.size()}, {body.data(), body.size()}};
  ASSERT_EQ(left->write(parts).count, 1224U);
  EXPECT_EQ(SSL_read(right->tls(), buffer, 1), 1);
  EXPECT_EQ(SSL_pending(right->tls()), 1223);
}

// The same over TCP, where the kernel tells how many packets were made and how many bytes it keeps.
class TlsOverTcpTest : public TlsStreamTest {
 protected:
  TlsOverTcpTest() {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    const int listener = socket(AF_INET, SOCK_STREAM, 0), client_end = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&here), size), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    EXPECT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&here), &size), 0);
    EXPECT_EQ(connect(client_end, reinterpret_cast<sockaddr*>(&here), size), 0);
    const int server_end = accept(listener, nullptr, nullptr), yes = 1;
    close(listener);
    for (const int one : {server_end, client_end}) {
      evutil_make_socket_nonblocking(one);
      setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      // BBR makes packets of what it takes the line to carry in a millisecond: less on a busy machine.
      EXPECT_EQ(setsockopt(one, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
    }
    left = std::make_unique<Stream>(loop, server_end, left_owner);
    right = std::make_unique<Stream>(loop, client_end, right_owner);
    left->start_tls(server, true);
    right->start_tls(client, false, "edge.example");
    shake_hands();
  }
  uint32_t packets() const {
    tcp_info info{};
    socklen_t size = sizeof info;
    EXPECT_EQ(getsockopt(left->descriptor(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_data_segs_out;
  }
  int kept_back() const {
    int bytes = -1;
    EXPECT_EQ(ioctl(left->descriptor(), SIOCOUTQNSD, &bytes), 0);
    return bytes;
  }
};

TEST_F(TlsOverTcpTest, RecordsOfOneWriteShareAPacketAndNothingIsKeptBack) {
  std::string head(200, 'h'), body = pattern(20'000), end(10, 'e');
  const iovec parts[] = {{head.data(), head.size()}, {body.data(), body.size()}, {end.data(), end.size()}};
  const uint32_t before = packets();
  ASSERT_EQ(left->write(parts).state, Io::kDone);
  EXPECT_EQ(packets() - before, 1U);
  EXPECT_EQ(kept_back(), 0);
}

TEST_F(TlsOverTcpTest, NothingOfAFileIsKeptBack) {
  const std::string text = pattern(20'000);
  FILE* file = tmpfile();
  ASSERT_NE(file, nullptr);
  fwrite(text.data(), 1, text.size(), file);
  fflush(file);
  off_t offset = 0;
  const uint32_t before = packets();
  ASSERT_EQ(left->send_file(fileno(file), offset, text.size()).state, Io::kDone);
  fclose(file);
  EXPECT_EQ(packets() - before, 1U);
  EXPECT_EQ(kept_back(), 0);
}

TEST_F(TlsStreamTest, WhatOpensslHoldsMakesTheStreamReady) {
  shake_hands();
  std::string text(1000, 'x');
  iovec part{text.data(), text.size()};
  left->write({&part, 1});
  std::byte little[10];
  ASSERT_EQ(right->read(little).count, 10U);
  right->wait(Stream::Wait::kRead, 0);
  loop.turn(false);
  EXPECT_EQ(right_owner.ready, 1);
}

TEST_F(TlsStreamTest, RecordsThatCameTogetherAreReadTogether) {
  shake_hands();
  std::byte buffer[4096];
  right->read(buffer);  // session tickets
  for (const char* word : {"one", "two", "three"}) {
    const iovec part{const_cast<char*>(word), std::strlen(word)};
    ASSERT_EQ(left->write({&part, 1}).state, Io::kDone);
  }
  ASSERT_EQ(right->read({buffer, 3}).count, 3U);
  right->wait(Stream::Wait::kRead, 0);
  loop.turn(false);
  EXPECT_EQ(right_owner.ready, 1) << "OpenSSL holds the others";
  ASSERT_EQ(right->read(buffer).count, 8U);
  EXPECT_EQ(std::memcmp(buffer, "twothree", 8), 0);
}

TEST_F(TlsStreamTest, WhatCameInPartIsAwaitedQuietly) {
  ASSERT_EQ(send(right->descriptor(), "\x16\x03\x01", 3, 0), 3);
  EXPECT_EQ(left->handshake().state, Io::kAgain);
  left->wait(Stream::Wait::kRead, 0);
  loop.turn(false);
  EXPECT_EQ(left_owner.ready, 0) << "a record's first bytes alone are nothing to go on with";
}

TEST_F(TlsStreamTest, WhoeverWasIdleGoesOnWhateverOthersDid) {
  struct Pair {
    std::unique_ptr<Stream> left, right;
  };
  std::vector<Pair> pairs(200);  // more than keep their buffers
  for (Pair& pair : pairs) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    pair.left = std::make_unique<Stream>(loop, ends[0], left_owner);
    pair.right = std::make_unique<Stream>(loop, ends[1], right_owner);
    pair.left->start_tls(server, true);
    pair.right->start_tls(client, false);
    shake_hands(*pair.left, *pair.right);
    pair.left->idle();
  }
  for (size_t i = 0; i < pairs.size(); i += 3) pairs[i] = {};
  for (int round = 0; round < 2; ++round) {
    for (Pair& pair : pairs) {
      if (!pair.left) continue;
      std::byte buffer[64];
      pair.right->read(buffer);  // session tickets
      const iovec part{const_cast<char*>("still here"), 10};
      ASSERT_EQ(pair.right->write({&part, 1}).state, Io::kDone);
      ASSERT_EQ(pair.left->read(buffer).count, 10U);
      ASSERT_EQ(pair.left->write({&part, 1}).state, Io::kDone);
      ASSERT_EQ(pair.right->read(buffer).count, 10U);
      pair.left->idle();
    }
  }
}

TEST_F(TlsStreamTest, ACleanEndIsToldFromACut) {
  shake_hands();
  left.reset();  // sends close_notify
  std::byte buffer[64];
  EXPECT_EQ(right->read(buffer).state, Io::kClosed);
}

TEST_F(TlsStreamTest, ACutIsAFailure) {
  shake_hands();
  left->abort();
  left.reset();
  std::byte buffer[64];
  EXPECT_EQ(right->read(buffer).state, Io::kFailed);
}

TEST_F(TlsStreamTest, GarbageFailsTheHandshake) {
  ASSERT_EQ(send(right->descriptor(), "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
  EXPECT_EQ(left->handshake().state, Io::kFailed);
}

}  // namespace
}  // namespace levee
