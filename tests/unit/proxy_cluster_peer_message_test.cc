#include <gtest/gtest.h>

#include "proxy/cluster/peer_message.h"

namespace levee {
namespace {

TEST(PeerMessage, AnEntrysLifetimeArrivesAsItWas) {
  PeerEntry entry;
  entry.lifetime.fresh_for = 60'000;
  entry.lifetime.initial_age = 1'234;
  entry.lifetime.stale_while_revalidate = 10;
  entry.lifetime.stale_if_error = 20;
  entry.lifetime.must_revalidate = entry.lifetime.heuristic = true;
  entry.waited = 321;
  entry.keep = false;
  const auto read = parse_answer(format_answer(entry));
  ASSERT_TRUE(read && std::holds_alternative<PeerEntry>(*read));
  EXPECT_EQ(std::get<PeerEntry>(*read).lifetime, entry.lifetime);
  EXPECT_EQ(std::get<PeerEntry>(*read).waited, 321);
  EXPECT_FALSE(std::get<PeerEntry>(*read).keep);
}

TEST(PeerMessage, ASliceSaysWhichSlicesItBelongsTo) {
  PeerEntry entry;
  entry.slice = 1'000;
  entry.series = INT64_MAX;
  const auto read = parse_answer(format_answer(entry));
  ASSERT_TRUE(read && std::holds_alternative<PeerEntry>(*read));
  EXPECT_EQ(std::get<PeerEntry>(*read).slice, 1'000U);
  EXPECT_EQ(std::get<PeerEntry>(*read).series, static_cast<uint64_t>(INT64_MAX));
  PeerQuestion question;
  EXPECT_EQ(format_question(question).find("Levee-Slice"), std::string::npos);
  question.slice = 1'000;
  EXPECT_NE(format_question(question).find("\r\nLevee-Slice: 1000\r\n"), std::string::npos);
}

TEST(PeerMessage, OtherAnswersArriveAsTheyWere) {
  const auto uncacheable = parse_answer(format_answer(PeerUncacheable{10'000}));
  ASSERT_TRUE(uncacheable && std::holds_alternative<PeerUncacheable>(*uncacheable));
  EXPECT_EQ(std::get<PeerUncacheable>(*uncacheable).remember, 10'000);
  const auto fault = parse_answer(format_answer(Fault{Failure::kTimeout, 504, 1500}));
  ASSERT_TRUE(fault && std::holds_alternative<Fault>(*fault));
  EXPECT_EQ(std::get<Fault>(*fault).why, Failure::kTimeout);
  EXPECT_EQ(std::get<Fault>(*fault).retry_after, 1500);
  const auto absent = parse_answer(format_answer(PeerAbsent{}));
  EXPECT_TRUE(absent && std::holds_alternative<PeerAbsent>(*absent));
}

TEST(PeerMessage, WhatNoPeerSaysIsRefused) {
  for (const char* text : {"",
                           "entry",
                           "entry 1 2 3",
                           "entry 1 2 3 4 5",
                           "entry -1 0 0 0 0 -",
                           "entry 1 2 3 4 -",
                           "entry 1 2 3 4 5 -k more",
                           "entry 1 2 3 4 5 -k 1000",
                           "entry 1 2 3 4 5 -k 1000 0",
                           "entry 1 2 3 4 5 -k 0 1",
                           "entry 1 2 3 4 5 -k 1000 1 more",
                           "entry 1 2 3 4 x -",
                           "entry 99999999999999999999 0 0 0 0 -",
                           "fault 99 502 0",
                           "fault 1 200 0",
                           "fault 1 502",
                           "uncacheable",
                           "uncacheable x",
                           "absent now",
                           "ENTRY 1 2 3 4 5 -"}) {
    EXPECT_FALSE(parse_answer(text)) << text;
  }
}

TEST(PeerMessage, AnyKeyGoesThroughAField) {
  std::string key;
  for (int c = 0; c < 256; ++c) key += static_cast<char>(c);
  const std::string text = escape_key(key);
  EXPECT_EQ(text.find_first_of(std::string_view("\r\n\0 ", 4)), std::string::npos);
  EXPECT_EQ(unescape_key(text), key);
  for (const char* bad : {"%", "%4", "%zz", "a%0"}) EXPECT_FALSE(unescape_key(bad)) << bad;
}

TEST(PeerMessage, AQuestionHasTheViewersFieldsButNotThoseOfItsOwn) {
  const std::string head = format_question({"s3cret", "zone", "/a b", "10.0.0.1:80",
                                            "Accept-Encoding: gzip\r\nRange: bytes=0-1\r\nLevee-Secret: guess\r\n"
                                            "If-None-Match: \"x\"\r\nConnection: close\r\nHost: example.net\r\n",
                                            7, "\"tag\""});
  EXPECT_EQ(head,
            "GET /levee-peer HTTP/1.1\r\nHost: 10.0.0.1:80\r\nLevee-Secret: s3cret\r\nLevee-Zone: zone\r\n"
            "Levee-Key: /a%20b\r\nAccept-Encoding: gzip\r\nRange: bytes=7-\r\nIf-Range: \"tag\"\r\n\r\n");
}

}  // namespace
}  // namespace levee
