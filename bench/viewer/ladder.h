// Which rendition a player takes next, from how fast the last segments came: hls.js's rule. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace levee::bench {

class Ladder {
 public:
  // A segment of so many bytes took so long from its first to its last byte.
  void saw(uint64_t bytes, int64_t took_us) {
    const double bits = static_cast<double>(bytes) * 8;
    const double rate = bits * 1e6 / static_cast<double>(took_us < 1000 ? 1000 : took_us);
    estimate_ = estimate_ > 0 ? estimate_ + kWeight * (rate - estimate_) : rate;
  }
  double estimate() const { return estimate_ > 0 ? estimate_ : kFirstGuess; }

  // `bandwidths`: of the renditions, the lowest first; `now`: the one it has. Goes up only when there is much to spare.
  size_t choose(const std::vector<uint64_t>& bandwidths, size_t now) const {
    size_t best = 0;
    for (size_t i = 1; i < bandwidths.size(); ++i) {
      if (static_cast<double>(bandwidths[i]) <= estimate() * (i > now ? kUp : kStay)) best = i;
    }
    return best;
  }

 private:
  static constexpr double kFirstGuess = 500'000;  // bits a second
  static constexpr double kUp = 0.7, kStay = 0.95;
  static constexpr double kWeight = 0.3;  // of the newest segment
  double estimate_ = 0;
};

}  // namespace levee::bench
