// Miss ratios of eviction policies on traces as a live edge sees them: live alone, live with rewinding, live with
// VOD, VOD alone. Results are counters (requests and bytes missed, in per cent), not times.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "cache/eviction.h"

namespace levee {
namespace {

// ---- traces

struct Request {
  int64_t at;  // ms
  uint32_t object;
  uint32_t bytes;
};

struct Audience {
  int live_viewers = 0;
  double rewinding = 0;  // of the live viewers, so many are one to thirty minutes behind
  int vod_viewers = 0;
  double vod_skew = 0.9;
};

constexpr int64_t kDuration = 20 * 60 * 1000;
constexpr int64_t kWarm = kDuration / 3;
constexpr int64_t kSegment = 4000;
constexpr int kChannels = 60;
constexpr int kRenditions = 4;
constexpr std::array<uint32_t, kRenditions> kSegmentBytes = {250'000, 600'000, 1'400'000, 2'500'000};
constexpr int kTitles = 3000;
constexpr int kTitleSegments = 150;

class Zipf {
 public:
  Zipf(int count, double skew) {
    double sum = 0;
    for (int i = 1; i <= count; ++i) below_.push_back(sum += std::pow(i, -skew));
  }
  int operator()(std::mt19937_64& random) const {
    const double at = std::uniform_real_distribution<double>(0, below_.back())(random);
    return static_cast<int>(std::lower_bound(below_.begin(), below_.end(), at) - below_.begin());
  }

 private:
  std::vector<double> below_;
};

class TraceMaker {
 public:
  explicit TraceMaker(const Audience& audience) : audience_(audience) {}

  std::vector<Request> make() {
    live();
    vod();
    std::sort(requests_.begin(), requests_.end(), [](const Request& a, const Request& b) { return a.at < b.at; });
    return std::move(requests_);
  }

 private:
  void live() {
    const Zipf channel(kChannels, 1.0);
    std::uniform_real_distribution<double> unit;
    for (int i = 0; i < audience_.live_viewers; ++i) {
      const int place = channel(random_) * kRenditions + static_cast<int>(random_() % kRenditions);
      // Most play as close to the edge as their player's buffer allows, some further back, a few from the past.
      int64_t lag = static_cast<int64_t>(unit(random_) * 3 * kSegment);
      if (unit(random_) < 0.15) lag += 3 * kSegment;
      if (unit(random_) < audience_.rewinding) lag = 60'000 + static_cast<int64_t>(unit(random_) * 1'740'000);
      const int64_t until = kDuration;
      for (int64_t at = static_cast<int64_t>(unit(random_) * kSegment); at < until; at += kSegment) {
        const int64_t jittered = at + static_cast<int64_t>(unit(random_) * 1000);
        const int64_t segment = (at - lag) / kSegment + 1000;
        const auto object = static_cast<uint32_t>(segment * kChannels * kRenditions + place);
        requests_.push_back({jittered, object, kSegmentBytes[static_cast<size_t>(place % kRenditions)]});
      }
    }
  }
  void vod() {
    const Zipf title(kTitles, audience_.vod_skew);
    std::uniform_real_distribution<double> unit;
    for (int i = 0; i < audience_.vod_viewers; ++i) {
      int film = title(random_);
      int segment = static_cast<int>(random_() % kTitleSegments);
      for (int64_t at = static_cast<int64_t>(unit(random_) * kSegment); at < kDuration; at += kSegment) {
        if (segment == kTitleSegments || unit(random_) < 0.02) {
          film = title(random_);
          segment = 0;
        }
        const auto object = (1U << 30) + static_cast<uint32_t>(film * kTitleSegments + segment++);
        requests_.push_back({at, object, 1'200'000});
      }
    }
  }

  const Audience audience_;
  std::mt19937_64 random_{42};
  std::vector<Request> requests_;
};

// ---- what S3-FIFO is compared with

class Fifo : public Eviction {
 public:
  void insert(Resident& resident, int64_t) override {
    resident.uses = 0;
    queue_.push(resident);
  }
  void hit(Resident&, int64_t) override {}
  void erase(Resident& resident) override { queue_.remove(resident); }
  void resize(Resident&, uint64_t) override {}
  Resident* victim(int64_t) override {
    Resident* const oldest = queue_.oldest();
    if (oldest != nullptr) queue_.remove(*oldest);
    return oldest;
  }

 protected:
  ResidentQueue queue_;
};

class Lru final : public Fifo {
 public:
  void hit(Resident& resident, int64_t) override {
    queue_.remove(resident);
    queue_.push(resident);
  }
};

class Sieve final : public Fifo {
 public:
  void hit(Resident& resident, int64_t) override { resident.uses = 1; }
  void erase(Resident& resident) override {
    if (hand_ == &resident) hand_ = resident.newer;
    queue_.remove(resident);
  }
  Resident* victim(int64_t) override {
    Resident* at = hand_ != nullptr ? hand_ : queue_.oldest();
    while (at != nullptr && at->uses != 0) {
      at->uses = 0;
      at = at->newer != nullptr ? at->newer : queue_.oldest();
    }
    if (at == nullptr) return nullptr;
    hand_ = at->newer;
    queue_.remove(*at);
    return at;
  }

