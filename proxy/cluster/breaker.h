// Whether Redis is worth asking: one breaker for the process, so that its failure is paid for once and not by every
// worker.
//
//   closed --failures in a row, or a lost connection--> open --after a jittered pause--> trial --answer--> closed
//                                                        ^---------------no answer---------'
//
// Thread-safe; allows() is two relaxed loads.
#pragma once

#include <atomic>
#include <cstdint>

namespace levee {

class RedisBreaker {
 public:
  struct Limits {
    unsigned failures = 3;  // in a row, before it opens
    int64_t pause = 250;    // ms until the first trial
    int64_t longest_pause = 4000;
  };
  RedisBreaker() : RedisBreaker(Limits{}) {}
  explicit RedisBreaker(Limits limits) : limits_(limits) {}

  // Whether an ordinary command may be sent now.
  bool allows() const { return open_until_.load(std::memory_order_relaxed) == 0; }
  // Whether the caller may send a trial (a PING) although it is open; says so to one caller a pause.
  bool try_trial(int64_t now);
  void succeeded();
  void failed(int64_t now);
  // A connection was refused or lost: opens at once.
  void lost(int64_t now);

  uint64_t openings() const { return openings_.load(std::memory_order_relaxed); }

 private:
  void open(int64_t now);
  const Limits limits_;
  std::atomic<unsigned> failures_{0};
  std::atomic<unsigned> trials_{0};
  std::atomic<int64_t> open_until_{0};  // ms; 0: closed
  std::atomic<uint64_t> openings_{0};
};

}  // namespace levee
