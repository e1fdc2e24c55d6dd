#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "proxy/origin/upstream_state.h"
#include "tests/unit/generation_fixture.h"

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
  // A fetch that has a slot, and found all servers busy, waits.
  Admission::Answer wait(const UpstreamState::Pick& busy, uint64_t resource) {
    Admission& admission = state->admission();
    const Subscriber who{&woken, resource};
    auto permit = std::get<Permit>(admission.admit(Priority::kLive, true, who, now));
    return admission.stand_back(std::move(permit), busy.departures, Priority::kLive, true, who, now, now);
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

TEST_F(UpstreamStateTest, ABreakerThatIsSwitchedOffKeepsNobodyAway) {
  upstream.servers = {server("10.0.0.1")};
  upstream.breaker.failures = 1;
  apply();
  ask(1, Outcome::kAway);
  EXPECT_EQ(ask(1).vacancy, Vacancy::kDown);
  upstream.breaker.enabled = false;
  apply();
  ask(1, Outcome::kAway);
  EXPECT_EQ(ask(1).vacancy, Vacancy::kFound);
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

TEST_F(UpstreamStateTest, WhoGivesUpDuringATrialThatIsNotItsOwnLetsNobodyElseTry) {
  upstream.servers = {server("10.0.0.1")};
  upstream.breaker.failures = 1;
  apply();
  auto waits = ask(7);
  ask(8, Outcome::kAway);
  now += 10'000;
  auto trial = ask(9);
  ASSERT_EQ(trial.vacancy, Vacancy::kFound);
  waits.seat.leave();
  EXPECT_EQ(ask(10).vacancy, Vacancy::kDown);
  trial.seat.leave();
  EXPECT_EQ(ask(10).vacancy, Vacancy::kFound);
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

TEST_F(UpstreamStateTest, AServerThatIsPutBackHasTheFetchesThatItHadStill) {
  upstream.servers = {server("10.0.0.1"), server("10.0.0.2")};
  upstream.servers[0].max_conns = upstream.servers[1].max_conns = 1;
  apply();
  auto first = ask(1), second = ask(2);
  const std::string name = first.seat.peer().name;
  const auto both = upstream.servers;
  std::erase_if(upstream.servers, [&](const UpstreamServer& line) { return name.starts_with(line.host); });
  apply();
  upstream.servers = both;
  apply();
  EXPECT_EQ(ask(3).vacancy, Vacancy::kBusy);
  first.seat.leave();
  EXPECT_EQ(ask(3, Outcome::kGood), name);
}

TEST_F(UpstreamStateTest, TwoLinesThatAreAlikeAreTwoServersOverReloads) {
  upstream.servers = {server("10.0.0.1"), server("10.0.0.1")};
  upstream.servers[0].max_conns = upstream.servers[1].max_conns = 1;
  apply();
  apply();
  auto first = ask(1), second = ask(2);
  EXPECT_EQ(second.vacancy, Vacancy::kFound);
  apply();
  EXPECT_EQ(ask(3).vacancy, Vacancy::kBusy);
}

TEST_F(UpstreamStateTest, WhoAsksForANameAndIsGoneDoesNotKeepItFromBeingAskedFor) {
  upstream.servers = {server("a.test"), server("10.0.0.2")};
  apply();
  ASSERT_EQ(state->unresolved(now).size(), 1U);
  EXPECT_TRUE(state->unresolved(now + 119'999).empty());
  EXPECT_EQ(state->unresolved(now + 120'000).size(), 1U);
}

TEST_F(UpstreamStateTest, TheOrderInWhichANameServerNamesAddressesMovesNoKey) {
  upstream.servers = {server("a.test")};
  upstream.balance = IpHash{};
  apply();
  const auto line = state->unresolved(now)[0];
  const auto picked = [&](std::initializer_list<const char*> addresses) {
    std::vector<SocketAddress> found;
    for (const char* each : addresses) found.push_back(*parse_socket_address(each, 80));
    state->set_addresses(line, found, now, now);
    std::vector<std::string> names;
    for (uint64_t hash = 0; hash < 20; ++hash) {
      names.push_back(state->choose(hash, {1, true}, {}, {&woken, hash}, now).seat.peer().name);
    }
    return names;
  };
  const auto before = picked({"10.0.0.1", "10.0.0.2", "10.0.0.3"});
  EXPECT_EQ(picked({"10.0.0.3", "10.0.0.1", "10.0.0.2", "10.0.0.1"}), before);
}

TEST_F(UpstreamStateTest, AnAnswerThatNamesTheSameAddressesDisturbsNobody) {
  upstream.servers = {server("a.test")};
  upstream.servers[0].max_conns = 1;
  upstream.queue = Queue{10, Milliseconds(1000)};
  apply();
  const auto line = state->unresolved(now)[0];
  state->set_addresses(line, address("10.0.0.1"), now, now);
  auto first = ask(1);
  auto answer = wait(ask(2), 2);
  state->set_addresses(line, address("10.0.0.1"), now + 1'000, now);
  EXPECT_TRUE(woken.tokens.empty());
  EXPECT_TRUE(state->unresolved(now + 999).empty());
  state->set_addresses(line, address("10.0.0.2"), now + 1'000, now);
  EXPECT_EQ(woken.tokens, std::vector<uint64_t>{2});
}

TEST_F(UpstreamStateTest, WhenNobodyChecksAnyMoreAllAreWellAndThoseWhoWaitComeIn) {
  upstream.servers = {server("10.0.0.1"), server("10.0.0.2")};
  upstream.servers[0].max_conns = upstream.servers[1].max_conns = 1;
  upstream.queue = Queue{10, Milliseconds(1000)};
  apply();
  state->set_healthy("10.0.0.2:80", false, now);
  auto first = ask(1);
  auto answer = wait(ask(2), 2);
  state->set_all_healthy(now);
  EXPECT_EQ(woken.tokens, std::vector<uint64_t>{2});
  EXPECT_EQ(ask(2, Outcome::kGood), "10.0.0.2:80");
}

TEST_F(UpstreamStateTest, WhoLeavesAServerWithMaxConnsLetsInWhoWaitsForIt) {
  upstream.servers = {server("10.0.0.1")};
  upstream.servers[0].max_conns = 1;
  upstream.queue = Queue{10, Milliseconds(1000)};
  apply();
  auto first = ask(1);
  const auto second = ask(2);
  EXPECT_EQ(second.vacancy, Vacancy::kBusy);
  auto answer = wait(second, 2);
  EXPECT_TRUE(std::holds_alternative<Place>(answer));
  first.seat.leave();
  EXPECT_EQ(woken.tokens, std::vector<uint64_t>{2});
}

// Else all would wait before a server that has room, until the one that has none has some.
TEST_F(UpstreamStateTest, WhoHasTriedTheOnlyServerWithRoomDoesNotWaitBeforeTheOthers) {
  upstream.servers = {server("10.0.0.1"), server("10.0.0.2")};
  upstream.servers[1].max_conns = 1;
  apply();
  auto first = ask(1), second = ask(2);
  ASSERT_EQ(second.seat.peer().name, "10.0.0.2:80");
  tried = {first.seat.shared_peer()};
  EXPECT_FALSE(state->has_others(tried, nullptr, now)) << "it is full";
  auto third = ask(3);
  EXPECT_EQ(third.vacancy, Vacancy::kTried);
  EXPECT_FALSE(third.is_crowded);
  tried.clear();
  upstream.servers[0].max_conns = 1;
  apply();
  third = ask(3);
  EXPECT_EQ(third.vacancy, Vacancy::kBusy);
  EXPECT_TRUE(third.is_crowded);
}

TEST_F(UpstreamStateTest, NorDoesWhoWantsWhatHangsAtTheOnlyServerWithRoom) {
  upstream.servers = {server("10.0.0.1"), server("10.0.0.2")};
  upstream.servers[1].max_conns = 1;
  upstream.servers[0].max_fails = 0;
  apply();
  auto first = ask(1);
  auto second = ask(2);
  ASSERT_EQ(second.seat.peer().name, "10.0.0.2:80");
  first.seat.judge(Outcome::kTimeout, now);
  const auto again = ask(1);
  EXPECT_EQ(again.vacancy, Vacancy::kBusy);
  EXPECT_FALSE(again.is_crowded);
  EXPECT_EQ(ask(3, Outcome::kGood), "10.0.0.1:80");
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
  auto answer = wait(second, 2);
  state->set_healthy("10.0.0.2:80", true, now);
  EXPECT_EQ(woken.tokens, std::vector<uint64_t>{2});
}

// Reloads, of a configuration that names "group" and one that does not.
class UpstreamReloadTest : public testing::Test {
 protected:
  std::shared_ptr<const Generation> with(const std::shared_ptr<const Generation>& before, uint32_t limit = 1) {
    return generation("upstream group { server 10.0.0.1; concurrency " + std::to_string(limit) + "; queue 9; }",
                      before);
  }
  std::shared_ptr<const Generation> without(const std::shared_ptr<const Generation>& before) {
    return generation("", before);
  }
  Admission::Answer ask(const std::shared_ptr<const Generation>& of, uint64_t token) {
    return of->upstream("group", false)->admission().admit(Priority::kLive, true, {&woken, token}, now);
  }
  Woken woken;
  std::optional<Permit> permit;
  int64_t now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count();

 private:
  static std::shared_ptr<const Generation> generation(const std::string& upstream,
                                                      const std::shared_ptr<const Generation>& before) {
    return generation_of("events { } http { " + upstream + " server { listen 127.0.0.1:0; } }", before);
  }
};

TEST_F(UpstreamReloadTest, WhatIsPutBackHasTheLimitThatItsFetchesAreUnderStill) {
  auto first = with(nullptr);
  auto fetch = ask(first, 1), waits = ask(first, 2);
  ASSERT_TRUE(std::holds_alternative<Permit>(fetch));
  auto last = with(without(first), 2);
  auto next = ask(last, 3), more = ask(last, 4);
  EXPECT_EQ(woken.tokens, std::vector<uint64_t>{2})
      << "it has two slots now, and who has waited is the first to get one";
  EXPECT_TRUE(std::holds_alternative<Place>(next) && std::holds_alternative<Place>(more));
  EXPECT_EQ(last->upstreams->configured().at(0)->admission().snapshot().in_flight, 2U);
  fetch = Refused{};
  EXPECT_EQ(std::get<Place>(next).claim(permit), Place::Standing::kGranted);
}

TEST_F(UpstreamReloadTest, WhoBeganBeforeItWasLeftOutFindsItStill) {
  const auto first = with(nullptr);
  const auto state = first->upstream("group", false);
  const auto second = without(first);
  EXPECT_EQ(first->upstream("group", false), state);
  EXPECT_NE(second->upstream("group", false), state) << "there it is a host like any other";
  EXPECT_TRUE(second->upstreams->configured().empty());
}

TEST_F(UpstreamReloadTest, WhatNobodyHasAnyMoreBeginsAnew) {
  auto generation = with(nullptr);
  std::weak_ptr<UpstreamState> state = generation->upstream("group", false);
  generation = without(generation);
  EXPECT_TRUE(state.expired());
  generation = with(generation);
  auto fetch = ask(generation, 1);
  EXPECT_TRUE(std::holds_alternative<Permit>(fetch));
}

TEST_F(UpstreamReloadTest, InAPopItWaitsForItsPartWhenItIsPutBack) {
  const auto first = with(nullptr, 4);
  auto& admission = first->upstream("group", false)->admission();
  admission.share(true);
  admission.set_part(4, 2);
  const auto second = without(first);
  const auto states = second->upstreams->of(*first->config);
  second->upstreams->apply(*first->config, states, {});
  auto fetch = ask(first, 1);
  EXPECT_TRUE(std::holds_alternative<Place>(fetch)) << "others may have it";
  admission.set_part(1, 2);
  EXPECT_EQ(woken.tokens, std::vector<uint64_t>{1});
}

TEST_F(UpstreamReloadTest, ANameThatIsNotFoundNowKeepsTheAddressesThatItHad) {
  Config config;
  Upstream upstream;
  UpstreamServer line;
  line.text = line.host = "a.test";
  line.resolve = true;
  upstream.servers = {line};
  config.http.upstreams.emplace("group", upstream);
  UpstreamStates upstreams;
  const auto states = upstreams.of(config);
  upstreams.apply(config, states, {{"a.test", {*parse_socket_address("10.0.0.1", 0)}}});
  ASSERT_TRUE(states.at("group")->has_peers());
  upstreams.apply(config, states, {{"a.test", {}}});
  EXPECT_TRUE(states.at("group")->has_peers());
  EXPECT_EQ(states.at("group")->unresolved(now).size(), 1U) << "it is asked for again";
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
