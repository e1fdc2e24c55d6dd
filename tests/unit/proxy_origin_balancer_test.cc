#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "proxy/origin/balancer.h"

namespace levee {
namespace {

class BalancerTest : public testing::Test {
 protected:
  void server(const std::string& name, uint32_t weight = 1) {
    auto peer = std::make_shared<Peer>();
    peer->name = name;
    peer->server.weight = weight;
    peers.push_back(peer);
    balancer.set_peers(upstream, peers);
  }
  void rule(Balance balance) {
    upstream.balance = std::move(balance);
    balancer.set_peers(upstream, peers);
  }
  std::string pick(uint64_t hash = 0, std::vector<const Peer*> tried = {}) {
    const Choice choice = balancer.choose(upstream, hash, tried, now, dice);
    last = choice.vacancy;
    return choice.peer ? choice.peer->name : "";
  }
  std::map<std::string, int> picks(int count) {
    std::map<std::string, int> counts;
    for (int i = 0; i < count; ++i) ++counts[pick(static_cast<uint64_t>(i))];
    return counts;
  }
  void fail(Peer& peer) {
    ++peer.fails;
    peer.checked = peer.last_fail = now;
  }
  Upstream upstream;
  Peers peers;
  Balancer balancer;
  int64_t now = 100'000;
  std::minstd_rand dice{1};
  Vacancy last = Vacancy::kFound;
};

TEST_F(BalancerTest, RoundRobinSpreadsSmoothlyByWeight) {
  server("a", 5);
  server("b");
  server("c");
  std::string order;
  for (int i = 0; i < 7; ++i) order += pick();
  EXPECT_EQ(order, "aabacaa");  // nginx's
}

TEST_F(BalancerTest, LeastConnPrefersTheLessBusyForItsWeight) {
  server("a", 2);
  server("b");
  rule(LeastConn{});
  peers[0]->connections = 3;
  peers[1]->connections = 1;
  EXPECT_EQ(pick(), "b");
  peers[1]->connections = 2;
  EXPECT_EQ(pick(), "a");
  server("c");
  peers[2]->connections = 9;
  EXPECT_EQ(picks(10), (std::map<std::string, int>{{"a", 10}}));
}

TEST_F(BalancerTest, AHashAlwaysFindsTheSameServerAndSpreads) {
  for (const char* name : {"a", "b", "c", "d"}) server(name);
  for (const Balance& balance : {Balance(Hash{{}, false}), Balance(Hash{{}, true}), Balance(IpHash{})}) {
    rule(balance);
    EXPECT_EQ(pick(42), pick(42));
    for (const auto& [name, count] : picks(4000)) EXPECT_NEAR(count, 1000, 250) << name;
  }
}

TEST_F(BalancerTest, ARingOfHugeWeightsIsNoHugeRing) {
  server("a", 2'000'000'000);
  server("b", 500'000'000);
  server("c", 1);
  rule(Hash{{}, true});
  auto counts = picks(4000);
  EXPECT_NEAR(counts["a"], 3200, 250);
  EXPECT_NEAR(counts["b"], 800, 250);
  peers[0]->server.slow_start = Milliseconds(3'600'000'000);
  peers[0]->returned = now;
  now += 1'800'000'000;
  EXPECT_NEAR(static_cast<double>(weight_now(*peers[0], now)), 1e12, 1e6);
}

TEST_F(BalancerTest, AConsistentHashMovesOnlyTheKeysOfTheServerThatWent) {
  for (const char* name : {"a", "b", "c", "d"}) server(name);
  rule(Hash{{}, true});
  std::vector<std::string> before;
  for (uint64_t key = 0; key < 1000; ++key) before.push_back(pick(key));
  peers.pop_back();
  balancer.set_peers(upstream, peers);
  for (uint64_t key = 0; key < 1000; ++key) {
    if (before[key] != "d") {
      EXPECT_EQ(pick(key), before[key]);
    }
  }
}

TEST_F(BalancerTest, WhileAServerIsOutItsKeysHaveOneStandInEachAndTheOthersStay) {
  for (const char* name : {"a", "b", "c", "d"}) server(name);
  for (const Balance& balance : {Balance(Hash{{}, false}), Balance(Hash{{}, true}), Balance(IpHash{})}) {
    rule(balance);
    std::vector<std::string> before;
    for (uint64_t key = 0; key < 1000; ++key) before.push_back(pick(key));
    peers[3]->healthy = false;
    std::map<std::string, int> stand_ins;
    for (uint64_t key = 0; key < 1000; ++key) {
      const std::string now_at = pick(key);
      if (before[key] == "d") {
        EXPECT_EQ(pick(key), now_at);
        ++stand_ins[now_at];
      } else {
        EXPECT_EQ(now_at, before[key]);
      }
    }
    EXPECT_EQ(stand_ins.size(), 3U);
    peers[3]->healthy = true;
    for (uint64_t key = 0; key < 1000; ++key) EXPECT_EQ(pick(key), before[key]);
  }
}

TEST_F(BalancerTest, HashesAndDiceGoByWeight) {
  server("a", 3);
  server("b");
  for (const Balance& balance :
       {Balance(Hash{{}, false}), Balance(Hash{{}, true}), Balance(IpHash{}), Balance(Random{})}) {
    rule(balance);
    EXPECT_NEAR(picks(4000)["a"], 3000, 250);
  }
}

TEST_F(BalancerTest, ABackupMovesNoKeyOfTheOthers) {
  server("a");
  server("b");
  for (const bool consistent : {false, true}) {
    peers.resize(2);
    rule(Hash{{}, consistent});
    std::vector<std::string> before;
    for (uint64_t key = 0; key < 200; ++key) before.push_back(pick(key));
    server("c", 5);
    peers.back()->server.backup = true;
    balancer.set_peers(upstream, peers);
    for (uint64_t key = 0; key < 200; ++key) EXPECT_EQ(pick(key), before[key]);
  }
}

TEST_F(BalancerTest, WhoHasFailedGetsLessAtFirstAndItsShareInTheEnd) {
  server("a", 10);
  server("b", 10);
  peers[0]->penalty = 10'000;
  EXPECT_LE(picks(5)["a"], 1);
  picks(20);
  EXPECT_NEAR(picks(100)["a"], 50, 3);
}

TEST_F(BalancerTest, BackupsTakeWhatTheOthersHaveNoRoomFor) {
  server("a");
  server("b");
  peers[1]->server.backup = true;
  peers[0]->server.max_conns = 1;
  EXPECT_EQ(pick(), "a");
  peers[0]->connections = 1;
  EXPECT_EQ(pick(), "b");
}

TEST_F(BalancerTest, RandomTwoLeastConnAvoidsTheBusiest) {
  for (const char* name : {"a", "b", "c"}) server(name);
  rule(Random{true, true});
  peers[0]->connections = 100;
  const auto counts = picks(300);
  EXPECT_EQ(counts.count("a"), 0U);
  EXPECT_GT(counts.at("b"), 80);
}

TEST_F(BalancerTest, ABackupIsUsedOnlyWhenNoOtherIsUp) {
  server("a");
  server("b");
  peers[1]->server.backup = true;
  EXPECT_EQ(picks(10).at("a"), 10);
  peers[0]->server.down = true;
  EXPECT_EQ(pick(), "b");
  peers[1]->healthy = false;
  EXPECT_EQ(pick(), "");
  EXPECT_EQ(last, Vacancy::kDown);
}

TEST_F(BalancerTest, MaxFailsTakesAServerOutForFailTimeoutAndThenTriesItOnce) {
  server("a");
  server("b");
  fail(*peers[0]);
  EXPECT_EQ(picks(10).at("b"), 10);
  now += 10'001;
  EXPECT_EQ(picks(10).at("a"), 1);
}

TEST_F(BalancerTest, MaxFailsDoesNotTakeTheOnlyServerOut) {
  server("a");
  fail(*peers[0]);
  EXPECT_EQ(pick(), "a");
}

TEST_F(BalancerTest, WhenAllHaveFailedOfLateTheyAreAskedAllTheSame) {
  server("a");
  server("b");
  fail(*peers[0]);
  fail(*peers[1]);
  EXPECT_NE(pick(), "");
  peers[0]->healthy = peers[1]->healthy = false;
  EXPECT_EQ(pick(), "");
  EXPECT_EQ(last, Vacancy::kDown);
}

TEST_F(BalancerTest, MaxConnsMakesAServerBusyNotDown) {
  server("a");
  peers[0]->server.max_conns = 2;
  peers[0]->connections = 2;
  EXPECT_EQ(pick(), "");
  EXPECT_EQ(last, Vacancy::kBusy);
  peers[0]->connections = 1;
  EXPECT_EQ(pick(), "a");
}

TEST_F(BalancerTest, AServerWhoseBreakerIsOpenIsNotChosenAndIsTriedAfterItsPause) {
  server("a");
  server("b");
  const Breaker limits;
  for (uint32_t i = 0; i < limits.failures; ++i) {
    peers[0]->breaker.failed(limits, now, {ServerBreaker::Failure::Kind::kUnreachable, 0, now}, 0.5);
  }
  ASSERT_TRUE(peers[0]->breaker.is_open());
  EXPECT_EQ(picks(10), (std::map<std::string, int>{{"b", 10}}));
  now = peers[0]->breaker.retry_at();
  EXPECT_EQ(picks(2), (std::map<std::string, int>{{"a", 1}, {"b", 1}}));
}

TEST_F(BalancerTest, ATriedServerIsNotChosenAgain) {
  server("a");
  server("b");
  EXPECT_EQ(pick(0, {peers[0].get()}), "b");
  EXPECT_EQ(pick(0, {peers[0].get(), peers[1].get()}), "");
  EXPECT_EQ(last, Vacancy::kTried);
}

TEST_F(BalancerTest, AServerThatReturnsStartsSlowly) {
  server("a", 10);
  server("b", 10);
  peers[0]->server.slow_start = Milliseconds(10'000);
  peers[0]->returned = now;
  now += 1'000;
  EXPECT_NEAR(picks(110)["a"], 10, 3);
  now += 10'000;
  EXPECT_NEAR(picks(100)["a"], 50, 3);
}

class BreakerTest : public testing::Test {
 protected:
  void failures(int count) {
    for (int i = 0; i < count; ++i) fail({Kind::kUnreachable, 0, now, 0});
  }
  bool fail(const ServerBreaker::Failure& failure) { return breaker.failed(limits, now, failure, 0.5); }
  using Kind = ServerBreaker::Failure::Kind;
  Breaker limits{true, 5, 0.5, Milliseconds(10'000), Milliseconds(1'000), Milliseconds(4'000)};
  ServerBreaker breaker;
  int64_t now = 1'000'000;
};

TEST_F(BreakerTest, OpensOnFailuresInARowAndTriesOneRequestAfterAPause) {
  failures(4);
  breaker.succeeded(limits, now);
  failures(4);
  EXPECT_TRUE(breaker.admits(now));
  failures(1);
  EXPECT_FALSE(breaker.admits(now));
  now += 1'000;
  EXPECT_TRUE(breaker.admits(now));
  EXPECT_TRUE(breaker.start(now));
  EXPECT_FALSE(breaker.admits(now));
  breaker.succeeded(limits, now);
  EXPECT_EQ(breaker.state(now), ServerBreaker::State::kClosed);
}

TEST_F(BreakerTest, ATrialIsForWhatNobodyWaitsForAtFirst) {
  EXPECT_FALSE(breaker.is_for_background(now));
  failures(5);
  now += 1'000;
  for (const int64_t pause : {1'000, 2'000, 4'000, 4'000}) {
    EXPECT_TRUE(breaker.admits(now) && breaker.is_for_background(now));
    EXPECT_TRUE(breaker.is_for_background(now + 199));
    EXPECT_FALSE(breaker.is_for_background(now + 200));
    ASSERT_TRUE(breaker.start(now));
    now += pause;
  }
}

TEST_F(BreakerTest, PausesDoubleWithinBoundsWhileTrialsFail) {
  failures(5);
  int64_t before = 1'000;
  for (const int64_t expected : {2'000, 4'000, 4'000}) {
    now += before;
    ASSERT_TRUE(breaker.start(now));
    failures(1);
    EXPECT_EQ(breaker.retry_at() - now, expected);
    before = expected;
  }
}

TEST_F(BreakerTest, PausesAreJittered) {
  for (const auto& [dice, expected] : {std::pair(0.0, 750), {0.5, 1'000}, {1.0, 1'250}}) {
    ServerBreaker each;
    for (int i = 0; i < 5; ++i) each.failed(limits, now, {Kind::kUnreachable, 0, now, 0}, dice);
    EXPECT_EQ(each.retry_at() - now, expected);
  }
}

TEST_F(BreakerTest, ATrialThatSaysNothingLetsTheNextOneTry) {
  failures(5);
  now += 1'000;
  ASSERT_TRUE(breaker.start(now));
  breaker.end_trial(now);
  EXPECT_TRUE(breaker.admits(now));
  EXPECT_EQ(breaker.state(now), ServerBreaker::State::kHalfOpen);
}

TEST_F(BreakerTest, ARequestOfBeforeTheTrialThatSaysNothingLetsNobodyTry) {
  const int64_t before = now;
  failures(5);
  now += 1'000;
  ASSERT_TRUE(breaker.start(now));
  breaker.end_trial(before);
  EXPECT_FALSE(breaker.admits(now));
}

TEST_F(BreakerTest, OpensOnTheRatioOfAWindow) {
  for (int i = 0; i < 30; ++i) {
    breaker.succeeded(limits, now);
    failures(1);
  }
  EXPECT_FALSE(breaker.admits(now));
}

TEST_F(BreakerTest, ARatioOfFewSaysNothing) {
  limits.failures = 0;
  failures(19);
  EXPECT_FALSE(breaker.is_open());
  failures(1);
  EXPECT_TRUE(breaker.is_open());
}

TEST_F(BreakerTest, OnlyTheWindowCounts) {
  limits.failures = 0;
  failures(10);
  now += 5'000;
  failures(9);
  now += 5'000;
  failures(10);
  EXPECT_FALSE(breaker.is_open()) << "the first ten are too old";
  now += 10'000;
  failures(19);
  EXPECT_FALSE(breaker.is_open()) << "so are these";
  failures(1);
  EXPECT_TRUE(breaker.is_open());
}

TEST_F(BreakerTest, AnAnswerToARequestOfBeforeItOpenedDoesNotCloseIt) {
  failures(5);
  breaker.succeeded(limits, now);
  EXPECT_EQ(breaker.state(now), ServerBreaker::State::kOpen);
}

TEST_F(BreakerTest, OneResourceThatAlwaysFailsDoesNotCondemnItsServer) {
  for (int i = 0; i < 100; ++i) {
    fail({Kind::kBad, 1, 0, 0});
    for (int good = 0; good < 2; ++good) breaker.succeeded(limits, now);
  }
  for (int i = 0; i < 10; ++i) fail({Kind::kBad, 1, 0, 0});
  EXPECT_TRUE(breaker.admits(now));
}

TEST_F(BreakerTest, HonoursRetryAfterWithinBounds) {
  failures(4);
  fail({Kind::kUnreachable, 0, now, 3'000});
  EXPECT_EQ(breaker.retry_at() - now, 3'000);
  now += 3'000;
  fail({Kind::kBad, 0, now, 3'600'000});
  EXPECT_EQ(breaker.retry_at() - now, 10'000);
}

TEST_F(BreakerTest, OpensAtOnceOnATimeOutDuringWhichTheServerAnsweredNobody) {
  breaker.succeeded(limits, now - 500);
  EXPECT_FALSE(fail({Kind::kTimeout, 0, now - 1'000, 0}));  // another resource was fine meanwhile
  EXPECT_TRUE(fail({Kind::kTimeout, 0, now - 400, 0}));
  EXPECT_FALSE(breaker.admits(now));
}

TEST_F(BreakerTest, OneResourceThatHangsDoesNotCondemnAServerThatNobodyElseAsks) {
  for (int i = 0; i < 20; ++i, now += 10'000) EXPECT_FALSE(fail({Kind::kTimeout, 1, now - 5'000, 0}));
  EXPECT_TRUE(breaker.admits(now));
  EXPECT_TRUE(fail({Kind::kTimeout, 2, now - 5'000, 0})) << "two of them, and nothing good between";
}

TEST_F(BreakerTest, OpensOnTheFirstTimeOutWhenOthersHaveWaitedForLongToo) {
  breaker.succeeded(limits, now - 6'000);
  ServerBreaker alone = breaker;
  EXPECT_FALSE(alone.failed(limits, now, {Kind::kTimeout, 1, now - 5'000, 0, false}, 0.5));
  EXPECT_TRUE(fail({Kind::kTimeout, 1, now - 5'000, 0, true}));
}

TEST_F(BreakerTest, AGoodAnswerBetweenTwoThatHangClearsTheServer) {
  EXPECT_FALSE(fail({Kind::kTimeout, 1, now - 5'000, 0}));
  breaker.succeeded(limits, now);
  now += 6'000;
  EXPECT_FALSE(fail({Kind::kTimeout, 2, now - 5'000, 0}));
}

// Trials that hang are many at a time; each would put off the next one when its time is over.
TEST_F(BreakerTest, ATrialThatEndsAfterANewerOneHasBegunPutsNothingOff) {
  failures(5);
  now += 1'000;
  const int64_t first = now;
  ASSERT_TRUE(breaker.start(now));
  now += 1'000;
  ASSERT_TRUE(breaker.start(now));
  EXPECT_FALSE(fail({Kind::kTimeout, 1, first, 0, true}));
  now += 1'999;
  EXPECT_FALSE(breaker.admits(now)) << "two that hang: it is asked less often";
  now += 1;
  EXPECT_TRUE(breaker.admits(now));
  ASSERT_TRUE(breaker.start(now));
  EXPECT_TRUE(fail({Kind::kTimeout, 1, now, 0, true}));
  EXPECT_FALSE(breaker.admits(now));
}

TEST(HungResources, AreLeftAloneForPausesThatDoubleAndTriedByOneAtATime) {
  const Breaker limits{true, 5, 0, Milliseconds(10'000), Milliseconds(500), Milliseconds(2'000)};
  HungResources hung;
  int64_t now = 1'000'000;
  for (const int64_t pause : {500, 1'000, 2'000, 2'000}) {
    hung.begin(7, now);
    hung.hung(7, limits, now);
    EXPECT_FALSE(hung.holds(8, now));
    EXPECT_TRUE(hung.holds(7, now + pause - 1));
    now += pause;
    EXPECT_FALSE(hung.holds(7, now));
  }
  hung.begin(7, now);
  EXPECT_TRUE(hung.holds(7, now)) << "somebody tries";
  hung.release(7);
  EXPECT_FALSE(hung.holds(7, now)) << "... and has not found out";
  hung.begin(7, now);
  hung.answered(7);
  EXPECT_FALSE(hung.holds(7, now));
}

TEST(HungResources, AreNotRememberedWithoutBound) {
  const Breaker limits;
  HungResources hung;
  for (uint64_t resource = 1; resource <= 100; ++resource) hung.hung(resource, limits, 1'000);
  uint64_t held = 0;
  for (uint64_t resource = 1; resource <= 100; ++resource) held += hung.holds(resource, 1'000) ? 1 : 0;
  EXPECT_EQ(held, 16U);
}

TEST_F(BreakerTest, OpensWhenSoManyDifferentResourcesAreBadInARow) {
  limits.ratio = 0;
  for (uint64_t resource = 1; resource < 5; ++resource) {
    for (int again = 0; again < 3; ++again) EXPECT_FALSE(fail({Kind::kBad, resource, 0, 0}));
  }
  breaker.succeeded(limits, now);
  now += 500;
  for (uint64_t resource = 1; resource < 5; ++resource) EXPECT_FALSE(fail({Kind::kBad, resource, 0, 0}));
  EXPECT_TRUE(fail({Kind::kBad, 5, 0, 0}));
}

TEST_F(BreakerTest, StaysClosedWhenOneBurstBringsManyErrorsAmongGoodAnswers) {
  limits.ratio = 0;
  breaker.succeeded(limits, now);
  now += 499;
  for (uint64_t resource = 1; resource < 20; ++resource) EXPECT_FALSE(fail({Kind::kBad, resource, 0, 0}));
  ServerBreaker told = breaker;
  EXPECT_TRUE(told.failed(limits, now, {Kind::kBad, 1, 0, 1'000}, 0.5)) << "it says when to come back";
  now += 1;
  EXPECT_TRUE(fail({Kind::kBad, 1, 0, 0})) << "enough different ones were bad, and it has been silent for long enough";
}

// Requests come at random, so many a second.
class BusyBreakerTest : public BreakerTest {
 protected:
  BusyBreakerTest() { limits.ratio = 0; }
  // A share of them is bad, each of another resource. How many were, once it has opened or the time is over.
  int ask(int64_t milliseconds, double bad) {
    int failed = 0;
    for (const int64_t end = now + milliseconds; now < end && !breaker.is_open();) {
      now += std::lround(std::exponential_distribution<double>(kEach / 1000.0)(dice_));
      if (!std::bernoulli_distribution(bad)(dice_)) {
        breaker.succeeded(limits, now);
      } else {
        ++failed;
        fail({Kind::kBad, ++resource_, now, 0});
      }
    }
    return failed;
  }
  static constexpr int kEach = 150;

 private:
  uint64_t resource_ = 0;
  std::minstd_rand dice_{7};
};

TEST_F(BusyBreakerTest, ABusyServerThatAnswersNobodyIsNotAskedForHalfASecond) {
  for (int flap = 0; flap < 50; ++flap) {
    ask(700, 0);
    EXPECT_LE(ask(2'000, 1), kEach / 4) << flap;
    ASSERT_TRUE(breaker.is_open());
    now = breaker.retry_at();
    ASSERT_TRUE(breaker.start(now));
    breaker.succeeded(limits, now);
  }
}

TEST_F(BusyBreakerTest, AServerThatAnswersHalfOfAllIsNotTakenForAway) {
  ask(300'000, 0.5);
  EXPECT_FALSE(breaker.is_open());
}

TEST_F(BusyBreakerTest, WhatWasKnownOfAServerBeforeItWasAwayIsForgotten) {
  ask(2'000, 0);
  ask(2'000, 1);
  now = breaker.retry_at();
  breaker.start(now);
  breaker.succeeded(limits, now);
  now += 499;
  for (uint64_t resource = 1; resource < 20; ++resource) EXPECT_FALSE(fail({Kind::kBad, resource, now, 0}));
}

TEST_F(BreakerTest, SilenceBetweenTheBurstsOfGoodAnswersProvesNothing) {
  limits.ratio = 0;
  for (int burst = 0; burst < 10; ++burst, now += 400) {
    for (int i = 0; i < 100; ++i) breaker.succeeded(limits, now);
  }
  for (uint64_t resource = 1; resource < 20; ++resource) EXPECT_FALSE(fail({Kind::kBad, resource, 0, 0}));
}

TEST_F(BreakerTest, ATrialThatHangsDoesNotHideThatTheServerIsBack) {
  failures(5);
  now += 1'000;
  ASSERT_TRUE(breaker.start(now));
  EXPECT_FALSE(breaker.admits(now + 999));
  now += 1'000;
  ASSERT_TRUE(breaker.start(now));
  breaker.succeeded(limits, now);
  EXPECT_EQ(breaker.state(now), ServerBreaker::State::kClosed);
}

TEST_F(BreakerTest, OffNeverOpens) {
  limits.enabled = false;
  failures(100);
  EXPECT_TRUE(breaker.admits(now));
}

}  // namespace
}  // namespace levee
