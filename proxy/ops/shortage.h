// Whether one of the edge's own means runs short, with hysteresis, so that it does not flap: it begins when the
// threshold has been reached all through a while, and ends when well less than that has been used all through another.
//
// Pure, time is passed in (ms).
#pragma once

#include <cstdint>

namespace levee {

class Shortage {
 public:
  // onset: ms that it must last before it counts. relief: the part of the threshold below which there is enough again.
  constexpr Shortage(int64_t onset, double relief) : onset_(onset), relief_(relief) {}

  // used: as a part of the threshold. True: is_short() has changed.
  bool observe(double used, int64_t now);
  bool is_short() const { return short_; }

 private:
  static constexpr int64_t kCalm = 1000;  // ms
  int64_t onset_;
  double relief_;
  bool short_ = false;
  bool turning_ = false;  // what has been seen since `since_` speaks for the other state
  int64_t since_ = 0;
};

}  // namespace levee
