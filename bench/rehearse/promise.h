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

// How late the generator, and not the target, may be to blame for what it measured.
enum class Excuse : unsigned char {
  kLate,         // its lag is part of what is measured
  kSecondsLate,  // what it kept back for seconds came all at once, or after the target had given it up
  kNone,         // wrong whenever it was asked for
};
struct Measure {
  std::string_view name;
  Unit unit;
  Excuse excuse;
  std::string_view help;
};
// All that can be promised: at most so much.
constexpr std::array kMeasures{
    Measure{"start_up_p99", Unit::kTime, Excuse::kLate, "from joining to the first frame"},
    Measure{"segment_first_byte_p99", Unit::kTime, Excuse::kLate, "of a segment, from when it was due"},
    Measure{"request_first_byte_p99", Unit::kTime, Excuse::kLate, "of a plain request, from when it was due"},
    Measure{"request_whole_p99", Unit::kTime, Excuse::kLate, "last byte of a plain request, from when it was due"},
    Measure{"stalled_viewers", Unit::kShare, Excuse::kLate, "viewers who saw a stall"},
    Measure{"stall_seconds_per_hour", Unit::kNumber, Excuse::kLate, "seconds of stall for each hour watched"},
    Measure{"not_started", Unit::kShare, Excuse::kLate, "viewers without a frame 5 s after joining"},
    Measure{"errors", Unit::kShare, Excuse::kSecondsLate, "requests without a good answer"},
    Measure{"wrong_bodies", Unit::kNumber, Excuse::kNone, "bodies that differ from what the origin sent"},
    Measure{"origin_amplification", Unit::kNumber, Excuse::kSecondsLate, "the origin's requests by the least possible"},
    Measure{"origin_concurrency", Unit::kNumber, Excuse::kSecondsLate, "requests at the origin at a time"},
    Measure{"origin_requests", Unit::kNumber, Excuse::kSecondsLate, "requests of the origin in all"},
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
  std::vector<Judged> judged;         // in the plan's order
  std::optional<size_t> first;        // of `judged`: the broken one that broke first
  std::vector<std::string> untested;  // what the plan wanted and did not get: "not one viewer saw a frame"
};

// How late the generator itself was.
struct Lateness {
  double p99_ms = 0;
  double most_ms = 0;
  double waited = 0;  // share of the requests that waited for one of its connections

  // Whether it may be to blame for what it measured of this kind.
  bool excuses(Excuse excuse) const;
};
constexpr double kLagMostMs = 50;          // at p99
constexpr double kSecondsLateMs = 1000.0;  // once
constexpr double kWaitedMost = 0.01;       // with more, a p99 is one of theirs

// `seconds`: the running values at the end of each second; the last are those that count. A time that without the
// generator's lag would be within its promise is not judged. With anything untested, promises can break and not hold.
Verdict judge(const std::vector<Promise>& promises, const std::vector<Values>& seconds, const Lateness& late,
              std::vector<std::string> untested = {});

}  // namespace levee::bench