 private:
  Resident* hand_ = nullptr;
};

// As published, with two uses to be promoted.
class PlainS3Fifo final : public Eviction {
 public:
  PlainS3Fifo() { ghosts_.resize(16 * 1024); }
  void insert(Resident& resident, int64_t) override {
    resident.uses = 0;
    resident.queue = ghosts_.take(resident.hash, static_cast<uint32_t>(std::max<size_t>(main_.size(), 1024)));
    (resident.queue == 1 ? main_ : small_).push(resident);
  }
  void hit(Resident& resident, int64_t) override { resident.uses = std::min<uint8_t>(resident.uses + 1, 3); }
  void erase(Resident& resident) override { (resident.queue == 1 ? main_ : small_).remove(resident); }
  void resize(Resident&, uint64_t) override {}
  Resident* victim(int64_t) override {
    for (;;) {
      const bool small_is_over = small_.bytes() * 10 > small_.bytes() + main_.bytes();
      ResidentQueue& from = main_.oldest() == nullptr || (small_is_over && small_.oldest() != nullptr) ? small_ : main_;
      Resident* const oldest = from.oldest();
      if (oldest == nullptr) return nullptr;
      from.remove(*oldest);
      if (oldest->uses < (oldest->queue == 1 ? 1 : 2)) {
        if (oldest->queue == 0) ghosts_.add(oldest->hash);
        return oldest;
      }
      oldest->uses = static_cast<uint8_t>(oldest->queue == 1 ? oldest->uses - 1 : 0);
      oldest->queue = 1;
      main_.push(*oldest);
    }
  }

 private:
  ResidentQueue small_;
  ResidentQueue main_;
  Ghosts ghosts_;
};

// ---- the run

using MakePolicy = std::function<std::unique_ptr<Eviction>()>;

struct Misses {
  double requests = 0, bytes = 0;
};

Misses replay(const std::vector<Request>& trace, Eviction& policy, uint64_t capacity) {
  struct Object : Resident {
    bool present = false;
  };
  static thread_local std::unordered_map<uint32_t, std::unique_ptr<Object>> objects;
  objects.clear();
  uint64_t held = 0;
  double asked = 0, missed = 0, asked_bytes = 0, missed_bytes = 0;
  for (const Request& request : trace) {
    auto& slot = objects[request.object];
    if (!slot) {
      slot = std::make_unique<Object>();
      slot->hash = request.object * 0x9E3779B97F4A7C15ULL;
      slot->hash ^= slot->hash >> 29;
      slot->hash *= 0xBF58476D1CE4E5B9ULL;
      slot->bytes = request.bytes;
    }
    Object& object = *slot;
    const bool counts = request.at >= kWarm;
    if (counts) {
      ++asked;
      asked_bytes += request.bytes;
    }
    if (object.present) {
      policy.hit(object, request.at);
      continue;
    }
    if (counts) {
      ++missed;
      missed_bytes += request.bytes;
    }
    object.present = true;
    held += request.bytes;
    policy.insert(object, request.at);
    while (held > capacity) {
      auto* const victim = static_cast<Object*>(policy.victim(request.at));
      victim->present = false;
      held -= victim->bytes;
    }
  }
  return {missed / asked * 100, missed_bytes / asked_bytes * 100};
}

void run(benchmark::State& state, const Audience& audience, uint64_t capacity, const MakePolicy& make) {
  static std::map<std::string, std::vector<Request>> traces;
  auto& trace = traces[std::to_string(audience.live_viewers) + "," + std::to_string(audience.rewinding) + "," +
                       std::to_string(audience.vod_viewers) + "," + std::to_string(audience.vod_skew)];
  if (trace.empty()) trace = TraceMaker(audience).make();
  Misses misses;
  for (auto _ : state) {
    const auto policy = make();
    misses = replay(trace, *policy, capacity);
  }
  state.counters["missed_%"] = misses.requests;
  state.counters["missed_bytes_%"] = misses.bytes;
}

template <class Policy>
std::unique_ptr<Eviction> make() {
  return std::make_unique<Policy>();
}

const bool registered = [] {
  const std::vector<std::pair<std::string, MakePolicy>> policies = {{"fifo", make<Fifo>},
                                                                    {"lru", make<Lru>},
                                                                    {"sieve", make<Sieve>},
                                                                    {"s3fifo", make<PlainS3Fifo>},
                                                                    {"levee", make<ElasticS3Fifo>}};
  const std::vector<std::pair<std::string, Audience>> audiences = {
      {"live", {4000, 0, 0}},
      {"live_rewind", {4000, 0.05, 0}},
      {"live70_vod30", {2800, 0.02, 1200}},
      {"live30_vod70", {1200, 0.02, 2800}},
      {"vod", {0, 0, 4000}},
  };
  for (const auto& [trace, audience] : audiences) {
    for (const uint64_t gigabytes : {1u, 4u, 16u}) {
      for (const auto& [name, make_policy] : policies) {
        benchmark::RegisterBenchmark(
            ("eviction/" + trace + "/" + std::to_string(gigabytes) + "GB/" + name).c_str(),
            [gigabytes, audience = audience, make_policy = make_policy](benchmark::State& state) {
              run(state, audience, gigabytes * 1'000'000'000, make_policy);
            })
            ->Iterations(1)
            ->Unit(benchmark::kMillisecond);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace levee
