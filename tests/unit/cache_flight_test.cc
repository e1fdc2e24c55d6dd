// Flights: who is woken when, what readers see as a flight goes through its states.
#include "cache/flight.h"
#include "tests/unit/cache_fixture.h"

namespace levee {
namespace {

struct FlightTest : ::testing::Test {
  // Takes off for the key, as the first who asks.
  Lead lead(int64_t now = 0) {
    Found found = ask(1, now);
    EXPECT_TRUE(std::holds_alternative<Lead>(found));
    return std::move(std::get<Lead>(found));
  }
  Reader follow(uint64_t token) {
    Found found = ask(token, 0);
    EXPECT_TRUE(std::holds_alternative<Follow>(found));
    return std::move(std::get<Follow>(found).reader);
  }
  Found ask(uint64_t token, int64_t now) { return store.find(Ask{KeyView("/key"), any, {&waker, token}, rules, now}); }

  Store store{"test", 64 << 20};
  OneField any;
  Rules rules;
  RecordingWaker waker;
};
using Tokens = std::vector<uint64_t>;

TEST_F(FlightTest, TheWriterHearsWhenSomebodyWaitsForWhatNobodyWaitedFor) {
  Lead flight = lead();
  RecordingWaker writers;
  flight.writer.notify(writers, 7);
  flight.reader.look();
  EXPECT_EQ(writers.take(), Tokens{});
  { const Reader leaves = std::move(flight.reader); }
  EXPECT_EQ(writers.take(), Tokens{});
  Reader late = follow(2);
  late.look();
  EXPECT_EQ(writers.take(), Tokens{7});
  EXPECT_EQ(flight.writer.readers(), 1U);
}

TEST_F(FlightTest, AReaderIsWokenOnceUntilItReadsAgain) {
  Lead flight = lead();
  EXPECT_EQ(flight.reader.look().state, FlightState::kOpening);
  flight.writer.open(an_entry());
  EXPECT_EQ(waker.take(), Tokens{1});
  flight.writer.append(bytes_of("one"));
  flight.writer.append(bytes_of("two"));
  EXPECT_EQ(waker.take(), Tokens{}) << "it has not run dry since";
  EXPECT_EQ(read_from(flight.reader, 0), "onetwo");
  EXPECT_EQ(read_from(flight.reader, 6), "");
  EXPECT_EQ(read_from(flight.reader, 6), "") << "registers once, however often it asks";
  flight.writer.append(bytes_of("three"));
  EXPECT_EQ(waker.take(), Tokens{1});
  flight.writer.append(bytes_of("four"));
  EXPECT_EQ(waker.take(), Tokens{});
}

TEST_F(FlightTest, AllReadersOfAWorkerAreWokenByOneCall) {
  Lead flight = lead();
  std::vector<Reader> crowd;
  for (uint64_t token = 2; token <= 100; ++token) crowd.push_back(follow(token));
  for (Reader& reader : crowd) reader.look();
  flight.reader.look();
  flight.writer.open(an_entry());
  EXPECT_EQ(waker.calls(), 1u);
  EXPECT_EQ(waker.take().size(), 100u);
}

TEST_F(FlightTest, AReaderThatLeftIsNotWoken) {
  Lead flight = lead();
  {
    Reader gone = follow(2);
    gone.look();
  }
  Reader stays = follow(3);
  stays.look();
  EXPECT_EQ(flight.writer.readers(), 2u);
  flight.writer.open(an_entry());
  EXPECT_EQ(waker.take(), Tokens{3});
}

TEST_F(FlightTest, EveryoneReadsItAllWheneverTheyJoined) {
  Lead flight = lead();
  Reader early = follow(2);
  flight.writer.open(an_entry());
  flight.writer.append(bytes_of("first "));
  Reader late = follow(3);
  flight.writer.append(bytes_of("second"));
  flight.writer.finish();
  Reader::Bytes bytes;
  EXPECT_EQ(read_from(early, 0, &bytes), "first second");
  EXPECT_TRUE(bytes.ended);
  EXPECT_EQ(read_from(late, 6, &bytes), "second");
  EXPECT_TRUE(bytes.ended && !bytes.failed);
  EXPECT_EQ(late.look().state, FlightState::kLanded);
  EXPECT_EQ(late.look().entry->content_length, 12u);
  Found hit = ask(4, 1);
  ASSERT_TRUE(std::holds_alternative<Hit>(hit));
  EXPECT_EQ(text_of(*std::get<Hit>(hit).entry->body), "first second");
}

TEST_F(FlightTest, ALandedFlightGoesOnWithoutItsReadersAndIsStored) {
  std::optional<Lead> flight(lead());
  Writer writer = std::move(flight->writer);
  flight.reset();
  writer.open(an_entry());
  EXPECT_FALSE(writer.unwanted());
  EXPECT_GT(writer.room(), 1u << 30);
  writer.append(bytes_of("alone"));
  writer.finish();
  EXPECT_TRUE(std::holds_alternative<Hit>(ask(2, 1)));
}

TEST_F(FlightTest, AFailureBeforeTheHeadReachesAllWhoWaited) {
  Lead flight = lead();
  Reader other = follow(2);
  other.look();
  flight.writer.fail({Failure::kTimeout, 504, 0});
  EXPECT_EQ(waker.take(), Tokens{2});
  EXPECT_EQ(other.look().state, FlightState::kFailed);
  EXPECT_EQ(other.look().fault.why, Failure::kTimeout);
  EXPECT_TRUE(std::holds_alternative<Lead>(ask(3, 0))) << "the key is free again";
}

TEST_F(FlightTest, ADroppedWriterFailsItsFlight) {
  std::optional<Lead> flight(lead());
  Reader other = follow(2);
  other.look();
  flight.reset();
  EXPECT_EQ(waker.take(), Tokens{2});
  EXPECT_EQ(other.look().fault.why, Failure::kAbandoned);
}

TEST_F(FlightTest, ACutFlightNeverEndsAndIsNotStored) {
  Lead flight = lead();
  flight.writer.open(an_entry());
  flight.writer.append(bytes_of("half"));
  flight.writer.fail({Failure::kCut, 502, 0});
  Reader::Bytes bytes;
  EXPECT_EQ(read_from(flight.reader, 0, &bytes), "half");
  EXPECT_FALSE(bytes.ended);
  read_from(flight.reader, 4, &bytes);
  EXPECT_TRUE(bytes.failed && !bytes.ended);
  EXPECT_TRUE(std::holds_alternative<Lead>(ask(3, 0)));
}

TEST_F(FlightTest, APassedFlightIsItsLeadersAloneAndTheKeyIsRemembered) {
  Lead flight = lead(1000);
  Reader other = follow(2);
  other.look();
  flight.writer.pass(an_entry(1000), 5000);
  EXPECT_EQ(waker.take(), Tokens{2});
  EXPECT_EQ(other.look().state, FlightState::kPassed);
  EXPECT_EQ(other.look().entry, nullptr);
  flight.writer.append(bytes_of("secret"));
  Reader::Bytes bytes;
  EXPECT_EQ(read_from(other, 0, &bytes), "");
  EXPECT_TRUE(bytes.failed);
  EXPECT_EQ(read_from(flight.reader, 0), "secret");
  flight.writer.finish();
  read_from(flight.reader, 6, &bytes);
  EXPECT_TRUE(bytes.ended);
  EXPECT_EQ(std::get<Pass>(ask(3, 5999)).why, Pass::Why::kUncacheable);
  EXPECT_TRUE(std::holds_alternative<Lead>(ask(3, 6000)));
}

TEST_F(FlightTest, APassedWriterWaitsForItsReader) {
  RecordingWaker writers;
  Flown flown = private_flight({&waker, 1}, 100'000);
  flown.writer.notify(writers, 7);
  auto entry = an_entry();
  entry->content_length = 10'000'000;
  flown.writer.pass(entry, 0);
  uint64_t written = 0;
  while (const uint64_t room = flown.writer.room()) {
    const size_t count = std::min<size_t>(static_cast<size_t>(room), flown.writer.reserve().size());
    flown.writer.commit(count);
    written += count;
  }
  EXPECT_EQ(written, 100'000u);
  EXPECT_EQ(flown.reader.look().state, FlightState::kPassed);
  flown.reader.sent(1000);
  EXPECT_EQ(writers.take(), Tokens{}) << "not worth it yet";
  flown.reader.sent(60'000);
  EXPECT_EQ(writers.take(), Tokens{7});
  EXPECT_EQ(flown.writer.room(), 60'000u);
}

TEST_F(FlightTest, ReadingOnIsEnoughToMakeRoom) {
  RecordingWaker writers;
  Flown flown = private_flight({&waker, 1}, 100'000);
  flown.writer.notify(writers, 7);
  flown.writer.open(an_entry());
  flown.writer.append(bytes_of(std::string(100'000, 'x')));
  EXPECT_EQ(flown.writer.room(), 0u);
  EXPECT_EQ(read_from(flown.reader, 0).size(), 100'000u);
  EXPECT_EQ(writers.take(), Tokens{});
  EXPECT_EQ(read_from(flown.reader, 100'000), "");
  EXPECT_EQ(writers.take(), Tokens{7});
}

TEST_F(FlightTest, WhatIsDeclaredTooLargeToStorePasses) {
  Lead flight = lead();
  Reader other = follow(2);
  auto entry = an_entry();
  entry->content_length = 33 << 20;
  flight.writer.open(entry);
  EXPECT_EQ(other.look().state, FlightState::kPassed);
  EXPECT_EQ(flight.reader.look().state, FlightState::kPassed);
  EXPECT_TRUE(std::holds_alternative<Pass>(ask(3, 1)));
}

TEST_F(FlightTest, WhatTurnsOutTooLargeGoesOnAtItsReadersSpeedInBoundedMemory) {
  RecordingWaker writers;
  Lead flight = lead();
  Reader other = follow(2);
  flight.writer.notify(writers, 7);
  flight.writer.open(an_entry());
  const std::string part(100'000, 'x');
  uint64_t written = 0;
  for (; flight.writer.room() > 0 && written < 64U << 20; written += part.size()) flight.writer.append(bytes_of(part));
  EXPECT_GE(written, 32U << 20);
  EXPECT_LE(written, 33U << 20);
  EXPECT_TRUE(std::holds_alternative<Pass>(ask(3, 1))) << "too late to join";
  uint64_t mine = 0, theirs = 0;
  for (int round = 0; round < 1000; ++round) {
    mine += read_from(flight.reader, mine).size();
    theirs += read_from(other, theirs).size();
    if (flight.writer.room() == 0) continue;
    flight.writer.append(bytes_of(part));
    written += part.size();
    EXPECT_LE(store.stats().bytes, 40U << 20);
  }
  EXPECT_GE(written, 90U << 20) << "far more than the store holds";
  EXPECT_LE(store.stats().bytes, 8U << 20);
  flight.writer.finish();
  Reader::Bytes bytes;
  while (!bytes.ended && !bytes.failed) theirs += read_from(other, theirs, &bytes).size();
  EXPECT_EQ(theirs, written);
  EXPECT_EQ(store.stats().entries, 0u);
}

TEST_F(FlightTest, AnOutgrownFlightEndsWhenItsLastReaderLeaves) {
  RecordingWaker writers;
  std::optional<Lead> flight(lead());
  Writer writer = std::move(flight->writer);
  writer.notify(writers, 7);
  writer.open(an_entry());
  for (int i = 0; i < 34; ++i) writer.append(bytes_of(std::string(1 << 20, 'x')));
  EXPECT_FALSE(writer.unwanted());
  flight.reset();
  EXPECT_EQ(writers.take(), Tokens{7});
  EXPECT_TRUE(writer.unwanted());
}

TEST_F(FlightTest, APassedWriterLearnsThatItsReaderLeft) {
  RecordingWaker writers;
  std::optional<Flown> flown(private_flight({&waker, 1}));
  Writer writer = std::move(flown->writer);
  writer.notify(writers, 7);
  writer.open(an_entry());
  EXPECT_FALSE(writer.unwanted());
  flown.reset();
  EXPECT_EQ(writers.take(), Tokens{7});
  EXPECT_TRUE(writer.unwanted());
}

TEST_F(FlightTest, PacedCommitsWakeAFewReadersAtMostEveryTenMilliseconds) {
  Lead flight = lead();
  flight.writer.open(an_entry());
  read_from(flight.reader, 0);
  flight.writer.append(bytes_of("a"), 1000);
  EXPECT_EQ(waker.take(), Tokens{1}) << "the first at once";
  EXPECT_EQ(read_from(flight.reader, 0), "a");
  read_from(flight.reader, 1);
  flight.writer.append(bytes_of("b"), 1005);
  EXPECT_EQ(waker.take(), Tokens{});
  EXPECT_EQ(flight.writer.flush_in(1005), 5);
  flight.writer.flush(1010);
  EXPECT_EQ(waker.take(), Tokens{1});
  EXPECT_FALSE(flight.writer.flush_in(1010));
  read_from(flight.reader, 2);
  flight.writer.append(bytes_of(std::string(140'000, 'c')), 1012);
  EXPECT_EQ(waker.take(), Tokens{1}) << "much has come";
  read_from(flight.reader, 140'002);
  flight.writer.append(bytes_of("d"), 1013);
  flight.writer.finish();
  EXPECT_EQ(waker.take(), Tokens{1}) << "the end is never held back";
}

TEST_F(FlightTest, ALargerCrowdIsWokenLessOften) {
  Lead flight = lead();
  flight.writer.open(an_entry());
  std::vector<Reader> crowd;
  const auto held_for = [&](size_t readers, int64_t now) {
    while (flight.writer.readers() < readers) crowd.push_back(follow(2));
    read_from(flight.reader, flight.writer.size());
    flight.writer.append(bytes_of("x"), now);
    EXPECT_FALSE(waker.take().empty()) << "the first is sent at once";
    read_from(flight.reader, flight.writer.size());
    int64_t held = 0;
    for (; waker.take().empty(); ++held) flight.writer.append(bytes_of("z"), now + held);
    return held - 1;
  };
  EXPECT_EQ(held_for(20, 1000), 10);
  EXPECT_EQ(held_for(100, 2000), 50);
  EXPECT_EQ(held_for(500, 3000), 250);
  EXPECT_EQ(held_for(2000, 4000), 250) << "never longer";
}

TEST_F(FlightTest, WhatACrowdIsHeldBackGoesOutWhenNothingMoreComes) {
  Lead flight = lead();
  flight.writer.open(an_entry());
  std::vector<Reader> crowd;
  while (flight.writer.readers() < 500) crowd.push_back(follow(2));
  read_from(flight.reader, 0);
  flight.writer.append(bytes_of("a"), 1000);
  read_from(flight.reader, 1);
  flight.writer.append(bytes_of("b"), 1001);
  EXPECT_EQ(flight.writer.flush_in(1001), 50);
  EXPECT_EQ(flight.writer.flush_in(1240), 10) << "the pause is nearly over";
}

TEST_F(FlightTest, ARenewedResponseHasTheOldBodyUnderNewFields) {
  Lead first = lead();
  first.writer.open(an_entry(0, 1000));
  first.writer.append(bytes_of("body"));
  first.writer.finish();
  Found found = ask(2, 2000);
  ASSERT_TRUE(std::holds_alternative<Lead>(found));
  Lead& second = std::get<Lead>(found);
  ASSERT_TRUE(second.stale);
  auto renewed = second.stale->with_body(second.stale->body);
  renewed->response_time = 2000;
  second.writer.renew(renewed);
  EXPECT_EQ(second.reader.look().state, FlightState::kLanded);
  EXPECT_EQ(read_from(second.reader, 0), "body");
  EXPECT_TRUE(std::holds_alternative<Hit>(ask(3, 2500)));
}

TEST_F(FlightTest, InterimResponsesReachAllWhoWaitAndTheOthersLess) {
  Lead flight = lead();
  Reader early = follow(2);
  EXPECT_EQ(early.look().interim, "");
  flight.reader.look();
  flight.writer.interim("for the leader;", "for all;");
  EXPECT_EQ(waker.take().size(), 2u);
  EXPECT_EQ(flight.reader.look().interim, "for the leader;");
  EXPECT_EQ(early.look().interim, "for all;");
  EXPECT_EQ(early.look().interim, "") << "once";
  flight.writer.interim("again;", "");
  Reader late = follow(3);
  EXPECT_EQ(late.look().interim, "for all;") << "it learns what came before";
  flight.writer.open(an_entry());
  const Reader::Look look = flight.reader.look();
  EXPECT_EQ(look.interim, "again;") << "also with the head behind it";
  EXPECT_EQ(look.state, FlightState::kStreaming);
  EXPECT_EQ(early.look().interim, "");
}

TEST_F(FlightTest, TrailersComeWithTheEnd) {
  Lead flight = lead();
  flight.writer.open(an_entry());
  EXPECT_EQ(flight.reader.trailers(), "");
  flight.writer.finish("X-Sum: 1\r\n");
  EXPECT_EQ(flight.reader.trailers(), "X-Sum: 1\r\n");
}

}  // namespace
}  // namespace levee
