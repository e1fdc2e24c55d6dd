// What a node knows of purges: told once, delivered again after a loss, bounded.
#include <gtest/gtest.h>

#include "proxy/cluster/purge_ledger.h"

namespace levee {
namespace {

struct PurgeLedgerTest : ::testing::Test {
  PurgeLedger::Told tell() {
    return [this](bool delivered) { told += delivered ? '+' : '-'; };
  }
  static PurgeMark at(uint64_t ms, const std::string& epoch = "now") { return {epoch, ms, 0}; }
  PurgeLedger ledger;
  std::string told;
};

TEST_F(PurgeLedgerTest, AnOrderThatFailsIsToldOnceAndTriedAgain) {
  int wakes = 0;
  ledger.on_issue([&] { ++wakes; });
  ASSERT_TRUE(ledger.issue("a", 0, tell()));
  EXPECT_EQ(wakes, 1);
  auto lines = ledger.take(10);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(ledger.take(10).empty()) << "it is on its way";
  ledger.delivered(lines[0].id, std::nullopt);
  EXPECT_EQ(told, "-");
  EXPECT_EQ(ledger.waiting(), 1U);
  lines = ledger.take(10);
  ASSERT_EQ(lines.size(), 1U);
  ledger.delivered(lines[0].id, at(1));
  EXPECT_EQ(told, "-");
  EXPECT_EQ(ledger.waiting(), 0U);
}

TEST_F(PurgeLedgerTest, WhatWasOnItsWayIsForTheNextBus) {
  ledger.issue("a", 0, nullptr);
  ASSERT_EQ(ledger.take(10).size(), 1U);
  EXPECT_TRUE(ledger.take(10).empty());
  ledger.reached(PurgeMark::of("1.1", "5-0"), {});
  ledger.bus_begins();
  EXPECT_EQ(ledger.take(10).size(), 1U);
  EXPECT_EQ(ledger.epoch(), "1.1");
  EXPECT_FALSE(ledger.has_reached(PurgeMark::of("1.1", "5-0"))) << "the next has read nothing yet";
}

TEST_F(PurgeLedgerTest, SaysWhatItHasLearntSinceATime) {
  ledger.issue("mine", 10, tell());
  ledger.heard({"other-1", "theirs"}, 20);
  EXPECT_EQ(ledger.orders_since(21).size(), 0U);
  EXPECT_EQ(ledger.orders_since(20), std::vector<std::string>{"theirs"});
  EXPECT_EQ(ledger.orders_since(10), (std::vector<std::string>{"theirs", "mine"}));
}

TEST_F(PurgeLedgerTest, OneThatIsReadBackIsDeliveredThoughItsAnswerWasLost) {
  ledger.issue("a", 0, tell());
  const auto line = ledger.take(1).at(0);
  ledger.delivered(line.id, std::nullopt);
  ledger.heard(line, 1);
  EXPECT_EQ(ledger.waiting(), 0U);
}

TEST_F(PurgeLedgerTest, AfterALossOfTheStreamAllIsSaidAgainButWhatIsFound) {
  ledger.issue("mine", 0, tell());
  const auto mine = ledger.take(1).at(0);
  ledger.delivered(mine.id, at(1));
  ledger.heard({"other-1", "theirs"}, 1);
  EXPECT_TRUE(ledger.knows("other-1"));
  ledger.stream_is_new();
  EXPECT_EQ(ledger.waiting(), 2U);
  ledger.heard({"other-1", "theirs"}, 2);
  const auto again = ledger.take(10);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].id, mine.id);
}

TEST_F(PurgeLedgerTest, OldLinesGoAndUndeliveredOnesStay) {
  ledger.issue("waits", 0, tell());
  ledger.heard({"old", "x"}, 1);
  ledger.heard({"new", "x"}, PurgeLedger::kKeep + 100);
  EXPECT_EQ(ledger.waiting(), 1U);
  ledger.heard(ledger.take(1).at(0), 2);
  ledger.heard({"newer", "x"}, PurgeLedger::kKeep + 101);
  EXPECT_FALSE(ledger.knows("old"));
  EXPECT_TRUE(ledger.knows("new"));
}

TEST_F(PurgeLedgerTest, ItIsBoundedAndRefusesWhatCannotWait) {
  for (size_t i = 0; i < PurgeLedger::kMost; ++i) ASSERT_TRUE(ledger.issue("a", 0, tell()));
  EXPECT_FALSE(ledger.issue("one too many", 0, tell()));
  const auto line = ledger.take(1).at(0);
  ledger.delivered(line.id, at(1));
  EXPECT_TRUE(ledger.issue("a", 0, tell())) << "what is delivered gives way";
  EXPECT_FALSE(ledger.knows(line.id));
}

TEST_F(PurgeLedgerTest, APeerMustHaveCarriedOutWhatWasPurgedHere) {
  EXPECT_EQ(ledger.mark().value().text(), "") << "nothing is known yet: any peer will do";
  ledger.reached(at(5), {});
  EXPECT_EQ(ledger.mark().value().text(), "") << "nothing was purged in this stream";
  ledger.reached(at(6), at(5));
  EXPECT_EQ(ledger.mark().value().text(), "now 5-0");
  ledger.issue("a", 0, tell());
  EXPECT_FALSE(ledger.mark()) << "no peer can know of it";
  ledger.delivered(ledger.take(1).at(0).id, at(7));
  EXPECT_EQ(ledger.mark().value().text(), "now 7-0");
  EXPECT_FALSE(ledger.has_reached(*ledger.mark())) << "there may be others before it";
  ledger.reached(at(9), at(8));
  EXPECT_EQ(ledger.mark().value().text(), "now 8-0");
}

TEST_F(PurgeLedgerTest, AsAPeerItAnswersForWhatItHasReached) {
  EXPECT_TRUE(ledger.has_reached({}));
  EXPECT_FALSE(ledger.has_reached(at(1)));
  ledger.reached({"now", 5, 2}, {});
  EXPECT_TRUE(ledger.has_reached({"now", 5, 2}) && ledger.has_reached({"now", 4, 9}));
  EXPECT_FALSE(ledger.has_reached({"now", 5, 3}) || ledger.has_reached({"now", 6, 0}));
  EXPECT_FALSE(ledger.has_reached(at(1, "before"))) << "of another stream";
}

TEST(PurgeMark, IsReadAsItIsWritten) {
  const PurgeMark mark = PurgeMark::parse(PurgeMark{"17.5", 1764023456789, 3}.text());
  EXPECT_EQ(mark.epoch, "17.5");
  EXPECT_EQ(mark.ms, 1764023456789U);
  EXPECT_EQ(mark.number, 3U);
  for (const char* text : {"", "now", "now ", "now 5", "now 5-", "now -5", "now 5-5x", "now x-5"})
    EXPECT_EQ(PurgeMark::parse(text).epoch, "") << text;
}

}  // namespace
}  // namespace levee
