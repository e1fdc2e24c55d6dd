// What a rehearsal promises, and whether it was kept. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace levee::bench {

enum class Unit : unsigned char { kTime, kShare, kNumber };

struct Measure {
  std::string_view name;
  Unit unit;
  bool is_of_time;  // the generator's own lag makes it worse than it was
  std::string_view help;
};
// All that can be promised: at most so much.
constexpr std::array kMeasures{
    Measure{"start_up_p99", Unit::kTime, true, "from joining to the first frame"},
    Measure{"segment_first_byte_p99", Unit::kTime, true, "of a segment, from when it was due"},
    Measure{"request_first_byte_p99", Unit::kTime, true, "of a plain request, from when it was due"},
    Measure{"request_whole_p99", Unit::kTime, true, "last byte of a plain request, from when it was due"},
    Measure{"stalled_viewers", Unit::kShare, true, "viewers who saw a stall"},
    Measure{"stall_seconds_per_hour", Unit::kNumber, true, "seconds of stall for each hour watched"},
    Measure{"not_started", Unit::kShare, true, "viewers without a frame 5 s after joining"},
    Measure{"errors", Unit::kShare, false, "requests without a good answer"},
    Measure{"wrong_bodies", Unit::kNumber, false, "bodies that differ from what the origin sent"},
    Measure{"origin_amplification", Unit::kNumber, false, "the origin's requests by the least possible"},
    Measure{"origin_concurrency", Unit::kNumber, false, "requests at the origin at a time"},
    Measure{"origin_requests", Unit::kNumber, false, "requests of the origin in all"},
};
// The values of all measures at one moment, milliseconds, shares or numbers; nothing for what nobody could measure.
using Values = std::array<std::optional<double>, kMeasures.size()>;

struct Promise {
  size_t measure = 0;  // its place in kMeasures
  double most = 0;
  int line = 0;
};

// Nothing for what is no measure.
std::optional<size_t> measure_named(std::string_view name);
// "312 ms", "4.0 %", "17".
std::string with_unit(double value, Unit unit);

struct Judged {
  enum class Kind : unsigned char {
    kKept,
    kBroken,
    kUnknown,   // nothing measured it: it is not kept
    kUnjudged,  // it was broken, but the generator was so late that it may be to blame
  };
  Promise promise;
  Kind kind = Kind::kKept;
  std::optional<double> value;   // at the end
  std::optional<size_t> second;  // of one that broke: since when it stayed so
};

struct Verdict {
  enum class Kind : unsigned char { kHolds, kBreaks, kNone };
  Kind kind = Kind::kHolds;
  std::vector<Judged> judged;   // in the plan's order
  std::optional<size_t> first;  // of `judged`: the broken one that broke first
};

// `seconds`: the running values at the end of each second; the last are those that count. `lag_ms`: of the generator,
// at its p99.
Verdict judge(const std::vector<Promise>& promises, const std::vector<Values>& seconds, double lag_ms);

constexpr double kLagMostMs = 50;

}  // namespace levee::bench
