// The loop's turns, clocks and timing wheel.
#include "proxy/net/loop.h"

#include <event2/event.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace levee {
namespace {

int64_t read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
}

event_base* new_base() {
  event_config* config = event_config_new();
  // Nothing of a loop is touched by another thread, so libevent needs no locks.
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  if (base == nullptr) throw std::bad_alloc();
  return base;
}

}  // namespace

Loop::Loop() : base_(new_base()) {
  signal(SIGPIPE,
         SIG_IGN);  // writing to a closed socket is an error like others; OpenSSL and sendfile cannot be told so
  wheel_event_ = event_new(
      base_, -1, 0, [](evutil_socket_t, short, void* self) { static_cast<Loop*>(self)->advance(); }, this);
  current_tick_ = now() / kTick;
}

Loop::~Loop() {
  destroy_dead();
  event_free(wheel_event_);
  event_base_free(base_);
}

void Loop::run() {
  stopped_ = false;
  while (!stopped_) turn(true);
}

void Loop::turn(bool wait) {
  ++turn_;  // the first to ask for the time in this turn reads the clocks
  event_base_loop(base_, wait && !again_ ? EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY : EVLOOP_ONCE | EVLOOP_NONBLOCK);
  settle();
  again_ = turn_end_ && turn_end_();
  settle();
}

void Loop::read_clocks() const {
  clock_turn_ = turn_;
  now_ = read(CLOCK_MONOTONIC);
  wall_ = read(CLOCK_REALTIME);
}

void Loop::destroy_dead() {
  while (!dead_.empty()) {  // a destructor may bury more
    auto dead = std::exchange(dead_, {});
    dead.clear();
  }
}

void Timer::set(int64_t in) {
  deadline_ = loop_.now() + std::max<int64_t>(in, 1);
  if (hung()) {
    if (deadline_ / Loop::kTick + 1 >= tick_) return;  // looked at too early there, and hung again
    loop_.unhang(*this);
  }
  loop_.hang(*this);
}

void Loop::hang(Timer& timer) {
  // Nothing hangs before armed_tick_, so the wheel may stand that far.
  const int64_t now_tick = now() / kTick;
  current_tick_ = std::max(current_tick_, std::min(now_tick, armed_tick_ == 0 ? now_tick : armed_tick_ - 1));
  // The tick after the deadline's: when it comes up, the deadline has passed.
  timer.tick_ = std::clamp(timer.deadline_ / kTick + 1, current_tick_ + 1, current_tick_ + int64_t{kSlots} - 1);
  const size_t slot = static_cast<size_t>(timer.tick_) % kSlots;
  timer.next_ = slots_[slot];
  if (timer.next_ != nullptr) timer.next_->previous_ = &timer.next_;
  slots_[slot] = &timer;
  timer.previous_ = &slots_[slot];
  occupied_[slot / 64] |= uint64_t{1} << (slot % 64);
  if (armed_tick_ == 0 || timer.tick_ < armed_tick_) arm(timer.tick_);
}

void Loop::unhang(Timer& timer) {
  *timer.previous_ = timer.next_;
  if (timer.next_ != nullptr) timer.next_->previous_ = timer.previous_;
  timer.next_ = nullptr;
  timer.previous_ = nullptr;
  const size_t slot = static_cast<size_t>(timer.tick_) % kSlots;
  if (slots_[slot] == nullptr) occupied_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
}

void Loop::arm(int64_t tick) {
  armed_tick_ = tick;
  const int64_t in = std::max<int64_t>(tick * kTick - now(), 1);
  const timeval time{in / 1000, in % 1000 * 1000};
  event_add(wheel_event_, &time);
}

int64_t Loop::next_tick() const {
  for (int64_t ahead = 1; ahead < int64_t{kSlots};) {
    const size_t slot = static_cast<size_t>(current_tick_ + ahead) % kSlots;
    const uint64_t rest = occupied_[slot / 64] >> (slot % 64);
    if (rest != 0) {
      const int64_t tick = current_tick_ + ahead + std::countr_zero(rest);
      return tick < current_tick_ + int64_t{kSlots} ? tick : 0;
    }
    ahead += static_cast<int64_t>(64 - slot % 64);
  }
  return 0;
}

void Loop::advance() {
  const int64_t now_tick = now() / kTick;
  armed_tick_ = current_tick_ + 1;  // so that nothing is armed while timers are hung again
  for (int64_t tick = next_tick(); tick != 0 && tick <= now_tick; tick = next_tick()) {
    current_tick_ = tick;
    armed_tick_ = tick + 1;
    expire(static_cast<size_t>(tick) % kSlots);
  }
  current_tick_ = std::max(current_tick_, now_tick);
  armed_tick_ = 0;
  if (const int64_t tick = next_tick(); tick != 0) arm(tick);
}

void Loop::expire(size_t slot) {
  due_ = std::exchange(slots_[slot], nullptr);
  occupied_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  if (due_ != nullptr) due_->previous_ = &due_;
  while (Timer* timer = due_) {
    unhang(*timer);
    if (timer->deadline_ == 0) continue;
    if (timer->deadline_ > now()) {
      hang(*timer);
      continue;
    }
    timer->deadline_ = 0;
    timer->callback_(timer->owner_);
    settle();
  }
}

}  // namespace levee
