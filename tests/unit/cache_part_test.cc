// Partial responses in the store: who is answered with them, and what replaces them (RFC 9111 sections 3.3 and 3.4).
#include "cache/store.h"
#include "tests/unit/cache_fixture.h"

namespace levee {
namespace {

// A request that takes a part or does not.
class Wanting final : public VarySource {
 public:
  explicit Wanting(bool takes) : takes_(takes) {}
  void vary_values(std::string_view, std::string& out) const override { out += "v"; }
  bool takes(const Entry&) const override { return takes_; }

 private:
  bool takes_;
};

std::shared_ptr<Entry> a_part(uint64_t first, uint64_t size, uint64_t total, std::string etag = "\"a\"") {
  auto entry = an_entry();
  entry->status = 206;
  entry->part = Part{first, total, 0, 0};
  entry->content_length = size;
  entry->etag = std::move(etag);
  return entry;
}

struct PartTest : ::testing::Test {
  Found ask(bool takes, int64_t now = 1) {
    const Wanting vary(takes);
    return store.find(Ask{KeyView("/a"), vary, {&waker, 1}, {}, now});
  }
  Lead lead(bool takes = false) {
    Found found = ask(takes);
    EXPECT_TRUE(std::holds_alternative<Lead>(found)) << found.index();
    return std::move(std::get<Lead>(found));
  }
  void fetch(std::shared_ptr<Entry> entry, const std::string& text) {
    Lead led = lead();
    led.writer.open(std::move(entry));
    led.writer.append(bytes_of(text));
    led.writer.finish();
  }
  Store store{"test", 8 << 20};
  RecordingWaker waker;
};

TEST_F(PartTest, OnlyWhoTakesItIsAnsweredWithIt) {
  fetch(a_part(2, 3, 10), "cde");
  Found found = ask(true);
  ASSERT_TRUE(std::holds_alternative<Hit>(found));
  EXPECT_EQ(text_of(*std::get<Hit>(found).entry->body), "cde");
  EXPECT_TRUE(std::holds_alternative<Lead>(ask(false)));
}

TEST_F(PartTest, OnItsWayItIsFollowedOnlyByWhoTakesIt) {
  Lead led = lead();
  led.writer.open(a_part(2, 3, 10));
  EXPECT_TRUE(std::holds_alternative<Follow>(ask(true)));
  EXPECT_TRUE(std::holds_alternative<Lead>(ask(false)));
}

TEST_F(PartTest, TheWholeReplacesItAndItDoesNotReplaceTheWhole) {
  fetch(a_part(2, 3, 10), "cde");
  fetch(an_entry(), "abcdefghij");
  EXPECT_EQ(store.stats().entries, 1U);
  Found found = ask(false);
  ASSERT_TRUE(std::holds_alternative<Hit>(found));
  EXPECT_EQ(text_of(*std::get<Hit>(found).entry->body), "abcdefghij");
}

TEST_F(PartTest, ACutResponseIsKeptAsWhatItIs) {
  Lead led = lead();
  auto whole = an_entry();
  whole->content_length = 10;
  whole->etag = "\"a\"";
  led.writer.open(whole);
  led.writer.append(bytes_of("abcd"));
  auto part = whole->with_body(nullptr);
  part->status = 206;
  part->part = Part{0, 10, 0, 0};
  part->content_length = 4;
  led.writer.fail({Failure::kCut}, part);
  Reader::Bytes last;
  EXPECT_EQ(read_from(led.reader, 0, &last), "abcd");
  EXPECT_TRUE(last.failed) << "its readers are cut off";
  EXPECT_FALSE(last.ended);
  Lead next = lead();
  ASSERT_TRUE(next.begun) << "to be completed";
  EXPECT_EQ(text_of(*next.begun->body), "abcd");
}

TEST_F(PartTest, OnlyABeginningWithAStrongValidatorIsCompleted) {
  fetch(a_part(2, 3, 10), "cde");
  EXPECT_FALSE(lead().begun);
  store.purge(KeyView("/a"), false, 1);
  fetch(a_part(0, 3, 10, "W/\"a\""), "abc");
  EXPECT_FALSE(lead().begun);
}

TEST_F(PartTest, WhatWasForgottenOnItsWayIsNotKept) {
  Lead led = lead();
  led.writer.open(an_entry());
  led.writer.append(bytes_of("abcd"));
  store.purge(KeyView("/a"), false, 1);
  led.writer.fail({Failure::kCut}, a_part(0, 4, 10));
  EXPECT_EQ(store.stats().entries, 0U);
}

TEST_F(PartTest, NothingIsKeptOfAResponseForOneClientAlone) {
  Lead led = lead();
  led.writer.pass(an_entry(), 0);
  led.writer.append(bytes_of("abcd"));
  led.writer.fail({Failure::kCut}, a_part(0, 4, 10));
  EXPECT_EQ(store.stats().entries, 0U);
}

TEST_F(PartTest, PurgingForgetsIt) {
  fetch(a_part(2, 3, 10), "cde");
  store.purge(KeyView("/a"), false, 1);
  EXPECT_TRUE(std::holds_alternative<Lead>(ask(true)));
}

}  // namespace
}  // namespace levee
