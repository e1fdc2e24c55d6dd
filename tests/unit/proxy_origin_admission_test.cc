#include <gtest/gtest.h>

#include "proxy/origin/admission.h"
#include "proxy/origin/retry_budget.h"

namespace levee {
namespace {

TEST(FetchQueue, ServesTheBestClassFirstAndTheOldestOfIt) {
  FetchQueue queue(10);
  const auto background = queue.push(Priority::kBackground, 0, 1000).ticket;
  const auto live = queue.push(Priority::kLive, 1, 1001).ticket;
  const auto later = queue.push(Priority::kLive, 2, 1002).ticket;
  const auto playlist = queue.push(Priority::kPlaylist, 3, 1003).ticket;
  EXPECT_EQ(queue.pop(5), playlist);
  EXPECT_EQ(queue.pop(5), live);
  EXPECT_EQ(queue.pop(5), later);
  EXPECT_EQ(queue.pop(5), background);
  EXPECT_EQ(queue.pop(5), std::nullopt);
}

TEST(FetchQueue, ServesTheNewestFirstOnceItBacksUp) {
  FetchQueue queue(10);
  const auto old = queue.push(Priority::kLive, 0, 1000).ticket;
  const auto newer = queue.push(Priority::kLive, 400, 1400).ticket;
  EXPECT_EQ(queue.pop(500), newer);
  EXPECT_EQ(queue.pop(500), old);
}

TEST(FetchQueue, NeverServesWhoseDeadlineIsOver) {
  FetchQueue queue(10);
  queue.push(Priority::kLive, 0, 1000);
  EXPECT_EQ(queue.pop(1000), std::nullopt);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(FetchQueue, WhenFullALowerClassGivesWayAndAnEqualOneDoesNot) {
  FetchQueue queue(2);
  const auto first = queue.push(Priority::kBackground, 0, 1000).ticket;
  queue.push(Priority::kLive, 0, 1000);
  EXPECT_EQ(queue.push(Priority::kBackground, 1, 1000).ticket, 0U);
  const auto pushed = queue.push(Priority::kPlaylist, 1, 1000);
  EXPECT_NE(pushed.ticket, 0U);
  EXPECT_EQ(pushed.shed, first);
  EXPECT_EQ(queue.push(Priority::kLive, 1, 1000).ticket, 0U);
}

TEST(FetchQueue, WhenFullWhoHasWaitedLongestOfTheLowestClassGivesWay) {
  FetchQueue queue(3);
  const auto first = queue.push(Priority::kBackground, 0, 60'000).ticket;
  queue.push(Priority::kBackground, 1, 60'000);
  queue.push(Priority::kOther, 2, 1000);
  EXPECT_EQ(queue.push(Priority::kLive, 3, 1000).shed, first);
}

class Woken : public Waker {
 public:
  void wake(std::span<const uint64_t> readers) override { tokens.insert(tokens.end(), readers.begin(), readers.end()); }
  std::vector<uint64_t> tokens;
};

class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest() {
    upstream.concurrency = Concurrency{false, 2, 2, 2};
    upstream.queue = Queue{2, Milliseconds(1000)};
    admission->apply(upstream);
  }
  Admission::Answer ask(uint64_t token, Priority priority = Priority::kLive, bool may_wait = true) {
    return admission->admit(priority, may_wait, {&woken, token}, now());
  }
  static int64_t now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  Upstream upstream;
  Woken woken;
  std::shared_ptr<Admission> admission = std::make_shared<Admission>();
  std::optional<Permit> permit;
};

TEST_F(AdmissionTest, GivesAsManySlotsAsTheLimitAndQueuesTheRest) {
  auto a = ask(1), b = ask(2), c = ask(3), d = ask(4), e = ask(5);
  EXPECT_TRUE(std::holds_alternative<Permit>(a) && std::holds_alternative<Permit>(b));
  EXPECT_TRUE(std::holds_alternative<Place>(c) && std::holds_alternative<Place>(d));
  EXPECT_TRUE(std::holds_alternative<Refused>(e));
  EXPECT_EQ(admission->snapshot().in_flight, 2U);
  EXPECT_EQ(admission->snapshot().queued[1], 2U);
}

TEST_F(AdmissionTest, ASlotThatComesBackGoesToWhoWaitsAndIsCountedOnce) {
  auto a = ask(1), b = ask(2), c = ask(3);
  Place place = std::move(std::get<Place>(c));
  EXPECT_EQ(place.claim(permit), Place::Standing::kWaiting);
  a = Refused{};
  EXPECT_EQ(woken.tokens, std::vector<uint64_t>{3});
  EXPECT_EQ(admission->snapshot().in_flight, 2U);
  EXPECT_EQ(place.claim(permit), Place::Standing::kGranted);
  permit.reset();
  b = Refused{};
  EXPECT_EQ(admission->snapshot().in_flight, 0U);
}

TEST_F(AdmissionTest, WhoLeavesTheQueueGivesBackWhatItWasGranted) {
  auto a = ask(1), b = ask(2), c = ask(3);
  a = Refused{};
  c = Refused{};  // granted, and never claimed
  EXPECT_EQ(admission->snapshot().in_flight, 1U);
  auto d = ask(4);
  EXPECT_TRUE(std::holds_alternative<Permit>(d));
}

TEST_F(AdmissionTest, WhoMayNotWaitIsRefusedAtOnce) {
  auto a = ask(1), b = ask(2);
  auto c = ask(3, Priority::kLive, false);
  EXPECT_TRUE(std::holds_alternative<Refused>(c));
}

TEST_F(AdmissionTest, APlaylistGoesBeforeAWaitingSegmentAndShedsABackgroundRefresh) {
  auto a = ask(1), b = ask(2), c = ask(3, Priority::kBackground), d = ask(4), e = ask(5, Priority::kPlaylist);
  EXPECT_EQ(woken.tokens, std::vector<uint64_t>{3});
  EXPECT_EQ(std::get<Place>(c).claim(permit), Place::Standing::kShed);
  a = Refused{};
  EXPECT_EQ(std::get<Place>(e).claim(permit), Place::Standing::kGranted);
  EXPECT_EQ(std::get<Place>(d).claim(permit), Place::Standing::kWaiting);
}

TEST_F(AdmissionTest, ARefreshThatNobodyWaitsForHasMoreTimeThanAViewer) {
  auto a = ask(1), b = ask(2), viewer = ask(3), refresh = ask(4, Priority::kBackground);
  EXPECT_NEAR(static_cast<double>(std::get<Place>(viewer).deadline() - now()), 1000, 100);
  EXPECT_NEAR(static_cast<double>(std::get<Place>(refresh).deadline() - now()), 60'000, 100);
}

TEST_F(AdmissionTest, AnIdleSlotGivesWayOnlyIfOthersWaitAndSuchHaveMoreThanHalf) {
  auto a = ask(1), b = ask(2);
  auto &first = std::get<Permit>(a), &second = std::get<Permit>(b);
  first.idle(true);
  second.idle(true);
  EXPECT_FALSE(first.gives_way());  // nobody waits
  auto c = ask(3);
  EXPECT_TRUE(first.gives_way());
  EXPECT_FALSE(second.gives_way());                // one is enough for who waits
  EXPECT_EQ(admission->snapshot().in_flight, 2U);  // it is still a slot
  second.idle(false);
  EXPECT_FALSE(second.gives_way());
  EXPECT_FALSE(first.gives_way());  // it has half of them
  second.idle(true);
  a = Refused{};
  EXPECT_EQ(admission->snapshot().idle, 1U);
  EXPECT_EQ(std::get<Place>(c).claim(permit), Place::Standing::kGranted);
}

TEST_F(AdmissionTest, ALimitThatGrowsLetsThoseInWhoWait) {
  upstream.concurrency = Concurrency{true, 1, 1, 10};
  upstream.queue = Queue{2, Milliseconds(1'000'000)};
  admission->apply(upstream);
  auto a = ask(1), b = ask(2);
  auto& first = std::get<Permit>(a);
  for (int64_t t = now(), end = t + 60'000; t < end && woken.tokens.empty(); t += 10) first.head_came(1, t, t + 10);
  EXPECT_EQ(woken.tokens, std::vector<uint64_t>{2}) << "though the first is not over";
}

// A channel that is not there yet, at 503, must not take the others with it, however often players ask.
TEST_F(AdmissionTest, AResourceThatFailsByItselfLowersTheLimitOnce) {
  upstream.concurrency = Concurrency{true, 20, 1, 100};
  admission->apply(upstream);
  auto a = ask(1);
  auto& permit_of_a = std::get<Permit>(a);
  int64_t t = now();
  const auto fail = [&](uint64_t resource) {
    permit_of_a.failed(resource, t, t + 10);
    t += 20;
    return admission->snapshot().limit;
  };
  EXPECT_EQ(fail(7), 18U);
  for (int again = 0; again < 100; ++again) {
    permit_of_a.head_came(1, t, t + 1);
    EXPECT_EQ(fail(7), 18U) << again;
  }
  EXPECT_EQ(fail(7), 16U) << "nothing was good between";
  EXPECT_EQ(fail(8), 14U) << "another one";
  permit_of_a.head_came(7, t, t + 1);
  EXPECT_EQ(fail(7), 12U) << "it was well";
}

TEST(FaultyResources, AreNotRememberedWithoutBound) {
  FaultyResources faulty;
  for (uint64_t resource = 1; resource <= 1'500; ++resource) {
    faulty.failed(resource);
    faulty.answered(0);
  }
  unsigned known = 0;
  FaultyResources copy = faulty;
  for (uint64_t resource = 1; resource <= 1'500; ++resource) {
    copy = faulty;
    known += copy.failed(resource) ? 1 : 0;
  }
  EXPECT_EQ(known, 1024U);
}

TEST_F(AdmissionTest, AReloadThatRaisesTheLimitLetsThoseInWhoWait) {
  auto a = ask(1), b = ask(2), c = ask(3);
  upstream.concurrency->initial = 3;
  admission->apply(upstream);
  EXPECT_EQ(std::get<Place>(c).claim(permit), Place::Standing::kGranted);
}

TEST_F(AdmissionTest, AReloadKeepsWhatAnAdaptiveLimitHasLearnt) {
  upstream.concurrency = Concurrency{true, 20, 1, 100};
  admission->apply(upstream);
  auto a = ask(1);
  std::get<Permit>(a).failed(7, now(), now());
  admission->apply(upstream);
  EXPECT_EQ(admission->snapshot().limit, 18U);
}

TEST_F(AdmissionTest, ANodeOfFourBeginsWithAQuarterOfAnAdaptiveLimit) {
  upstream.concurrency = Concurrency{true, 20, 8, 100};
  admission->apply(upstream);
  admission->set_part(100, 4);
  EXPECT_EQ(admission->snapshot().limit, 5U);
}

TEST_F(AdmissionTest, WhoWaitsWhenAReloadGivesMoreTimeHasWhatItHad) {
  auto a = ask(1), b = ask(2), c = ask(3);
  const int64_t before = std::get<Place>(c).deadline();
  upstream.queue.timeout = Milliseconds(30'000);
  admission->apply(upstream);
  EXPECT_EQ(std::get<Place>(c).deadline(), before);
  auto d = ask(4);
  EXPECT_GT(std::get<Place>(d).deadline(), before + 20'000);
}

TEST_F(AdmissionTest, WithoutALimitEverybodyGetsASlot) {
  upstream.concurrency.reset();
  admission->apply(upstream);
  std::vector<Admission::Answer> all;
  for (uint64_t i = 0; i < 1000; ++i) {
    all.push_back(ask(i));
    EXPECT_TRUE(std::holds_alternative<Permit>(all.back()));
  }
  EXPECT_EQ(admission->snapshot().in_flight, 1000U);
}

TEST_F(AdmissionTest, WhoWaitsForThePopIsLetInWhenItIsLeft) {
  admission->share(true);
  auto a = ask(1);
  EXPECT_EQ(std::get<Place>(a).claim(permit), Place::Standing::kWaiting);
  admission->share(false);
  EXPECT_EQ(woken.tokens, std::vector<uint64_t>{1});
  EXPECT_EQ(std::get<Place>(a).claim(permit), Place::Standing::kGranted);
}

// Servers at their max_conns, without a limit of the upstream's own.
class CrowdedAdmissionTest : public AdmissionTest {
 protected:
  CrowdedAdmissionTest() {
    upstream.concurrency.reset();
    upstream.queue = Queue{10, Milliseconds(1000)};
    admission->apply(upstream);
  }
  // Gets a slot, and finds no server.
  Admission::Answer stand(uint64_t token, uint64_t departures = 0, bool may_wait = true, int64_t waited = 0) {
    auto answer = ask(token);
    const int64_t since = now() - waited;
    return admission->stand_back(std::move(std::get<Permit>(answer)), departures, Priority::kLive, may_wait,
                                 {&woken, token}, since, now());
  }
  using Tokens = std::vector<uint64_t>;
};

TEST_F(CrowdedAdmissionTest, WhoFindsNoServerWaitsForOneAndThoseWhoComeLaterWaitBehind) {
  auto a = ask(1);
  std::get<Permit>(a).seated();
  auto b = stand(2), c = ask(3);
  EXPECT_EQ(std::get<Place>(b).claim(permit), Place::Standing::kWaiting);
  EXPECT_EQ(std::get<Place>(c).claim(permit), Place::Standing::kWaiting);
  EXPECT_EQ(admission->snapshot().in_flight, 1U);
  admission->room_made(1);
  EXPECT_EQ(woken.tokens, Tokens{2}) << "one server has room, so one may try";
  a = Refused{};
  EXPECT_EQ(woken.tokens, Tokens{2}) << "its slot is no second server";
  admission->room_made(2);
  EXPECT_EQ(woken.tokens, (Tokens{2, 3}));
}

TEST_F(CrowdedAdmissionTest, RoomThatWasMadeWhileItLookedIsNotMissed) {
  admission->room_made(7);
  auto a = stand(1, 6);
  EXPECT_TRUE(std::holds_alternative<Permit>(a));
  auto b = ask(2);
  EXPECT_TRUE(std::holds_alternative<Permit>(b));
  EXPECT_EQ(admission->snapshot().in_flight, 2U);
}

TEST_F(CrowdedAdmissionTest, RoomThatIsNotUsedGoesToTheNext) {
  auto a = stand(1), b = ask(2), c = ask(3);
  admission->room_made(1);
  a = Refused{};  // leaves, without having looked
  EXPECT_EQ(woken.tokens, (Tokens{1, 2}));
  ASSERT_EQ(std::get<Place>(b).claim(permit), Place::Standing::kGranted);
  permit.reset();  // has looked, and needs none
  EXPECT_EQ(woken.tokens, (Tokens{1, 2, 3}));
}

TEST_F(CrowdedAdmissionTest, WhoMayNotWaitOrHasWaitedForLongEnoughIsRefused) {
  auto a = stand(1, 0, false), b = stand(2, 0, true, 1000);
  EXPECT_TRUE(std::holds_alternative<Refused>(a) && std::holds_alternative<Refused>(b));
  EXPECT_EQ(admission->snapshot().in_flight, 0U);
  EXPECT_EQ(admission->snapshot().admitted, 0U);
  auto c = ask(3);
  EXPECT_TRUE(std::holds_alternative<Permit>(c)) << "nobody waits, so it looks for itself";
}

TEST_F(CrowdedAdmissionTest, OtherServersLetAllIn) {
  auto a = stand(1), b = ask(2);
  admission->servers_changed();
  EXPECT_EQ(woken.tokens, (Tokens{1, 2}));
}

TEST_F(CrowdedAdmissionTest, RoomIsKeptUntilTheLimitAllowsIt) {
  upstream.concurrency = Concurrency{false, 1, 1, 1};
  admission->apply(upstream);
  auto a = stand(1), b = ask(2);
  admission->room_made(1);
  ASSERT_EQ(std::get<Place>(a).claim(permit), Place::Standing::kGranted);
  permit->seated();
  admission->room_made(2);
  EXPECT_EQ(woken.tokens, Tokens{1});
  permit.reset();
  EXPECT_EQ(woken.tokens, (Tokens{1, 2}));
}

TEST(RetryTokens, AllowAShareOfTheRequestsAndAFewASecond) {
  const RetryBudget budget{0.2, 10};
  RetryTokens tokens;
  int allowed = 0;
  for (int64_t t = 1'000; t < 11'000; ++t) {  // 1000 requests a second, each wants a retry
    tokens.deposit(budget, t);
    allowed += tokens.withdraw(budget, t) ? 1 : 0;
  }
  EXPECT_NEAR(allowed, 10'000 * 0.2 + 10 * 10, 60);
}

TEST(RetryTokens, AreNotHoardedWhileAllGoesWell) {
  const RetryBudget budget{0.2, 10};
  RetryTokens tokens;
  for (int64_t t = 1'000; t < 101'000; ++t) tokens.deposit(budget, t);
  int allowed = 0;
  while (tokens.withdraw(budget, 101'000)) ++allowed;
  EXPECT_LE(allowed, 300);  // ten seconds' worth
}

TEST(RetryTokens, AreNotHoardedWhileThereAreNoRequests) {
  const RetryBudget budget{0.2, 10};
  RetryTokens tokens;
  tokens.deposit(budget, 1'000);
  int allowed = 0;
  while (tokens.withdraw(budget, 3'600'000)) ++allowed;
  EXPECT_LE(allowed, 11);
}

}  // namespace
}  // namespace levee
