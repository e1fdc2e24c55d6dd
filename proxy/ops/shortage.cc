#include "proxy/ops/shortage.h"

namespace levee {

bool Shortage::observe(double used, int64_t now) {
  const bool turns = short_ ? used < relief_ : used >= 1;
  if (!turns) {
    turning_ = false;
    return false;
  }
  if (!turning_) {
    turning_ = true;
    since_ = now;
  }
  if (now - since_ < (short_ ? kCalm : onset_)) return false;
  short_ = !short_;
  turning_ = false;
  return true;
}

}  // namespace levee
