#include "proxy/origin/limiter.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace levee {
namespace {

constexpr int64_t kBucketLength = 3000;            // ms
constexpr uint32_t kLeast = 8, kMost = 64;         // samples in a window
constexpr uint32_t kTrips = 2;                     // round trips that show how long a queue is
constexpr uint32_t kLeastClimbing = 3;             // the same while the limit is below what it may be
constexpr int64_t kLongestWindow = 1000;           // ms, once kLeast samples are there
constexpr double kSlow = 3;                        // times the usual
constexpr uint32_t kFew = 8;                       // one of so many
constexpr double kChance = 1.5;                    // standard errors that are taken for chance
constexpr double kBound = 3;                       // the same for the baseline, which is the least of many
constexpr double kTolerance = 1.06, kSlack = 0.5;  // above the baseline: a factor, and ms
constexpr double kLongestSettling = 1000;          // ms
constexpr double kCertain = 3;                     // standard errors between what a queue and what none would show
constexpr int64_t kLongestDoubt = 3000;            // ms
constexpr double kMoreToDo = 1.5;                  // times what a window has had
constexpr double kDrop = 0.9;
constexpr double kSame = 0.92;                    // of the mean before: it did not fall with the limit
constexpr double kEmptied = 0.75;                 // of the mean where it began to come down: there was a queue
constexpr int64_t kEmptying = 3000;               // ms in which what comes down further is part of the same
constexpr double kLess = 0.06;                    // than the most that the origin did: so much less is no chance
constexpr double kRounding = 0.35;                // up to the next whole limit
constexpr double kFirstStep = 0.9, kStep = 0.75;  // down, at least
constexpr double kNear = 1.03;                    // below the baseline: a factor that is taken for chance
// ms that a ceiling holds at first: one that the limit grew into, or came down to when it emptied a queue; one that may
// go up again, because more was carried before; one that failures have shown.
constexpr int64_t kHold = 30'000, kHoldFallen = 2'000, kHoldFailed = 2'500, kLongestHold = 60'000,
                  kLongestHoldFallen = 8'000;
constexpr int64_t kPeriod = 3000;  // ms; two of them without use bring a limit down

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
  const uint32_t before = limit_;
  if (longest_ == 0 && ceiling_ == 0) limit_ = std::max<uint32_t>(rule.initial, 1);
  limit_ = std::clamp(limit_, rule_.min, rule_.max);
  if (limit_ == before) return;
  // What is being measured is of another limit.
  end_descent();
  window_ = {};
  grew_ = false;
}

// A climbing limit is judged by one round trip of what it allows; a settled one, and one that goes beyond what was too
// much before, by several. Below a known ceiling few samples do.
uint32_t Limiter::wanted() const {
  if (descent_limit_ > 0) return std::clamp(2 * limit_, 2 * kLeast, kMost);
  if (!is_climbing() || is_trying()) return std::clamp(4 * limit_, 2 * kLeast, kMost);
  return std::clamp(limit_, ceiling_ > 0 ? kLeastClimbing : kLeast, kMost);
}

// Until those that began under this limit come back as they went out, the quick ones are in the majority.
bool Limiter::is_settling(int64_t now) const {
  return longest_ > 0 && static_cast<double>(now - changed_) < std::min(longest_, kLongestSettling);
}

void Limiter::begin(uint32_t in_flight, int64_t now) {
  if (!rule_.adaptive) return;
  const int64_t current = now / kPeriod;
  for (int64_t passed = period_ == 0 ? 0 : std::min<int64_t>(current - period_, 32); passed > 0; --passed) {
    const uint32_t least = std::max(rule_.initial, 2 * std::max(used_, used_before_));
    if (limit_ > least) {
      end_descent();
      grew_ = false;
      change(std::max(limit_ / 2, least), now);
    }
    used_before_ = std::exchange(used_, in_flight);
  }
  period_ = std::max(period_, current);  // another thread's time may be a little behind
  used_ = std::max(used_, in_flight + 1);
}

void Limiter::sample(int64_t started, int64_t now, uint32_t in_flight) {
  if (!rule_.adaptive) return;
  if (started < changed_) return;
  good_since_cut_ = true;
  if (is_settling(now)) return;
  // What was measured while the origin had much less to do says nothing of what it has now.
  if (!window_.is_empty() && in_flight > window_.peak * kMoreToDo) window_ = {};
  if (window_.is_empty()) window_.began = now;
  const auto time = static_cast<double>(std::max<int64_t>(now - started, 0));
  const bool is_slow = usual_ > 0 && time > kSlow * usual_ + kSlack;
  (is_slow ? window_.slow : window_.quick).add(time);
  window_.peak = std::max(window_.peak, in_flight);
  if (is_enough(now)) close_window(now);
}

