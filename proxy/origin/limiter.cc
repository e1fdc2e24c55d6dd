#include "proxy/origin/limiter.h"

#include <algorithm>
#include <cmath>

namespace levee {
namespace {

constexpr int64_t kBucketLength = 3000;            // ms
constexpr uint32_t kLeast = 8, kMost = 64;         // samples in a window
constexpr int64_t kLongestWindow = 1000;           // ms, once kLeast samples are there
constexpr double kChance = 1.5;                    // standard errors that are taken for chance
constexpr double kTolerance = 1.06, kSlack = 0.5;  // above the baseline: a factor, and ms
constexpr double kDrop = 0.9;
constexpr double kSame = 0.92;                            // of the mean before: it did not fall with the limit
constexpr int64_t kHold = 10'000, kLongestHold = 60'000;  // ms

}  // namespace

Limiter::Limiter(const Concurrency& rule) : rule_(rule), limit_(std::max<uint32_t>(rule.initial, 1)) {
  apply(rule);
}

void Limiter::apply(const Concurrency& rule) {
  const bool became_fixed = !rule.adaptive;
  rule_ = rule;
  if (became_fixed) {
    limit_ = std::max<uint32_t>(rule.initial, 1);
    return;
  }
  rule_.min = std::max<uint32_t>(rule.min, 1);
  rule_.max = std::max(rule_.max == 0 ? 1000 : rule_.max, rule_.min);
  limit_ = std::clamp(limit_, rule_.min, rule_.max);
}

void Limiter::sample(int64_t started, int64_t now, uint32_t in_flight) {
  if (!rule_.adaptive || started < changed_) return;
  if (window_.count == 0) window_.began = now;
  const auto time = static_cast<double>(std::max<int64_t>(now - started, 0));
  ++window_.count;
  window_.sum += time;
  window_.squares += time * time;
  window_.peak = std::max(window_.peak, in_flight);
  const uint32_t wanted = std::clamp(4 * limit_, 2 * kLeast, kMost);
  if (window_.count >= wanted || (window_.count >= kLeast && now - window_.began >= kLongestWindow)) close_window(now);
}

void Limiter::dropped(int64_t started, int64_t now) {
  if (!rule_.adaptive || started < changed_) return;  // one cut for all that started under the same limit
  descent_limit_ = 0;
  const double next = std::floor(limit_ * kDrop);
  ceiling_ = std::max<double>(next, rule_.min);
  hold_until_ = now + kHold / 4;
  change(next, now);
}

void Limiter::close_window(int64_t now) {
  const double count = window_.count;
  const double mean = window_.sum / count;
  const double variance = std::max(0.0, (window_.squares - window_.sum * mean) / (count - 1));
  const double error = std::sqrt(variance / count);
  const bool used = window_.peak * 10 >= limit_ * 8;
  window_ = {};
  if (descent_limit_ > 0) {
    look_down(mean, error, now, used);
  } else if (baseline_ > 0 && limit_ > rule_.min && mean - kChance * error > baseline_ * kTolerance + kSlack) {
    descend(mean, now);
  } else {
    calm(mean, error, now, used);
  }
}

void Limiter::calm(double mean, double error, int64_t now, bool used) {
  remember(mean + kChance * error, now);
  if (!used || limit_ >= rule_.max) return;
  const double step = std::max(1.0, std::floor(std::sqrt(static_cast<double>(limit_))));
  if (ceiling_ > 0 && limit_ + 1 > ceiling_) {
    if (now < hold_until_) return;
    ceiling_ = limit_ + 1;
    change(limit_ + 1.0, now);
  } else {
    change(ceiling_ > 0 ? std::min(limit_ + step, std::max(ceiling_, limit_ + 1.0)) : limit_ + step, now);
  }
}

void Limiter::descend(double mean, int64_t now) {
  descent_limit_ = limit_;
  descent_mean_ = mean;
  change(std::min(std::floor(limit_ * std::clamp(baseline_ / mean, 0.5, 0.9) + 0.25), limit_ - 1.0), now);
}

void Limiter::look_down(double mean, double error, int64_t now, bool used) {
  const double proportion = limit_ / descent_limit_;
  const bool followed = mean - kChance * error <= descent_mean_ * proportion * kTolerance + kSlack;
  if (used && followed && limit_ > rule_.min) {
    remember(mean + kChance * error, now);
    return descend(mean, now);
  }
  const double carried = followed ? limit_ : std::floor(descent_limit_ * mean / descent_mean_ + 0.25);
  if (!followed && mean >= kSame * descent_mean_) {
    buckets_.fill(0);
    baseline_ = 0;
    ceiling_ = 0;
    hold_ = 0;
  } else if (used) {
    hold_ = hold_ == 0 ? kHold : std::min(2 * hold_, kLongestHold);
    hold_until_ = now + hold_;
    ceiling_ = std::clamp<double>(carried, limit_, descent_limit_);
  }
  remember(mean + kChance * error, now);
  const double back = std::clamp<double>(carried, limit_, descent_limit_);
  descent_limit_ = 0;
  change(back, now);
}

void Limiter::change(double limit, int64_t now) {
  const auto next = static_cast<uint32_t>(std::clamp<double>(limit, rule_.min, rule_.max));
  if (next != limit_) changed_ = now;
  limit_ = next;
  window_ = {};
}

void Limiter::remember(double bound, int64_t now) {
  const int64_t current = now / kBucketLength;
  const auto passed = static_cast<size_t>(std::clamp<int64_t>(current - bucket_, 0, kBuckets));
  for (size_t i = 0; i < passed; ++i) buckets_[static_cast<size_t>(current - static_cast<int64_t>(i)) % kBuckets] = 0;
  bucket_ = current;
  double& bucket = buckets_[static_cast<size_t>(current) % kBuckets];
  bucket = bucket == 0 ? bound : std::min(bucket, bound);
  double least = bound;
  for (const double known : buckets_) {
    if (known > 0) least = std::min(least, known);
  }
  // Down at once, up slowly: a tenth a bucket at most.
  if (baseline_ == 0 || least < baseline_) {
    baseline_ = least;
  } else if (passed > 0) {
    baseline_ = std::min(least, baseline_ * 1.1);
  }
}

}  // namespace levee
