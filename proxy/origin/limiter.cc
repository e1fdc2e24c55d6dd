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
  if (baseline_ > 0 && mean - kChance * error > baseline_ * kTolerance + kSlack) {
    congested(mean, now);
  } else {
    calm(mean, error, now, used);
  }
}

void Limiter::calm(double mean, double error, int64_t now, bool used) {
  remember(mean + kChance * error, now);
  episode_limit_ = 0;
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

void Limiter::congested(double mean, int64_t now) {
  if (episode_limit_ == 0) {
    episode_limit_ = limit_;
    episode_mean_ = mean;
  } else if ((limit_ <= episode_limit_ * 0.6 || limit_ <= rule_.min) && mean >= 0.85 * episode_mean_) {
    // Less load made it no faster: not our queue.
    buckets_.fill(0);
    baseline_ = mean;
    buckets_[static_cast<size_t>(bucket_) % kBuckets] = mean;
    ceiling_ = 0;
    hold_ = 0;
    change(episode_limit_, now);
    episode_limit_ = 0;
    return;
  }
  const double next = std::floor(limit_ * std::clamp(baseline_ / mean, 0.5, 1.0) + 0.25);
  hold_ = hold_ == 0 ? kHold : std::min(2 * hold_, kLongestHold);
  change(std::min(next, limit_ - 1.0), now);
  ceiling_ = limit_;
  hold_until_ = now + hold_;
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
