// What a worker counts: written by its own thread, read by any (status, metrics), so relaxed atomics do.
#pragma once

#include <atomic>
#include <cstdint>

namespace levee {

class Counter {
 public:
  // The owning thread only: no locked instruction is needed.
  void add(uint64_t count = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  void subtract(uint64_t count = 1) {
    value_.store(value_.load(std::memory_order_relaxed) - count, std::memory_order_relaxed);
  }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// One a worker, on cache lines of its own.
struct alignas(64) Counters {
  Counter accepted;       // connections taken from listeners
  Counter refused;        // of these, closed at once: worker_connections, or no descriptors
  Counter active;         // client connections now; the session subtracts
  Counter requests;       // requests read
  Counter bytes_sent;     // to clients, heads included
  Counter bytes_fetched;  // from origins, heads included
  Counter fetches;        // requests sent to origins
};

}  // namespace levee
