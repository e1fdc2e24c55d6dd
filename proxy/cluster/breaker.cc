#include "proxy/cluster/breaker.h"

#include <algorithm>
#include <random>

namespace levee {
namespace {

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
  open_until_.store(0, std::memory_order_relaxed);
}

void RedisBreaker::failed(int64_t now) {
  if (failures_.fetch_add(1, std::memory_order_relaxed) + 1 >= limits_.failures) open(now);
}

void RedisBreaker::lost(int64_t now) {
  open(now);
}

void RedisBreaker::open(int64_t now) {
  int64_t closed = 0;
  if (open_until_.compare_exchange_strong(closed, now + jittered(limits_.pause), std::memory_order_relaxed))
    openings_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace levee
