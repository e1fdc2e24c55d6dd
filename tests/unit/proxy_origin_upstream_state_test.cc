#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "proxy/origin/upstream_state.h"

namespace levee {
namespace {

class Woken : public Waker {
 public:
  void wake(std::span<const uint64_t> readers) override { tokens.insert(tokens.end(), readers.begin(), readers.end()); }
  std::vector<uint64_t> tokens;
};

class UpstreamStateTest : public testing::Test {
 protected:
  UpstreamServer server(const std::string& host) {
    UpstreamServer line;
    line.text = line.host = host;
    return line;
  }
  void apply() { state->apply(upstream, now); }
  // Asks for a resource; the seat is held until the test lets it go.
  UpstreamState::Pick ask(uint64_t resource = 1) {
    return state->choose(0, {resource, true}, tried, {&woken, resource}, now);
  }
  // The name of the server that got it; it answers so.
  std::string ask(uint64_t resource, Outcome outcome) {
    auto pick = ask(resource);
    if (pick.vacancy != Vacancy::kFound) return "";
    std::string name = pick.seat.peer().name;
    pick.seat.judge(outcome, now);
    return name;
  }
  std::map<std::string, int> asked(int times) {
    std::map<std::string, int> counts;
    for (int i = 0; i < times; ++i) ++counts[ask(1, Outcome::kGood)];
    return counts;
  }
  static std::vector<SocketAddress> address(const std::string& text) { return {*parse_socket_address(text, 80)}; }

