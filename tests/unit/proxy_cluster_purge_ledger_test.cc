// What a node knows of purges: told once, delivered again after a loss, bounded.
#include <gtest/gtest.h>

#include "proxy/cluster/purge_ledger.h"

namespace levee {
namespace {

struct PurgeLedgerTest : ::testing::Test {
  PurgeLedger::Told tell() {
    return [this](bool delivered) { told += delivered ? '+' : '-'; };
  }
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
  ledger.delivered(lines[0].id, false);
  EXPECT_EQ(told, "-");
  EXPECT_EQ(ledger.waiting(), 1U);
  lines = ledger.take(10);
  ASSERT_EQ(lines.size(), 1U);
  ledger.delivered(lines[0].id, true);
  EXPECT_EQ(told, "-");
  EXPECT_EQ(ledger.waiting(), 0U);
}

TEST_F(PurgeLedgerTest, OneThatIsReadBackIsDeliveredThoughItsAnswerWasLost) {
  ledger.issue("a", 0, tell());
  const auto line = ledger.take(1).at(0);
  ledger.delivered(line.id, false);
  ledger.heard(line, 1);
  EXPECT_EQ(ledger.waiting(), 0U);
}

TEST_F(PurgeLedgerTest, AfterALossOfTheStreamAllIsSaidAgainButWhatIsFound) {
  ledger.issue("mine", 0, tell());
  const auto mine = ledger.take(1).at(0);
  ledger.delivered(mine.id, true);
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
  ledger.delivered(line.id, true);
  EXPECT_TRUE(ledger.issue("a", 0, tell())) << "what is delivered gives way";
  EXPECT_FALSE(ledger.knows(line.id));
}

}  // namespace
}  // namespace levee
