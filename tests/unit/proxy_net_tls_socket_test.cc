#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "proxy/net/tls_socket.h"

namespace levee {
namespace {

// One end is a BIO, which is given records; the other is read as it is.
class TlsSocketTest : public testing::TestWithParam<int> {
 protected:
  TlsSocketTest() {
    EXPECT_EQ(socketpair(AF_UNIX, GetParam() | SOCK_NONBLOCK, 0, ends_.data()), 0);
    bio_ = tls_socket(ends_[0]);
  }
  ~TlsSocketTest() override {
    BIO_free(bio_);
    close(ends_[0]);
    if (ends_[1] >= 0) close(ends_[1]);
  }

  // The bytes that the BIO took; 0: it says to try again, -1: it does not.
  int64_t give(std::string_view record) {
    size_t count = 0;
    if (BIO_write_ex(bio_, record.data(), record.size(), &count) == 1) return static_cast<int64_t>(count);
    return BIO_should_retry(bio_) ? 0 : -1;
  }
  std::string receive() {
    std::string bytes(1 << 20, '\0');
    const ssize_t got = recv(ends_[1], bytes.data(), bytes.size(), 0);
    bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return bytes;
  }
  void shrink_buffer() {
    const int small = 8192;
    setsockopt(ends_[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  }

  std::array<int, 2> ends_{};
  BIO* bio_ = nullptr;
};

std::string record(char of, size_t size = 16'406) {
  return std::string(size, of);
}

// What is read from these at once was sent by one call.
using TlsSocketCallsTest = TlsSocketTest;
INSTANTIATE_TEST_SUITE_P(Messages, TlsSocketCallsTest, testing::Values(SOCK_SEQPACKET));

TEST_P(TlsSocketCallsTest, ARecordAloneLeavesAtOnce) {
  EXPECT_EQ(give("alone"), 5);
  EXPECT_EQ(receive(), "alone");
  TlsGathering gathering(bio_);
  gathering.more_will_follow(false);
  EXPECT_EQ(give("last"), 4);
  EXPECT_EQ(receive(), "last");
}

TEST_P(TlsSocketCallsTest, RecordsOfOneWriteLeaveWithTheLast) {
  TlsGathering gathering(bio_);
  gathering.more_will_follow(true);
  EXPECT_EQ(give("a"), 1);
  EXPECT_EQ(give("b"), 1);
  EXPECT_EQ(receive(), "");
  gathering.more_will_follow(false);
  EXPECT_EQ(give("c"), 1);
  EXPECT_EQ(receive(), "abc");
}

TEST_P(TlsSocketCallsTest, SixWholeRecordsLeaveTogether) {
  TlsGathering gathering(bio_);
  gathering.more_will_follow(true);
  std::string sent;
  for (const char of : {'1', '2', '3', '4', '5', '6', '7'}) {
    EXPECT_EQ(give(record(of)), 16'406);
    if (of != '7') sent += record(of);
  }
  EXPECT_EQ(receive(), sent);
  gathering.more_will_follow(false);
  EXPECT_EQ(give("8"), 1);
  EXPECT_EQ(receive(), record('7') + '8');
}

// A write that ends early leaves nothing to the next one of the thread, which may be another connection's.
TEST_P(TlsSocketCallsTest, WhatAWriteGatheredIsItsOwn) {
  {
    TlsGathering gathering(bio_);
    gathering.more_will_follow(true);
    EXPECT_EQ(give("ours"), 4);
  }
  std::array<int, 2> others{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, others.data()), 0);
  BIO* const other = tls_socket(others[0]);
  EXPECT_EQ(BIO_write(other, "theirs", 6), 6);
  std::array<char, 16> got{};
  EXPECT_EQ(recv(others[1], got.data(), got.size(), 0), 6);
  BIO_free(other);
  for (const int one : others) close(one);
  EXPECT_EQ(give("+"), 1) << "and it does not wait either";
  EXPECT_EQ(receive(), "ours+");
}

// Sockets that take a part.
using TlsSocketFullTest = TlsSocketTest;
INSTANTIATE_TEST_SUITE_P(Bytes, TlsSocketFullTest, testing::Values(SOCK_STREAM));

TEST_P(TlsSocketFullTest, AllArrivesInOrderWhateverTheSocketTakes) {
  shrink_buffer();
  std::string sent, got;
  int refusals = 0;
  for (int write = 0; write < 20; ++write) {
    TlsGathering gathering(bio_);
    for (int i = 0; i < 9; ++i) {
      const std::string bytes = record(static_cast<char>('a' + (write * 9 + i) % 26));
      gathering.more_will_follow(i < 8);
      sent += bytes;
      for (size_t done = 0; done < bytes.size();) {
        const int64_t taken = give(std::string_view(bytes).substr(done));
        ASSERT_GE(taken, 0);
        done += static_cast<size_t>(taken);
        if (taken == 0) ++refusals, got += receive();
      }
    }
  }
  for (std::string more; !(more = receive()).empty();) got += more;
  EXPECT_GT(refusals, 20);
  EXPECT_TRUE(got == sent) << got.size() << " of " << sent.size();
}

// A write is done only if the socket has all of it: else nobody would be there to send the rest.
TEST_P(TlsSocketFullTest, TheLastRecordIsNotTakenBeforeThoseItFollows) {
  shrink_buffer();
  TlsGathering gathering(bio_);
  gathering.more_will_follow(true);
  EXPECT_EQ(give(record('a')), 16'406);
  EXPECT_EQ(give(record('b')), 16'406);
  gathering.more_will_follow(false);
  ASSERT_EQ(give("c"), 0);
  std::string got;
  for (int i = 0; i < 100; ++i) {
    got += receive();
    if (give("c") == 1) break;
  }
  got += receive();
  EXPECT_TRUE(got == record('a') + record('b') + "c") << got.size();
}

TEST_P(TlsSocketFullTest, AReaderThatIsGoneIsAnError) {
  close(ends_[1]);
  ends_[1] = -1;
  EXPECT_EQ(give("nobody"), -1);
}

}  // namespace
}  // namespace levee
