#include "proxy/origin/breaker.h"

#include <algorithm>

namespace levee {

ServerBreaker::State ServerBreaker::state(int64_t now) const {
  if (open_until_ == 0) return State::kClosed;
  return now < open_until_ ? State::kOpen : State::kHalfOpen;
}

bool ServerBreaker::admits(int64_t now) const {
  const State current = state(now);
  return current == State::kClosed || (current == State::kHalfOpen && !trial_);
}

bool ServerBreaker::start(int64_t now) {
  if (state(now) != State::kHalfOpen) return false;
  trial_ = true;
  return true;
}

void ServerBreaker::succeeded(const Breaker& limits, int64_t now) {
  trial_ = false;
  row_ = 0;
  // A success of a request from before it opened says nothing on the server now.
  if (state(now) == State::kOpen) return;
  if (open_until_ != 0) {
    open_until_ = pause_ = 0;
    all_ = bad_ = last_all_ = last_bad_ = 0;
    window_start_ = now;
  }
  roll(limits, now);
  ++all_;
}

void ServerBreaker::failed(const Breaker& limits, int64_t now, bool unreachable, int64_t retry_after, double dice) {
  const State current = state(now);
  trial_ = false;
  if (!limits.enabled || current == State::kOpen) return;
  if (current == State::kHalfOpen) return open(limits, now, retry_after, dice);
  roll(limits, now);
  ++all_;
  ++bad_;
  if (unreachable) ++row_;
  const uint32_t all = all_ + last_all_, bad = bad_ + last_bad_;
  const bool ratio =
      limits.ratio > 0 && all >= kMinVolume && static_cast<double>(bad) >= limits.ratio * static_cast<double>(all);
  if (ratio || (limits.failures > 0 && row_ >= limits.failures)) open(limits, now, retry_after, dice);
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

void ServerBreaker::open(const Breaker& limits, int64_t now, int64_t retry_after, double dice) {
  const int64_t most = std::max<int64_t>(limits.max_backoff.count(), 1);
  pause_ = std::clamp<int64_t>(pause_ == 0 ? limits.backoff.count() : pause_ * 2, 1, most);
  const auto jittered = static_cast<int64_t>(static_cast<double>(pause_) * (0.8 + 0.4 * dice));
  open_until_ = now + std::max<int64_t>({jittered, std::min(retry_after, most), 1});
  row_ = 0;
  ++openings_;
}

}  // namespace levee
