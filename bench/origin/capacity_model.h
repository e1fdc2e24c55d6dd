// What an origin can carry: so many requests at a time, each for so long, so many waiting; and what happens past it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>

namespace levee::bench {

struct Capacity {
  uint32_t slots = 0;          // requests served at a time; 0: no limit
  int64_t service_ms = 0;      // how long a request holds its slot
  uint32_t queue = 1000;       // requests that wait, first come first served; the next one is refused
  uint32_t collapse_past = 0;  // with more waiting than this, service slows down in proportion; 0: never
};

// Loop thread only. Time is the caller's: whoever admits a request calls `leave` when its service is over.
class CapacityModel {
 public:
  explicit CapacityModel(const Capacity& capacity) : capacity_(capacity) {}

  enum class Entry : unsigned char { kServed, kQueued, kRefused };
  // `start(service_ms)` is called when the request gets a slot: at once (kServed), later (kQueued) or never. `ticket`
  // names the request when it gives up.
  using Start = std::function<void(int64_t service_ms)>;
  Entry enter(uint64_t ticket, Start start);
  // A served request is done.
  void leave();
  // A queued request has given up.
  void abandon(uint64_t ticket);
  // From now on; those that are served or wait go on.
  void change(const Capacity& capacity);

  uint32_t serving() const { return serving_; }
  uint32_t waiting() const { return static_cast<uint32_t>(waiting_.size()); }

 private:
  struct Waiter {
    uint64_t ticket;
    Start start;
  };
  int64_t service_ms() const;
  void start_waiting();

  Capacity capacity_;
  uint32_t serving_ = 0;
  std::deque<Waiter> waiting_;
};

}  // namespace levee::bench
