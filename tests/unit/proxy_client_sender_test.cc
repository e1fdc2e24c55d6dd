#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/client/sender.h"
#include "proxy/net/loop.h"

namespace levee {
namespace {

class Nobody : public StreamOwner, public Waker {
 public:
  void on_ready() override {}
  void on_timeout() override {}
  void wake(std::span<const uint64_t>) override {}
};

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// A stream whose other end takes bytes in pieces as small as a test likes.
class SenderTest : public testing::Test {
 protected:
  SenderTest() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    const int little = 1;
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
    stream_ = std::make_unique<Stream>(loop_, ends[0], owner_);
    client_ = ends[1];
  }
  ~SenderTest() override { close(client_); }

  bool take_some() {
    char part[1500];
    const ssize_t count = read(client_, part, sizeof part);
    if (count > 0) got_.append(part, static_cast<size_t>(count));
    return count > 0;
  }
  // Sends a head with what was given to the sender, through a socket that is full all the time.
  Sender::Outcome send(std::string_view head) {
    const iovec view{const_cast<char*>(head.data()), head.size()};
    Sender::Outcome outcome = sender_.start(*stream_, {&view, 1});
    while (outcome == Sender::Outcome::kBlocked) {
      while (take_some()) {
      }
      outcome = sender_.go_on(*stream_);
    }
    while (take_some()) {
    }
    return outcome;
  }

  Loop loop_;
  Nobody owner_;
  std::unique_ptr<Stream> stream_;
  int client_ = -1;
  std::string got_;
  Sender sender_;
};

std::string numbers(size_t size) {
  std::string text;
  while (text.size() < size) text += std::to_string(text.size()) + ",";
  return text.substr(0, size);
}

TEST_F(SenderTest, AHeadLargerThanTheSocketTakesArrivesWhole) {
  const std::string head = numbers(60'000);
  EXPECT_EQ(send(head), Sender::Outcome::kDone);
  EXPECT_EQ(got_, head);
  EXPECT_EQ(sender_.bytes_sent(), head.size());
  EXPECT_EQ(sender_.body_bytes(), 0U);
}

TEST_F(SenderTest, ATextFollowsItsHead) {
  sender_.send_text(numbers(100'000));
  EXPECT_EQ(send("head,"), Sender::Outcome::kDone);
  EXPECT_EQ(got_, "head," + numbers(100'000));
  EXPECT_EQ(sender_.body_bytes(), 100'000U);
}

TEST_F(SenderTest, ARangeOfABodyIsCutFromItsChunks) {
  const std::string text = numbers(300'000);
  Body body(nullptr, std::nullopt, 5'000);
  body.append(bytes_of(text));
  body.complete();
  sender_.send_body(body, 7'777, 222'222);
  EXPECT_EQ(send("h"), Sender::Outcome::kDone);
  EXPECT_EQ(got_, "h" + text.substr(7'777, 222'222 - 7'777));
}

TEST_F(SenderTest, PartsComeInOrderWithTheirHeadsAndTheTail) {
  const std::string text = numbers(100'000);
  Body body(nullptr, text.size());
  body.append(bytes_of(text));
  body.complete();
  sender_.send_body(body, 0, 0);
  sender_.in_parts({{"<a>", 10, 20}, {"<b>", 50'000, 90'000}, {"<c>", 0, 1}}, "<end>");
  EXPECT_EQ(send("h"), Sender::Outcome::kDone);
  EXPECT_EQ(got_,
            "h<a>" + text.substr(10, 10) + "<b>" + text.substr(50'000, 40'000) + "<c>" + text.substr(0, 1) + "<end>");
}

TEST_F(SenderTest, AChunkedFlightIsFramedHoweverItIsCut) {
  Flown flown = private_flight({&owner_, 1}, 1 << 20);
  flown.writer.pass(std::make_shared<Entry>(), false);
  ASSERT_EQ(flown.reader.look().state, FlightState::kPassed);
  sender_.send_flight(flown.reader, 0, Sender::kOpen, true, true);
  EXPECT_EQ(send("h"), Sender::Outcome::kDry);
  std::string body;
  for (const size_t size : {1U, 40'000U, 17U, 3U}) {
    const std::string part = numbers(size);
    flown.writer.append(bytes_of(part));
    body += part;
    EXPECT_EQ(send(""), Sender::Outcome::kDry);
  }
  flown.writer.finish();
  EXPECT_EQ(send(""), Sender::Outcome::kDone);

  ASSERT_TRUE(got_.starts_with("h"));
  std::string_view rest = std::string_view(got_).substr(1);
  std::string decoded;
  while (true) {
    const size_t end = rest.find("\r\n");
    ASSERT_NE(end, std::string_view::npos);
    const size_t size = std::stoul(std::string(rest.substr(0, end)), nullptr, 16);
    rest.remove_prefix(end + 2);
    decoded += rest.substr(0, size);
    rest.remove_prefix(size);
    ASSERT_TRUE(rest.starts_with("\r\n"));
    rest.remove_prefix(2);
    if (size == 0) break;
  }
  EXPECT_EQ(decoded, body);
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(sender_.body_bytes(), body.size());
}

TEST_F(SenderTest, AFlightThatFailsNeverEndsCleanly) {
  Flown flown = private_flight({&owner_, 1});
  flown.writer.pass(std::make_shared<Entry>(), false);
  flown.reader.look();
  sender_.send_flight(flown.reader, 0, Sender::kOpen, true, true);
  flown.writer.append(bytes_of("abc"));
  flown.writer.fail({Failure::kCut});
  EXPECT_EQ(send("h"), Sender::Outcome::kCut);
  EXPECT_EQ(got_, "h3\r\nabc\r\n");
}

TEST_F(SenderTest, AFileIsSentFromWhereItLies) {
  const std::string text = numbers(200'000);
  const int file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
  ASSERT_GE(file, 0);
  ASSERT_EQ(write(file, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  sender_.send_file(file, 100, 199'000);
  EXPECT_EQ(send("h"), Sender::Outcome::kDone);
  EXPECT_EQ(got_, "h" + text.substr(100, 198'900));
}

TEST_F(SenderTest, AFileThatShrinksIsCut) {
  const int file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
  ASSERT_GE(file, 0);
  ASSERT_EQ(write(file, "abc", 3), 3);
  sender_.send_file(file, 0, 1'000);
  const Sender::Outcome outcome = send("h");
  EXPECT_TRUE(outcome == Sender::Outcome::kCut || outcome == Sender::Outcome::kGone);
  EXPECT_EQ(got_, "habc");
}

}  // namespace
}  // namespace levee