void Limiter::Samples::add(double time) {
  ++count;
  sum += time;
  squares += time * time;
  longest = std::max(longest, time);
}

Limiter::Samples Limiter::Window::said() const {
  if (slow.count * kFew <= quick.count + slow.count) return quick;
  return {quick.count + slow.count, quick.sum + slow.sum, quick.squares + slow.squares,
          std::max(quick.longest, slow.longest)};
}

double Limiter::Window::mean() const {
  const Samples all = said();
  return all.sum / all.count;
}

double Limiter::Window::error() const {
  const Samples all = said();
  if (all.count < 2) return 0;
  return std::sqrt(std::max(0.0, (all.squares - all.sum * mean()) / (all.count - 1)) / all.count);
}

// Whether the window looks like a queue at the origin, with what is granted to chance. Beyond a known ceiling it is
// nothing: there a queue is what is to be expected, and one more fetch makes a short one.
bool Limiter::is_queueing() const {
  return is_queueing(is_trying() ? 0 : kChance);
}

// The same, though so many standard errors are granted.
bool Limiter::is_queueing(double chance) const {
  if (baseline_ == 0 || limit_ <= rule_.min) return false;
  return window_.mean() - chance * window_.error() > baseline_ * kTolerance + kSlack;
}

// What is decided must not be left to chance: a window in doubt goes on.
bool Limiter::is_enough(int64_t now) const {
  const int64_t elapsed = now - window_.began;
  const uint32_t count = window_.count();
  if (count < wanted() && (count < kLeast || elapsed < kLongestWindow)) return false;
  if (elapsed >= kLongestDoubt) return true;
  if (static_cast<double>(elapsed) < std::min(longest_, kLongestSettling)) return false;
  if (descent_limit_ == 0) {
    const bool queueing = is_queueing();
    if (queueing && count < kTrips * std::clamp(limit_, kLeast, kMost / kTrips)) return false;
    return queueing == is_queueing(kCertain);
  }
  return window_.error() * kCertain <= descent_mean_ * (1 - limit_ / descent_limit_);
}

void Limiter::dropped(int64_t started, int64_t now) {
  if (!rule_.adaptive || started < changed_) return;  // one cut for all that started under the same limit
  end_descent();
  const double next = std::floor(limit_ * kDrop);
  if (good_since_cut_ || ceiling_ == 0) ceiling_ = std::max<double>(next, rule_.min);
  good_since_cut_ = false;
  hold_until_ = now + kHoldFailed;
  step_ = 1;
  grew_ = false;
  change(next, now);
}

void Limiter::close_window(int64_t now) {
  const uint32_t samples = window_.count();
  const double mean = window_.mean(), error = window_.error();
  const uint32_t peak = window_.peak;
  const bool used = peak * 10 >= limit_ * 8;
  const bool first = longest_ == 0, queueing = is_queueing();
  longest_ = std::max(window_.said().longest, longest_ * kDrop);
  usual_ = mean;
  window_ = {};
  if (first) {
    changed_ = now;
  } else if (descent_limit_ > 0) {
    look_down(mean, error, now, used);
  } else if (queueing) {
    descend(mean, now);
  } else {
    if (proven_) carried_ = std::max(carried_, peak);
    calm(mean, error, samples, now, used);
  }
}

void Limiter::calm(double mean, double error, uint32_t count, int64_t now, bool used) {
  if (count >= kLeast) remember(mean + kBound * error, now);
  const bool held = !is_climbing() && now < hold_until_;
  if (!used || held || limit_ >= rule_.max) {
    grew_ = false;
    return;
  }
  proven_ = proven_ || (grew_ && grown_from_ > 0);
  grow(now);
}

void Limiter::grow(int64_t now) {
  const double half = std::max(1.0, std::floor(limit_ / 2.0));
  grew_ = true;
  grown_from_ = limit_;
  if (ceiling_ > 0 && limit_ < ceiling_) return change(std::min(limit_ + half, ceiling_), now);
  // Beyond a ceiling: by one, two, four, ... until it is known how far it goes.
  if (ceiling_ > 0) step_ = 1;
  const double step = step_ == 0 ? half : std::min(step_, half);
  step_ *= 2;
  ceiling_ = 0;
  change(limit_ + step, now);
}

