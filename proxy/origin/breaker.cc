#include "proxy/origin/breaker.h"

#include <algorithm>
#include <utility>

namespace levee {

ServerBreaker::State ServerBreaker::state(int64_t now) const {
  if (open_until_ == 0) return State::kClosed;
  return now < open_until_ ? State::kOpen : State::kHalfOpen;
}

bool ServerBreaker::admits(int64_t now) const {
  const State current = state(now);
  return current == State::kClosed || (current == State::kHalfOpen && now >= next_trial_);
}

bool ServerBreaker::start(int64_t now) {
  if (state(now) != State::kHalfOpen) return false;
  if (next_trial_ != 0) pause_ = std::min(2 * pause_, most_);  // the one before has not come back
  next_trial_ = now + pause_;
  trial_ = now;
  return true;
}

void ServerBreaker::succeeded(const Breaker& limits, int64_t now) {
  row_ = 0;
  resources_.clear();
  heard(now);
  // A success of a request from before it opened says nothing on the server now.
  if (state(now) == State::kOpen) return;
  if (open_until_ != 0) {
    open_until_ = pause_ = next_trial_ = 0;
    all_ = bad_ = last_all_ = last_bad_ = 0;
    window_start_ = now;
  }
  roll(limits, now);
  ++all_;
}

bool ServerBreaker::failed(const Breaker& limits, int64_t now, const Failure& failure, double dice) {
  const State current = state(now);
  if (!limits.enabled || current == State::kOpen) return false;
  // Another trial has begun since; what became of this one says nothing on the server now.
  if (current == State::kHalfOpen && failure.began < trial_) return false;
  if (current == State::kClosed) {
    roll(limits, now);
    ++all_;
    ++bad_;
    const uint32_t all = all_ + last_all_, bad = bad_ + last_bad_;
    const bool ratio =
        limits.ratio > 0 && all >= kMinVolume && static_cast<double>(bad) >= limits.ratio * static_cast<double>(all);
    if (!proves(limits, now, failure) && !ratio) return false;
  }
  open(limits, now, failure.retry_after, dice);
  return true;
}

// Whether this failure, after those before it, is the server's and not a resource's.
bool ServerBreaker::proves(const Breaker& limits, int64_t now, const Failure& failure) {
  if (limits.failures == 0) return false;
  switch (failure.kind) {
    case Failure::Kind::kUnreachable:
      return ++row_ >= limits.failures;
    case Failure::Kind::kTimeout:
      if (failure.resource == 0) return failure.began >= last_good_ || ++row_ >= limits.failures;
      if (failure.began >= last_good_ && (failure.others_wait || is_of_another(failure.resource))) return true;
      add(limits, failure.resource);
      return resources_.size() >= limits.failures;
    case Failure::Kind::kBad:
      add(limits, failure.resource);
      return resources_.size() >= limits.failures && (failure.retry_after > 0 || now - last_good_ >= silence());
  }
  return false;
}

// Whether another resource was bad since the last good answer.
bool ServerBreaker::is_of_another(uint64_t resource) const {
  return std::any_of(resources_.begin(), resources_.end(), [&](uint64_t known) { return known != resource; });
}

void ServerBreaker::add(const Breaker& limits, uint64_t resource) {
  const bool known = std::find(resources_.begin(), resources_.end(), resource) != resources_.end();
  if (!known && resources_.size() < limits.failures) resources_.push_back(resource);
}

void ServerBreaker::roll(const Breaker& limits, int64_t now) {
  const int64_t half = std::max<int64_t>(limits.window.count() / 2, 1);
  if (now - window_start_ < half) return;
  const bool adjacent = now - window_start_ < 2 * half;
  last_all_ = adjacent ? all_ : 0;
  last_bad_ = adjacent ? bad_ : 0;
  all_ = bad_ = 0;
  window_start_ = now;
}

// Somebody was answered well.
void ServerBreaker::heard(int64_t now) {
  if (last_good_ != 0) gap_ = std::max<int64_t>({gap_, now - last_good_, 1});
  last_good_ = now;
  if (now - gaps_since_ < kSilence) return;
  last_gap_ = std::exchange(gap_, 0);
  gaps_since_ = now;
}

// How long nobody must have been answered well until that is no chance, ms.
int64_t ServerBreaker::silence() const {
  if (last_gap_ == 0) return kSilence;
  return std::clamp(kGaps * std::max(gap_, last_gap_), kLeastSilence, kSilence);
}

void ServerBreaker::open(const Breaker& limits, int64_t now, int64_t retry_after, double dice) {
  const int64_t most = std::max<int64_t>(limits.max_backoff.count(), 1);
  pause_ = std::clamp<int64_t>(pause_ == 0 ? limits.backoff.count() : pause_ * 2, 1, most);
  const auto jittered = std::min(static_cast<int64_t>(static_cast<double>(pause_) * (0.75 + 0.5 * dice)), most);
  const int64_t asked = std::min(retry_after, std::max(kMostRetryAfter, most));
  most_ = most;
  open_until_ = now + std::max<int64_t>({jittered, asked, 1});
  next_trial_ = 0;
  row_ = 0;
  resources_.clear();
  ++openings_;
}

}  // namespace levee