  Upstream upstream;
  Woken woken;
  std::vector<std::shared_ptr<const Peer>> tried;
  std::shared_ptr<UpstreamState> state = std::make_shared<UpstreamState>("group");
  // Slots that come back are given away at the time of the process's clock.
  int64_t now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count();
};

TEST_F(UpstreamStateTest, WhatIsKnownOfAServerIsKeptOverAReload) {
  upstream.servers = {server("10.0.0.1"), server("10.0.0.2")};
  upstream.breaker.failures = 1;
  apply();
  while (ask(1, Outcome::kAway) != "10.0.0.1:80") {
  }
  apply();
  EXPECT_EQ(asked(10).count("10.0.0.1:80"), 0U);
  EXPECT_EQ(state->snapshot(now).at(0).failures, 1U);
}

TEST_F(UpstreamStateTest, FailuresOfOldAreForgottenAfterOneGoodAnswer) {
  upstream.servers = {server("10.0.0.1"), server("10.0.0.2")};
  upstream.servers[0].max_fails = 2;
  upstream.breaker.enabled = false;
  apply();
  const auto fail = [&] {
    while (ask(1, Outcome::kGood) != "10.0.0.2:80") {
    }
    EXPECT_EQ(ask(1, Outcome::kBad), "10.0.0.1:80");
  };
  fail();
  now += 10'001;
  asked(4);
  fail();
  EXPECT_EQ(asked(10).count("10.0.0.1:80"), 1U) << "one of two: it goes on";
}

TEST_F(UpstreamStateTest, WhatProxyNextUpstreamDoesNotNameIsForTheBreakerAlone) {
  upstream.servers = {server("10.0.0.1"), server("10.0.0.2")};
  apply();
  const std::string refused = ask(1, Outcome::kRefused);
  EXPECT_EQ(asked(10).at(refused), 5);
  EXPECT_EQ(state->snapshot(now).at(0).failures + state->snapshot(now).at(1).failures, 1U);
}

TEST_F(UpstreamStateTest, AServerThatComesLaterStartsSlowlyAndTheFirstOnesDoNot) {
  upstream.servers = {server("10.0.0.1")};
  upstream.servers[0].slow_start = Milliseconds(10'000);
  apply();
  upstream.servers.push_back(server("10.0.0.2"));
  upstream.servers[1].slow_start = Milliseconds(10'000);
  apply();
  now += 1'000;
  EXPECT_NEAR(asked(110)["10.0.0.2:80"], 10, 3);
  now += 10'000;
  EXPECT_NEAR(asked(100)["10.0.0.2:80"], 50, 3);
}

TEST_F(UpstreamStateTest, AServerWhoseBreakerClosesStartsSlowly) {
  upstream.servers = {server("10.0.0.1"), server("10.0.0.2")};
  for (auto& line : upstream.servers) line.slow_start = Milliseconds(10'000);
  upstream.breaker.failures = 1;
  upstream.breaker.backoff = upstream.breaker.max_backoff = Milliseconds(100);
  apply();
  while (ask(1, Outcome::kAway) != "10.0.0.1:80") {
  }
  now += 20'000;
  while (ask(1, Outcome::kGood) != "10.0.0.1:80") {
  }
  now += 1'000;
  EXPECT_NEAR(asked(110)["10.0.0.1:80"], 10, 4);
}

TEST_F(UpstreamStateTest, WhoWaitsIsWokenWhenTheServerTurnsOutToBeAway) {
  upstream.servers = {server("10.0.0.1")};
  upstream.breaker.failures = 1;
  apply();
  auto waits = ask(7);
  ask(8, Outcome::kAway);
  EXPECT_EQ(woken.tokens, std::vector<uint64_t>{7});
  EXPECT_TRUE(state->is_away(waits.seat.peer(), 0, now));
  EXPECT_TRUE(state->is_suspect(9, now));
  EXPECT_GT(state->down_until({9, true}, now).value_or(0), now);
}

TEST_F(UpstreamStateTest, ANameIsAskedForByOneAtATimeAndAgainASecondAfterAFailure) {
  upstream.servers = {server("a.test"), server("10.0.0.2")};
  upstream.servers[0].resolve = true;
  apply();
  const auto due = state->unresolved(now);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].server.host, "a.test");
  EXPECT_TRUE(state->unresolved(now + 60'000).empty()) << "somebody asks";
  state->resolve_failed(due[0], now);
  EXPECT_TRUE(state->unresolved(now + 999).empty());
  EXPECT_EQ(state->unresolved(now + 1000).size(), 1U);
  state->set_addresses(due[0], address("10.0.0.1"), now + 5'000, now);
  EXPECT_EQ(state->peers().size(), 2U);
  EXPECT_TRUE(state->unresolved(now + 4'999).empty());
  EXPECT_EQ(state->unresolved(now + 5'000).size(), 1U);
}

TEST_F(UpstreamStateTest, AnAnswerOfBeforeAReloadIsNotTakenForAnotherServers) {
  upstream.servers = {server("a.test"), server("10.0.0.2")};
  apply();
  const auto asked_for = state->unresolved(now);
  upstream.servers.insert(upstream.servers.begin(), server("b.test"));
  apply();
  state->set_addresses(asked_for[0], address("10.0.0.1"), now + 5'000, now);
  state->resolve_failed(asked_for[0], now);
  EXPECT_EQ(state->peers().size(), 1U);
  const auto due = state->unresolved(now);
  ASSERT_EQ(due.size(), 2U);
  EXPECT_EQ(due[0].server.host, "b.test");
  EXPECT_EQ(due[1].server.host, "a.test");
}

TEST_F(UpstreamStateTest, AnAddressThatMovesTakesItsServersStateAlongOnlyIfItStays) {
  upstream.servers = {server("a.test")};
  upstream.breaker.failures = 1;
  apply();
  const auto line = state->unresolved(now)[0];
  state->set_addresses(line, address("10.0.0.1"), now, now);
  ask(1, Outcome::kAway);
  state->set_addresses(line, address("10.0.0.1"), now, now);
  EXPECT_EQ(ask(1, Outcome::kGood), "");
  state->set_addresses(line, address("10.0.0.2"), now, now);
  EXPECT_EQ(ask(1, Outcome::kGood), "10.0.0.2:80");
}

TEST_F(UpstreamStateTest, WhoLeavesAServerWithMaxConnsLetsInWhoWaitsForIt) {
  upstream.servers = {server("10.0.0.1")};
  upstream.servers[0].max_conns = 1;
  upstream.queue = Queue{10, Milliseconds(1000)};
  apply();
  auto first = ask(1);
  const auto second = ask(2);
  EXPECT_EQ(second.vacancy, Vacancy::kBusy);
  auto permit = state->admission().admit(Priority::kLive, true, {&woken, 2}, now);
  auto answer = state->admission().stand_back(std::move(std::get<Permit>(permit)), second.departures, Priority::kLive,
                                              true, {&woken, 2}, now, now);
  EXPECT_TRUE(std::holds_alternative<Place>(answer));
  first.seat.leave();
  EXPECT_EQ(woken.tokens, std::vector<uint64_t>{2});
}

TEST_F(UpstreamStateTest, AServerThatIsWellAgainLetsInWhoWaits) {
  upstream.servers = {server("10.0.0.1"), server("10.0.0.2")};
  upstream.servers[0].max_conns = upstream.servers[1].max_conns = 1;
  upstream.queue = Queue{10, Milliseconds(1000)};
  apply();
  state->set_healthy("10.0.0.2:80", false, now);
  auto first = ask(1);
  const auto second = ask(2);
  ASSERT_EQ(second.vacancy, Vacancy::kBusy);
  auto permit = state->admission().admit(Priority::kLive, true, {&woken, 2}, now);
  auto answer = state->admission().stand_back(std::move(std::get<Permit>(permit)), second.departures, Priority::kLive,
                                              true, {&woken, 2}, now, now);
  state->set_healthy("10.0.0.2:80", true, now);
  EXPECT_EQ(woken.tokens, std::vector<uint64_t>{2});
}

TEST(UpstreamStates, ResourcesThatHangAreKnownToWhoIsAskedForThem) {
  auto state = std::make_shared<UpstreamState>("group");
  Upstream upstream;
  UpstreamServer line;
  line.text = line.host = "10.0.0.1";
  upstream.servers = {line};
  state->apply(upstream, 1'000);
  Woken woken;
  auto pick = state->choose(0, {7, true}, {}, {&woken, 1}, 1'000);
  pick.seat.judge(Outcome::kTimeout, 2'000);
  EXPECT_TRUE(state->down_until({7, true}, 2'000));
  EXPECT_FALSE(state->down_until({8, true}, 2'000));
  EXPECT_TRUE(state->is_suspect(7, 2'000));
  EXPECT_FALSE(state->is_suspect(8, 2'000));
  EXPECT_EQ(state->choose(0, {7, true}, {}, {&woken, 2}, 2'000).vacancy, Vacancy::kDown);
}

}  // namespace
}  // namespace levee