// The more often the time to head has fallen with the limit, the longer was the queue, and the wider the steps.
void Limiter::descend(double mean, int64_t now) {
  if (descent_limit_ == 0) {
    top_ = limit_;
    top_mean_ = mean;
  }
  descent_limit_ = limit_;
  descent_mean_ = mean;
  rate_ = std::max(rate_, limit_ / mean);
  const double to = limit_ * std::clamp(baseline_ / mean, 0.5, fell_ == 0 ? kFirstStep : kStep);
  // Where it came from just now there was no queue, unless this one is longer than what was added since.
  const bool explained = grew_ && (mean - kSlack) * grown_from_ <= baseline_ * kTolerance * limit_;
  const double least = proven_ && explained && fell_ == 0 ? grown_from_ : 0;
  change(std::max(std::min(std::floor(to + kRounding), limit_ - 1.0), least), now);
}

// While there is a queue the time to head falls in proportion with the limit, and the origin does as much as before.
// Below that the time stays, and the origin does less. Which of the two is nearer?
bool Limiter::is_still_queueing(double mean, double error) const {
  if (proven_ && mean >= baseline_ / kNear && mean <= baseline_ * kTolerance + kSlack) return false;
  const bool nearer = mean <= descent_mean_ * (1 + limit_ / descent_limit_) / 2 + kSlack;
  return nearer && limit_ / (mean - kSlack) >= rate_ * (1 - std::max(kLess, kChance * error / mean));
}

void Limiter::look_down(double mean, double error, int64_t now, bool used) {
  const bool doubtful = kCertain * error > descent_mean_ * (1 - limit_ / descent_limit_);
  const bool queueing = is_still_queueing(mean, error) || (doubtful && proven_ && fell_ == 0);
  if (used && queueing && limit_ > rule_.min) {
    remember(mean + kBound * error, now);
    ++fell_;
    return descend(mean, now);
  }
  // It became longer though the limit went down: the queue was not at its end yet when it was found.
  if (used && mean > descent_mean_ * kTolerance + kSlack && limit_ > rule_.min && fell_ == 0) {
    end_descent();
    return descend(mean, now);
  }
  // Little's law: what it did at most, in the time that one takes without a queue.
  const double carried = std::clamp<double>(queueing ? limit_ : std::floor(rate_ * mean + kRounding), limit_, top_);
  if (!queueing && mean >= kSame * top_mean_) {
    buckets_.fill(0);
    baseline_ = 0;
    proven_ = false;
  } else if (used) {
    proven_ = proven_ || !queueing;
    settle(carried, mean < kEmptied * top_mean_, now);
  }
  remember(mean + kBound * error, now);
  end_descent();
  change(carried, now);
}

void Limiter::end_descent() {
  descent_limit_ = rate_ = 0;
  fell_ = 0;
}

// The limit that the origin carries was found, from above. emptied: there was a long queue, and there is none now.
void Limiter::settle(double carried, bool emptied, int64_t now) {
  const bool again = std::abs(carried - settled_) <= std::max(1.0, settled_ / 8);
  if (emptied) emptied_until_ = now + kEmptying;
  const bool fallen = !grew_ && (now >= emptied_until_ || carried < carried_);
  const int64_t first = fallen ? kHoldFallen : kHold;
  if (!again) fallen_ = fallen;
  hold_ = again && hold_ > 0 ? std::min(2 * hold_, fallen_ ? kLongestHoldFallen : kLongestHold) : first;
  settled_ = carried;
  ceiling_ = carried;
  hold_until_ = now + hold_;
  grew_ = false;
}

void Limiter::change(double limit, int64_t now) {
  const auto next = static_cast<uint32_t>(std::clamp<double>(limit, rule_.min, rule_.max));
  if (next != limit_) changed_ = now;
  limit_ = next;
  window_ = {};
}

void Limiter::remember(double bound, int64_t now) {
  const int64_t current = now / kBucketLength;
  const bool next = current > period_of_bucket_;
  if (next) bucket_ = (bucket_ + 1) % kBuckets;
  period_of_bucket_ = std::max(period_of_bucket_, current);
  double& bucket = buckets_[bucket_];
  bucket = next || bucket == 0 ? bound : std::min(bucket, bound);
  double least = bound;
  for (const double known : buckets_) {
    if (known > 0) least = std::min(least, known);
  }
  // Down at once, up slowly: a tenth a bucket at most.
  if (baseline_ == 0 || least < baseline_) {
    baseline_ = least;
  } else if (next) {
    baseline_ = std::min(least, baseline_ * 1.1);
  }
}

}  // namespace levee
