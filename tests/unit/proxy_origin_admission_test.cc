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
  ASSERT_TRUE(std::holds_alternative<Refused>(e));
  EXPECT_GE(std::get<Refused>(e).retry_after, 1000);
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
  EXPECT_EQ(admission->queue_timeout(Priority::kLive), 1000);
  EXPECT_EQ(admission->queue_timeout(Priority::kBackground), 60'000);
}

TEST_F(AdmissionTest, AnIdleSlotIsWantedBackOnlyIfOthersWaitAndSuchHaveMoreThanHalf) {
  auto a = ask(1), b = ask(2);
  auto &first = std::get<Permit>(a), &second = std::get<Permit>(b);
  first.idle(true);
  second.idle(true);
  EXPECT_FALSE(first.is_wanted_back());  // nobody waits
  auto c = ask(3);
  EXPECT_TRUE(first.is_wanted_back());
  EXPECT_EQ(admission->snapshot().in_flight, 2U);  // it is still a slot
  second.idle(false);
  EXPECT_FALSE(second.is_wanted_back());
  EXPECT_FALSE(first.is_wanted_back());  // it has half of them
  second.idle(true);
  a = Refused{};
  EXPECT_EQ(admission->snapshot().idle, 1U);
  EXPECT_EQ(std::get<Place>(c).claim(permit), Place::Standing::kGranted);
}

TEST_F(AdmissionTest, AReloadThatRaisesTheLimitLetsThoseInWhoWait) {
  auto a = ask(1), b = ask(2), c = ask(3);
  upstream.concurrency->initial = 3;
  admission->apply(upstream);
  EXPECT_EQ(std::get<Place>(c).claim(permit), Place::Standing::kGranted);
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
