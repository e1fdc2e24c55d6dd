// How many retries an upstream may have: a share of its requests, and a few a second in any case. Finagle's budget.
//
// Pure, time is passed in (ms). Guarded by its upstream's mutex.
#pragma once

#include <algorithm>
#include <cstdint>

#include "conf/upstream.h"

namespace levee {

class RetryTokens {
 public:
  void deposit(const RetryBudget& budget, int64_t now) {
    refill(budget, now);
    tokens_ = std::min(tokens_ + budget.ratio, most(budget));
  }
  bool withdraw(const RetryBudget& budget, int64_t now) {
    refill(budget, now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  static constexpr double kSeconds = 10;  // what is not used is kept so long
  static double most(const RetryBudget& budget) {
    return std::max(1.0, kSeconds * (budget.min_per_second + 100 * budget.ratio));
  }
  void refill(const RetryBudget& budget, int64_t now) {
    // A new budget starts with one second's worth.
    const int64_t elapsed = refilled_ == 0 ? 1000 : std::max<int64_t>(now - refilled_, 0);
    refilled_ = now;
    const double add = budget.min_per_second * static_cast<double>(std::min<int64_t>(elapsed, 1000)) / 1000;
    tokens_ = std::max(tokens_, std::min(tokens_ + add, std::max(1.0, static_cast<double>(budget.min_per_second))));
  }
  double tokens_ = 0;
  int64_t refilled_ = 0;
};

}  // namespace levee
