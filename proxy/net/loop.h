// One thread's event loop: libevent's base, a clock that is read once a turn, cheap timers, and what dies after a
// callback.
//
// Loop thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

struct event_base;
struct event;

namespace levee {

class Stream;
class Timer;

// Something that may be destroyed only when nobody's callback is running: see Loop::bury().
class Mortal {
 public:
  virtual ~Mortal() = default;
};

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  event_base* base() const { return base_; }

  // Turns until stop(). A turn waits for events, runs their callbacks, then the hook.
  void run();
  // One turn; for tests. wait: whether it blocks until something happens.
  void turn(bool wait);
  void stop() { stopped_ = true; }
  // Called at the end of every turn; returns true if it left something to do, so that the next turn does not wait.
  void at_turn_end(std::function<bool()> hook) { turn_end_ = std::move(hook); }

  // Milliseconds on a clock that never goes back, and since 1970; both are read once a turn.
  int64_t now() const {
    if (clock_turn_ != turn_) read_clocks();
    return now_;
  }
  int64_t wall_ms() const {
    if (clock_turn_ != turn_) read_clocks();
    return wall_;
  }

  // Destroyed when the callback that is running has returned. Calling it twice for one object is an error.
  void bury(std::unique_ptr<Mortal> dead) { dead_.push_back(std::move(dead)); }
  // Every libevent callback of ours ends with this: destroys what was buried.
  void settle() {
    if (!dead_.empty()) destroy_dead();
  }

  // Streams that are alive: what worker_connections limits.
  size_t streams() const { return streams_; }

 private:
  friend class Timer;
  friend class Stream;

  // Timers hang in a wheel of kSlots slots, kTick ms each. A timer further off than the wheel reaches waits in its last
  // slot and is hung again from there; so is one whose deadline was moved back since. Moving a deadline back, which
  // each request on a connection does, is therefore a single store. Expiry is late by one tick at most, never early.
  static constexpr int64_t kTick = 8;
  static constexpr size_t kSlots = 1024;
  // TLS streams that became idle last and keep their buffers: 34 KB each.
  static constexpr size_t kWarm = 128;

  void read_clocks() const;
  void destroy_dead();
  void hang(Timer& timer);
  void unhang(Timer& timer);
  void arm(int64_t tick);
  void advance();
  void expire(size_t slot);
  int64_t next_tick() const;

  event_base* base_;
  event* wheel_event_;
  std::function<bool()> turn_end_;
  std::vector<std::unique_ptr<Mortal>> dead_;
  std::array<Timer*, kSlots> slots_{};
  std::array<uint64_t, kSlots / 64> occupied_{};  // a bit a slot
  Timer* due_ = nullptr;                          // expiring now
  int64_t current_tick_;                          // all slots up to here have been emptied
  int64_t armed_tick_ = 0;                        // when wheel_event_ fires; 0: not armed
  size_t streams_ = 0;
  std::array<Stream*, kWarm> warm_{};
  size_t next_warm_ = 0;
  uint64_t turn_ = 1;
  bool stopped_ = false;
  bool again_ = true;  // the next turn must not wait; so the first finds what was posted before it
  mutable uint64_t clock_turn_ = 0;
  mutable int64_t now_ = 0, wall_ = 0;
};

// Calls back once when a time is over. Setting it again replaces the time and costs nothing if the new one is later.
class Timer {
 public:
  using Callback = void (*)(void* owner);
  Timer(Loop& loop, Callback callback, void* owner) : loop_(loop), callback_(callback), owner_(owner) {}
  ~Timer() {
    if (hung()) loop_.unhang(*this);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // ms from now, at least 0.
  void set(int64_t in);
  void clear() { deadline_ = 0; }
  bool is_set() const { return deadline_ != 0; }
  Loop& loop() const { return loop_; }

 private:
  friend class Loop;
  bool hung() const { return previous_ != nullptr; }
  Loop& loop_;
  Callback callback_;
  void* owner_;
  Timer* next_ = nullptr;
  Timer** previous_ = nullptr;  // what points here; null: not in the wheel
  int64_t deadline_ = 0;        // 0: not set
  int64_t tick_ = 0;            // the slot it hangs in
};

}  // namespace levee
