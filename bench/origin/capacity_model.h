// What an origin can carry: so many requests at a time, each for so long, so many waiting; and what happens past it.
//
// A request holds its slot while its answer is being worked on, whether its client stays or not: for the service time,
// then for the delay of its first byte. What comes then takes no slot: an answer that is held for a part of a stream to
// be there, a body that is sent at a rate or as its segment grows, a hang.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string_view>

namespace levee::bench {

struct Capacity {
  uint32_t slots = 0;          // requests worked on at a time; 0: no limit, and the others mean nothing
  int64_t service_ms = 0;      // how long, before the delay of the first byte
  uint32_t queue = 1000;       // requests that wait, first come first served; the next one is refused
  uint32_t collapse_past = 0;  // with more waiting than this, service slows down in proportion; 0: never

  bool operator==(const Capacity&) const = default;
};

// Why values that are given are refused.
inline constexpr std::string_view kWithoutSlots = "service, queue and collapse_past mean nothing without slots";

// Loop thread only. Time is the caller's: whoever admits a request calls `leave` when it is no longer worked on.
class CapacityModel {
 public:
  explicit CapacityModel(const Capacity& capacity) : capacity_(capacity) {}

  enum class Entry : unsigned char { kServed, kQueued, kRefused };
  // `start(service_ms)` is called when the request gets a slot: at once (kServed), later (kQueued) or never. `ticket`
  // names the request when it gives up.
  using Start = std::function<void(int64_t service_ms)>;
  Entry enter(uint64_t ticket, Start start);
  // A served request is no longer worked on. May be called by its `start`.
  void leave();
  // A queued request has given up.
  void abandon(uint64_t ticket);
  // From now on; those that are served or wait go on.
  void change(const Capacity& capacity);
  const Capacity& capacity() const { return capacity_; }

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
  bool is_starting_ = false;
  std::deque<Waiter> waiting_;
};

}  // namespace levee::bench
