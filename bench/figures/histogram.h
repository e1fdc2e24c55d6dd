// Counts values by size, to within 1.6 %, in fixed memory: a log-linear (HDR) histogram.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace levee::bench {

class Histogram {
 public:
  // `value`: of any unit, here microseconds. Values past 2^40 count as that.
  void record(int64_t value, uint64_t count = 1) {
    if (count == 0) return;
    const auto kept = static_cast<uint64_t>(std::clamp<int64_t>(value, 0, kMost));
    counts_[slot(kept)] += count;
    count_ += count;
    sum_ += static_cast<double>(kept) * static_cast<double>(count);
    max_ = std::max(max_, kept);
    min_ = std::min(min_, kept);
  }
  void merge(const Histogram& other) {
    for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
    min_ = std::min(min_, other.min_);
  }

  uint64_t count() const { return count_; }
  uint64_t max() const { return max_; }
  uint64_t min() const { return count_ == 0 ? 0 : min_; }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  // The least value that at least `share` (0 to 1) of all do not exceed; 0 when there are none.
  uint64_t at(double share) const {
    const auto wanted = static_cast<uint64_t>(share * static_cast<double>(count_) + 0.999999);
    uint64_t seen = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted && counts_[i] > 0) return std::min(most_in(i), max_);
    }
    return max_;
  }

 private:
  static constexpr size_t kLinear = 64;  // values below are exact; above, each power of two has this many slots
  static constexpr int kLinearBits = 6;
  static constexpr int kBits = 40;
  static constexpr int64_t kMost = (int64_t{1} << kBits) - 1;

  static size_t slot(uint64_t value) {
    const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kLinearBits - 1);
    return static_cast<size_t>(shift) * kLinear + static_cast<size_t>(value >> shift);
  }
  static uint64_t most_in(size_t slot) {
    if (slot < 2 * kLinear) return slot;
    const size_t shift = slot / kLinear - 1;
    return ((slot - shift * kLinear + 1) << shift) - 1;
  }

  std::array<uint64_t, kLinear*(kBits - kLinearBits + 1)> counts_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
  uint64_t min_ = UINT64_MAX;
  double sum_ = 0;
};

}  // namespace levee::bench
