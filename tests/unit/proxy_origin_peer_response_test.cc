// What of a peer's answer is taken: never a slice of something else than what was begun.
#include <gtest/gtest.h>

#include "proxy/origin/fetch_pop.h"

namespace levee {
namespace {

const std::string kFields = "Cache-Control: max-age=60\r\nETag: \"a\"\r\n";

class PeerResponseTest : public testing::Test {
 protected:
  PeerResponseTest() {
    order.location = &location;
    order.method = "GET";
    order.key = "/a";
    order.slice = SliceOrder{0, 100, nullptr};
  }
  std::shared_ptr<Entry> take(const std::string& text, uint64_t slice = 100, uint64_t series = 7) {
    PeerEntry said;
    said.lifetime.fresh_for = 60'000;
    said.slice = slice;
    said.series = series;
    const std::string whole = text + "\r\n";
    ResponseHead head;
    EXPECT_EQ(head.parse(whole, {}, Method::kGet), Parse::kDone) << text;
    said.waited = waited;
    return entry_from_peer(order, head, said, asked, now);
  }
  static std::string part(const std::string& range, const std::string& fields = kFields) {
    return "HTTP/1.1 206 P\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes " + range + "\r\n" + fields;
  }
  Location location;
  Order order;
  int64_t asked = 0, now = 0, waited = 0;  // ms
};

TEST_F(PeerResponseTest, WhatItTookOnTheWayIsAgeAndWhatThePeerLetItWaitIsNot) {
  asked = 1000;
  now = 4000;
  waited = 2000;
  EXPECT_EQ(take(part("0-99/250"))->lifetime.initial_age, 1000);
  waited = 9000;
  EXPECT_EQ(take(part("0-99/250"))->lifetime.initial_age, 0);
}

TEST_F(PeerResponseTest, ASliceOfTheSizeThatWasAskedForIsTaken) {
  const auto slice = take(part("100-199/250"));
  ASSERT_NE(slice, nullptr);
  EXPECT_EQ(slice->part->first, 100U);
  EXPECT_EQ(slice->part->total, 250U);
  EXPECT_EQ(slice->part->slice, 100U);
  EXPECT_EQ(slice->part->series, 7U);
  EXPECT_EQ(slice->content_length, 100U);
  EXPECT_FALSE(slice->fields.find("Content-Range"));
  EXPECT_NE(take(part("200-249/250")), nullptr) << "the last one is shorter";
  EXPECT_NE(take("HTTP/1.1 200 OK\r\n" + kFields, 0, 0), nullptr) << "the origin has no ranges";
}

TEST_F(PeerResponseTest, WhatIsNoSliceIsNotTakenForOne) {
  for (const std::string& odd : {part("0-98/250"), part("0-100/250"), part("1-100/250"), part("0-99/*"),
                                 part("0-99/50"), part("0-99/250", "Cache-Control: max-age=60\r\nETag: W/\"a\"\r\n")}) {
    EXPECT_EQ(take(odd), nullptr) << odd;
  }
  EXPECT_EQ(take(part("0-99/250"), 50), nullptr) << "of another size";
  EXPECT_EQ(take(part("0-99/250"), 0, 0), nullptr) << "it does not say of which slices it is";
  order.slice.reset();
  EXPECT_EQ(take(part("0-99/250")), nullptr) << "the whole was asked for";
}

TEST_F(PeerResponseTest, OfSlicesThatWereBegunOnlyTheOneThatFitsIsTaken) {
  const std::shared_ptr<const Entry> begun = take(part("0-99/250"));
  order.slice = SliceOrder{100, 100, begun};
  EXPECT_NE(take(part("100-199/250")), nullptr);
  EXPECT_NE(take("HTTP/1.1 404 No\r\n", 0, 0), nullptr) << "an error is one";
  EXPECT_EQ(take(part("100-199/250"), 100, 8), nullptr) << "of others";
  EXPECT_EQ(take(part("0-99/250")), nullptr) << "another one";
  EXPECT_EQ(take(part("100-199/251")), nullptr) << "of another length";
  EXPECT_EQ(take(part("100-199/250", "ETag: \"b\"\r\n")), nullptr) << "of another version";
  EXPECT_EQ(take(part("100-199/250", kFields + "Content-Encoding: gzip\r\n")), nullptr) << "of another coding";
  EXPECT_EQ(take("HTTP/1.1 200 OK\r\n" + kFields, 0, 0), nullptr) << "the whole";
  EXPECT_EQ(take("HTTP/1.1 416 No\r\n", 0, 0), nullptr);
}

}  // namespace
}  // namespace levee
