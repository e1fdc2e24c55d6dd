// Counts the bytes that one store holds: bodies (filling ones too), entries, slots, ghosts. Thread-safe.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace levee {

class Budget {
 public:
  explicit Budget(uint64_t capacity) : capacity_(capacity) {}

  void charge(size_t bytes) { used_.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed); }
  void release(size_t bytes) { used_.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed); }

  uint64_t used() const {
    const int64_t used = used_.load(std::memory_order_relaxed);
    return used > 0 ? static_cast<uint64_t>(used) : 0;
  }
  uint64_t capacity() const { return capacity_.load(std::memory_order_relaxed); }
  void resize(uint64_t capacity) { capacity_.store(capacity, std::memory_order_relaxed); }
  bool exceeded() const { return used() > capacity(); }

 private:
  std::atomic<int64_t> used_{0};
  std::atomic<uint64_t> capacity_;
};

// What the allocator really takes for `bytes`: jemalloc's size classes, four to each doubling, steps of 16 up to 128.
constexpr size_t allocated(size_t bytes) {
  if (bytes <= 128) return bytes == 0 ? 0 : (bytes + 15) & ~size_t{15};
  const size_t step = std::bit_ceil(bytes) / 8;
  return (bytes + step - 1) & ~(step - 1);
}

}  // namespace levee
