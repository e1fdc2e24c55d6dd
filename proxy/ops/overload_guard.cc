#include "proxy/ops/overload_guard.h"

#include <time.h>

#include <algorithm>
#include <string>
#include <utility>

#include "proxy/ops/log.h"
#include "proxy/ops/means.h"

namespace levee {
namespace {

constexpr int64_t kLook = 100;        // ms between two looks at what is left
constexpr int64_t kMemoryLook = 500;  // ms; reading it costs more
constexpr int64_t kLagOnset = 500;    // ms that a loop lags before that is more than a hiccup
constexpr int64_t kQuiet = 10'000;    // ms between two logged beginnings
constexpr std::array<std::string_view, 4> kNames{"loop", "connections", "descriptors", "memory"};

int64_t clock_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
}

double part(uint64_t used, double limit) {
  return limit > 0 ? static_cast<double>(used) / limit : 0;
}

}  // namespace

OverloadGuard::OverloadGuard(Worker& worker)
    : worker_(worker),
      timer_(
          worker.loop(), [](void* self) { static_cast<OverloadGuard*>(self)->look(); }, this),
      shortages_{Shortage(kLagOnset, 0.5), Shortage(0, 0.95), Shortage(0, 0.95), Shortage(0, 0.97)},
      gauges_([this](std::vector<Sample>& out) { collect(out); }) {}

void OverloadGuard::use(const Overload& limits, uint64_t worker_connections) {
  limits_ = limits;
  worker_connections_ = worker_connections;
  if (!timer_.is_set()) timer_.set(kLook);
}

void OverloadGuard::turn_ended() {
  longest_turn_ = std::max(longest_turn_, clock_now() - worker_.now());
}

// Of the threshold: 1 is all of it; 0 if there is none.
double OverloadGuard::used(Means means, int64_t lag) const {
  switch (means) {
    case kLoop:
      return part(static_cast<uint64_t>(lag), static_cast<double>(limits_.loop_lag.count()));
    case kConnections:
      return part(worker_.loop().streams(), limits_.connections * static_cast<double>(worker_connections_));
    case kDescriptors: {
      if (limits_.descriptors <= 0) return 0;
      const DescriptorUse use = descriptor_use();
      return part(use.used, limits_.descriptors * static_cast<double>(use.limit));
    }
    case kMemory:
      return std::max(limits_.memory > 0 ? memory_share_.load() / limits_.memory : 0,
                      part(resident_.load(), static_cast<double>(limits_.resident)));
    case kCount:
      break;
  }
  return 0;
}

void OverloadGuard::measure_memory(int64_t now) {
  if (measured_ != 0 && now - measured_ < kMemoryLook) return;
  measured_ = now;
  const MemoryUse use = memory_use();
  memory_share_ = use.share;
  resident_ = use.resident;
}

void OverloadGuard::look() {
  timer_.set(kLook);
  const int64_t now = worker_.now();
  // This turn counts as far as it has come.
  const int64_t lag = std::exchange(longest_turn_, 0);
  lag_ = lag;
  measure_memory(now);
  bool any = false;
  for (size_t i = 0; i < kCount; ++i) {
    shortages_[i].observe(used(static_cast<Means>(i), lag), now);
    short_[i] = shortages_[i].is_short();
    any = any || shortages_[i].is_short();
  }
  if (any == overloaded_) return;
  overloaded_ = any;
  log_change(now);
}

// Somebody at the limit comes and goes: the log has one beginning and its end in a while.
void OverloadGuard::log_change(int64_t now) {
  if (!overloaded_) {
    if (std::exchange(told_, false)) {
      log(LogLevel::kWarning, 0, "worker ", worker_.index(), " is not overloaded any more, after ", now - began_,
          " ms; refused so far: ", refused_connections_.get(), " connections, ", refused_keys_.get(), " requests");
    }
    return;
  }
  overloads_.add();
  began_ = now;
  if (logged_ != 0 && now - logged_ < kQuiet) return;
  logged_ = now;
  told_ = true;
  std::string what;
  for (size_t i = 0; i < kCount; ++i) {
    if (shortages_[i].is_short()) what.append(what.empty() ? "" : ", ").append(kNames[i]);
  }
  log(LogLevel::kWarning, 0, "worker ", worker_.index(), " is overloaded (", what,
      "): new connections and new keys are refused");
}

void OverloadGuard::collect(std::vector<Sample>& out) const {
  if (retired_) return;
  const std::pair<std::string, std::string> worker{"worker", std::to_string(worker_.index())};
  for (size_t i = 0; i < kCount; ++i) {
    out.push_back({"levee_overloaded",
                   {worker, {"means", std::string(kNames[i])}},
                   short_[i].load() ? 1.0 : 0.0,
                   "Whether new connections and new keys are refused, since these means run short."});
  }
  const auto add = [&](const char* name, double value, const char* help) {
    out.push_back({name, {worker}, value, help});
  };
  add("levee_overloads_total", static_cast<double>(overloads_.get()), "Times that a worker became overloaded.");
  add("levee_overload_refused_connections_total", static_cast<double>(refused_connections_.get()),
      "Connections refused by an overloaded worker.");
  add("levee_overload_refused_requests_total", static_cast<double>(refused_keys_.get()),
      "Requests for new keys refused by an overloaded worker.");
  add("levee_loop_lag_seconds", static_cast<double>(lag_.load()) / 1000, "The loop's longest turn of late.");
  if (worker_.index() != 0) return;  // of the process
  const DescriptorUse descriptors = descriptor_use();
  out.push_back({"levee_descriptors", {}, static_cast<double>(descriptors.used), "Descriptors in use."});
  out.push_back({"levee_descriptors_limit", {}, static_cast<double>(descriptors.limit), "Descriptors that may be."});
  out.push_back(
      {"levee_resident_memory_bytes", {}, static_cast<double>(resident_.load()), "Memory that the process has."});
  out.push_back(
      {"levee_memory_used_ratio", {}, memory_share_.load(), "Used of the machine's memory, or the cgroup's."});
}

}  // namespace levee
