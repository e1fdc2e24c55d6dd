#include "proxy/cluster/breaker.h"

#include <algorithm>
#include <random>

namespace levee {
namespace {

constexpr int64_t kComplaintHolds = 60'000;  // ms until the same is said again

// Between half and the whole of `pause`, so that the nodes of a PoP do not come back in step.
int64_t jittered(int64_t pause) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return pause / 2 + static_cast<int64_t>(random() % static_cast<uint64_t>(pause / 2 + 1));
}

}  // namespace

bool RedisBreaker::try_trial(int64_t now) {
  int64_t until = open_until_.load(std::memory_order_relaxed);
  if (until == 0 || now < until) return false;
  const unsigned trial = trials_.fetch_add(1, std::memory_order_relaxed);
  const int64_t pause = std::min(limits_.pause << std::min(trial, 8U), limits_.longest_pause);
  return open_until_.compare_exchange_strong(until, now + jittered(pause), std::memory_order_relaxed);
}

void RedisBreaker::succeeded() {
  failures_.store(0, std::memory_order_relaxed);
  if (open_until_.load(std::memory_order_relaxed) == 0) return;
  trials_.store(0, std::memory_order_relaxed);
  if (open_until_.exchange(0, std::memory_order_relaxed) == 0) return;
  const std::lock_guard lock(mutex_);
  why_.clear();
  say(false, "answers again", {});
}

void RedisBreaker::failed(int64_t now, std::string_view why) {
  if (failures_.fetch_add(1, std::memory_order_relaxed) + 1 >= limits_.failures) open(now, why);
}

void RedisBreaker::lost(int64_t now, std::string_view why) {
  open(now, why);
}

void RedisBreaker::open(int64_t now, std::string_view why) {
  int64_t closed = 0;
  const bool opened =
      open_until_.compare_exchange_strong(closed, now + jittered(limits_.pause), std::memory_order_relaxed);
  if (opened) openings_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  if (!opened && why == why_) return;
  why_ = why;
  say(true, "is not asked for now: ", why);
}

void RedisBreaker::complained(int64_t now, std::string_view error) {
  const std::string_view kind = error.substr(0, error.find(' '));
  const std::lock_guard lock(mutex_);
  if (kind == complaint_ && now - complained_at_ < kComplaintHolds) return;
  complaint_ = kind;
  complained_at_ = now;
  say(true, "refuses a command: ", error);
}

void RedisBreaker::say(bool is_bad, std::string_view what, std::string_view why) const {
  if (tell_ != nullptr) tell_(is_bad, std::string("Redis ").append(server_).append(" ").append(what).append(why));
}

}  // namespace levee
