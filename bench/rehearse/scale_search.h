// Which audience to try next, in times the plan's: grows while plans hold, then halves the gap. Pure.
#pragma once

#include <algorithm>
#include <cmath>

namespace levee::bench {

class ScaleSearch {
 public:
  explicit ScaleSearch(double most) : most_(most) {}

  double next() const {
    if (worst_ == 0) return best_ == 0 ? std::min(1.0, most_) : std::min(best_ * growth_, most_);
    return best_ == 0 ? worst_ / 2 : std::sqrt(best_ * worst_);
  }
  // `spare`: how many times as much the busiest of those who took part could have borne, as far as one can tell from
  // how busy they were. It makes the first steps wider; the search never relies on it.
  void tell(bool held, double spare = 1) {
    (held ? best_ : worst_) = next();
    growth_ = std::clamp(spare * 0.7, 2.0, 8.0);
  }
  // Whether the gap is within a tenth, or the most is reached.
  bool is_over() const {
    if (best_ >= most_) return true;
    if (worst_ == 0) return false;
    return best_ == 0 ? worst_ < 2 * kLeast : worst_ / best_ < kClose;
  }
  double best() const { return best_; }  // the largest that held; 0: none

 private:
  static constexpr double kLeast = 1.0 / 16;
  static constexpr double kClose = 1.1;
  const double most_;
  double growth_ = 2;
  double best_ = 0;
  double worst_ = 0;  // the smallest that did not hold; 0: none
};

}  // namespace levee::bench
