#include "bench/rehearse/promise.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace levee::bench {
namespace {

bool is_broken(const Promise& promise, const Values& values) {
  const auto& value = values[promise.measure];
  return value && *value > promise.most;
}

// The first second from which on it was broken until the end.
size_t broken_since(const Promise& promise, const std::vector<Values>& seconds) {
  size_t since = seconds.size() - 1;
  while (since > 0 && is_broken(promise, seconds[since - 1])) --since;
  return since;
}

Judged judge_one(const Promise& promise, const std::vector<Values>& seconds, const Lateness& late) {
  Judged judged;
  judged.promise = promise;
  if (!seconds.empty()) judged.value = seconds.back()[promise.measure];
  if (!judged.value) {
    judged.kind = Judged::Kind::kUnknown;
  } else if (is_broken(promise, seconds.back())) {
    const Measure& measure = kMeasures[promise.measure];
    const bool by_lag = measure.unit == Unit::kTime && *judged.value - late.p99_ms <= promise.most;
    judged.kind = by_lag || late.excuses(measure.excuse) ? Judged::Kind::kUnjudged : Judged::Kind::kBroken;
    judged.second = broken_since(promise, seconds);
  }
  return judged;
}

}  // namespace

bool Lateness::excuses(Excuse excuse) const {
  switch (excuse) {
    case Excuse::kLate:
      return p99_ms > kLagMostMs || most_ms > kSecondsLateMs || waited > kWaitedMost;
    case Excuse::kSecondsLate:
      return most_ms > kSecondsLateMs;
    case Excuse::kNone:
      return false;
  }
  return false;
}

std::optional<size_t> measure_named(std::string_view name) {
  for (size_t i = 0; i < kMeasures.size(); ++i) {
    if (kMeasures[i].name == name) return i;
  }
  return std::nullopt;
}

std::string with_unit(double value, Unit unit) {
  std::array<char, 40> text{};
  const auto print = [&text](const char* format, double number) {
    std::snprintf(text.data(), text.size(), format, number);
    return std::string(text.data());
  };
  switch (unit) {
    case Unit::kTime:
      if (value >= 10'000) return print("%.1f s", value / 1000);
      return print(value < 10 ? "%.1f ms" : "%.0f ms", value);
    case Unit::kShare:
      return print(value > 0 && value < 0.01 ? "%.3f %%" : "%.1f %%", value * 100);
    case Unit::kNumber:
      return print(value == std::floor(value) ? "%.0f" : "%.2f", value);
  }
  return {};
}

Verdict judge(const std::vector<Promise>& promises, const std::vector<Values>& seconds, const Lateness& late,
              std::vector<std::string> untested) {
  Verdict verdict;
  bool doubtful = !untested.empty();
  verdict.untested = std::move(untested);
  for (const Promise& promise : promises) {
    const Judged judged = judge_one(promise, seconds, late);
    const bool broke = judged.kind == Judged::Kind::kBroken;
    if (broke || judged.kind == Judged::Kind::kUnknown) verdict.kind = Verdict::Kind::kBreaks;
    doubtful = doubtful || judged.kind == Judged::Kind::kUnjudged;
    verdict.judged.push_back(judged);
    if (broke && (!verdict.first || *judged.second < *verdict.judged[*verdict.first].second)) {
      verdict.first = verdict.judged.size() - 1;
    }
  }
  if (verdict.kind == Verdict::Kind::kHolds && doubtful) verdict.kind = Verdict::Kind::kNone;
  return verdict;
}

}  // namespace levee::bench
