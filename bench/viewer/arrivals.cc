#include "bench/viewer/arrivals.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

namespace levee::bench {
namespace {

using Random = std::mt19937_64;  // the same numbers everywhere, unlike the library's distributions

// 0 to 1, without 1.
double chance(Random& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

// The moment, in microseconds after `at`, of the `i`th of `count`.
int64_t offset_us(const Arrival& arrival, uint32_t i, Random& random) {
  const double place = arrival.count > 0 ? static_cast<double>(i) / arrival.count : 0;
  const auto over = static_cast<double>(arrival.over_ms) * 1000;
  switch (arrival.shape) {
    case Arrival::Shape::kRamp:
    case Arrival::Shape::kLeave:
    case Arrival::Shape::kRejoin:
      return std::llround(over * place);
    case Arrival::Shape::kFlash:  // an exponential rise, cut off where 99 % have come
      return std::llround(over * std::log1p(-0.99 * place) / std::log1p(-0.99));
    case Arrival::Shape::kDrift:
      return std::llround(over * chance(random));
    case Arrival::Shape::kStep:
      return 0;
  }
  return 0;
}

// Who watches at `at_us`, in order of their numbers.
std::vector<uint32_t> watching(const std::vector<Coming>& comings, int64_t at_us) {
  std::vector<Coming> until;
  std::copy_if(comings.begin(), comings.end(), std::back_inserter(until),
               [at_us](const Coming& coming) { return coming.at_us < at_us; });
  std::stable_sort(until.begin(), until.end(), [](const Coming& a, const Coming& b) { return a.at_us < b.at_us; });
  std::set<uint32_t> present;
  for (const Coming& coming : until) {
    if (coming.joins) {
      present.insert(coming.viewer);
    } else {
      present.erase(coming.viewer);
    }
  }
  return {present.begin(), present.end()};
}

void add_new(const Arrival& arrival, uint32_t& next, Random& random, std::vector<Coming>& comings) {
  for (uint32_t i = 0; i < arrival.count; ++i) {
    const int64_t at = arrival.at_ms * 1000 + offset_us(arrival, i, random);
    comings.push_back({at, next, true});
    if (arrival.stay_ms > 0) {
      const double stay = -std::log1p(-chance(random)) * static_cast<double>(arrival.stay_ms) * 1000;
      comings.push_back({at + 1 + std::llround(stay), next, false});
    }
    ++next;
  }
}

// When those who are to leave at `at_us` or later do so.
std::map<uint32_t, int64_t> leaving_from(const std::vector<Coming>& comings, int64_t at_us) {
  std::map<uint32_t, int64_t> moments;
  for (const Coming& coming : comings) {
    if (coming.joins || coming.at_us < at_us) continue;
    const auto [found, is_new] = moments.emplace(coming.viewer, coming.at_us);
    if (!is_new) found->second = std::min(found->second, coming.at_us);
  }
  return moments;
}

// Those who leave are spread over the audience, not its first ones. Whoever would have left by himself while he is away
// does not come back.
void add_leaving(const Arrival& arrival, Random& random, std::vector<Coming>& comings) {
  const int64_t at = arrival.at_ms * 1000;
  std::vector<uint32_t> present = watching(comings, at);
  for (size_t i = present.size(); i > 1; --i) std::swap(present[i - 1], present[random() % i]);
  present.resize(static_cast<size_t>(std::llround(arrival.share * static_cast<double>(present.size()))));
  Arrival counted = arrival;
  counted.count = static_cast<uint32_t>(present.size());
  const bool returns = arrival.shape == Arrival::Shape::kRejoin;
  // Whoever was to leave later by himself does not: he has left already.
  const std::set<uint32_t> leaving(present.begin(), present.end());
  std::erase_if(
      comings, [&](const Coming& coming) { return !returns && coming.at_us >= at && leaving.contains(coming.viewer); });
  const auto ends = leaving_from(comings, at);
  for (uint32_t i = 0; i < counted.count; ++i) {
    const int64_t offset = offset_us(counted, i, random);
    comings.push_back({returns ? at : at + offset, present[i], false});
    const int64_t back = at + 1 + arrival.away_ms * 1000 + offset;
    const auto end = ends.find(present[i]);
    if (returns && (end == ends.end() || end->second > back)) comings.push_back({back, present[i], true});
  }
}

}  // namespace

std::vector<Coming> schedule(const std::vector<Arrival>& arrivals, uint32_t seed) {
  Random random(seed);
  std::vector<Coming> comings;
  uint32_t next = 0;
  std::vector<Arrival> by_time = arrivals;
  std::stable_sort(by_time.begin(), by_time.end(),
                   [](const Arrival& a, const Arrival& b) { return a.at_ms < b.at_ms; });
  for (const Arrival& arrival : by_time) {
    const bool is_new = arrival.shape != Arrival::Shape::kRejoin && arrival.shape != Arrival::Shape::kLeave;
    if (is_new) {
      add_new(arrival, next, random, comings);
    } else {
      add_leaving(arrival, random, comings);
    }
  }
  std::stable_sort(comings.begin(), comings.end(), [](const Coming& a, const Coming& b) { return a.at_us < b.at_us; });
  return comings;
}

uint32_t viewers_in(const std::vector<Coming>& comings) {
  uint32_t count = 0;
  for (const Coming& coming : comings) count = std::max(count, coming.viewer + 1);
  return count;
}

uint32_t most_at_once(const std::vector<Coming>& comings) {
  std::set<uint32_t> present;
  size_t most = 0;
  for (const Coming& coming : comings) {
    if (coming.joins) {
      present.insert(coming.viewer);
    } else {
      present.erase(coming.viewer);
    }
    most = std::max(most, present.size());
  }
  return static_cast<uint32_t>(most);
}

}  // namespace levee::bench
