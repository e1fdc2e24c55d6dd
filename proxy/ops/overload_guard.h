// The edge's care of itself (`overload`): when a worker's loop lags, or connections, descriptors or memory run short,
// new connections and new keys are refused, so that hits and the viewers who are here are served.
//
// One a worker (Worker::local). Loop thread only, but for what it shows in metrics.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "proxy/ops/counters.h"
#include "proxy/ops/gauges.h"
#include "proxy/ops/shortage.h"
#include "proxy/worker.h"

namespace levee {

class OverloadGuard {
 public:
  explicit OverloadGuard(Worker& worker);

  // A configuration's limits, again at each reload.
  void use(const Overload& limits, uint64_t worker_connections);
  // The end of each of the loop's turns: how long it took is how long an event may have waited.
  void turn_ended();

  // A graceful stop has begun: another worker may have this one's number in metrics.
  void retire() { retired_ = true; }

  bool is_overloaded() const { return overloaded_; }
  // What is_overloaded() is to refuse is counted here.
  void count_connection() { refused_connections_.add(); }
  void count_key() { refused_keys_.add(); }

 private:
  enum Means : uint8_t { kLoop, kConnections, kDescriptors, kMemory, kCount };
  void look();
  double used(Means means, int64_t lag) const;
  void measure_memory(int64_t now);
  void log_change(int64_t now);
  void collect(std::vector<Sample>& out) const;

  Worker& worker_;
  Overload limits_;
  uint64_t worker_connections_ = 0;
  Timer timer_;
  std::array<Shortage, kCount> shortages_;
  bool overloaded_ = false;
  int64_t began_ = 0, logged_ = 0;  // ms
  bool told_ = false;               // the log has the beginning of this overload
  int64_t longest_turn_ = 0;        // ms, since the last look
  int64_t measured_ = 0;            // when memory was, ms

  // Read by any thread.
  std::array<std::atomic<bool>, kCount> short_{};
  std::atomic<bool> retired_{false};
  std::atomic<int64_t> lag_{0};  // ms
  std::atomic<double> memory_share_{0};
  std::atomic<uint64_t> resident_{0};
  Counter refused_connections_, refused_keys_, overloads_;
  GaugeSource gauges_;  // the last to be made, the first to go
};

}  // namespace levee
