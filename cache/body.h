// The bytes of one response: append-only chunks that can be sent while they are being filled.
//
// Bytes below size() never change and never move while the Body fills, so views of them stay valid; complete() may move
// the last few (see there). While it fills, a Body is guarded by its Flight's mutex; once complete() it is immutable
// and read without a lock.
#pragma once

#include <sys/uio.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cache/budget.h"

namespace levee {

class Body {
 public:
  // Memory that is charged to a budget while it lives.
  class Chunk {
   public:
    Chunk(std::shared_ptr<Budget> budget, size_t capacity, uint64_t offset);
    Chunk(Chunk&&) noexcept = default;
    Chunk& operator=(Chunk&&) = delete;
    ~Chunk();
    // Gives memory back without moving the bytes, as far as the allocator can.
    void shrink();

    std::unique_ptr<std::byte[]> data;
    size_t capacity = 0;
    size_t used = 0;
    uint64_t offset = 0;  // of the first byte in the body

   private:
    std::shared_ptr<Budget> budget_;
    size_t charged_ = 0;
  };

  static constexpr size_t kLargestChunk = 256 * 1024;
  // budget: null counts nowhere. expected: the whole length in bytes if the origin said it; sizes the chunks, which are
  // of `largest` bytes at most.
  Body(std::shared_ptr<Budget> budget, std::optional<uint64_t> expected, size_t largest = kLargestChunk);
  ~Body();
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // Free memory at the end to receive into (never empty), and the count of bytes that arrived there.
  std::span<std::byte> reserve();
  void commit(size_t count);
  // Copies; for callers that have the bytes elsewhere.
  void append(std::span<const std::byte> bytes);
  // No more bytes will come: gives back what the last chunk does not need. If that took a move, returns the chunk that
  // the bytes were in before, for as long as views of it may be in use; else nothing.
  std::vector<Chunk> complete();
  bool is_complete() const { return complete_.load(std::memory_order_acquire); }  // any thread

  uint64_t size() const { return size_; }
  // Views of the bytes from `offset` on, at most out.size() of them; returns how many views were written. None if the
  // bytes at `offset` were released or the body rests.
  size_t views(uint64_t offset, std::span<iovec> out) const;
  // Drops whole chunks below `offset` (a passed body, whose one reader has sent them). Returns them, to be freed when
  // no lock is held.
  std::vector<Chunk> release_below(uint64_t offset);
  uint64_t released() const { return released_; }
  // Memory held, in bytes, as charged to the budget.
  size_t footprint() const;

  // A complete body as LZ4, if that takes at most three quarters of the memory; else null. A resting body has a size()
  // but no views; wake() gives them back.
  static std::shared_ptr<Body> rest(const Body& body, std::shared_ptr<Budget> budget);
  bool is_resting() const { return resting_; }
  static std::shared_ptr<Body> wake(const Body& resting, std::shared_ptr<Budget> budget);

 private:
  size_t next_capacity(size_t wanted) const;

  std::vector<Chunk> chunks_;
  std::shared_ptr<Budget> budget_;
  const std::optional<uint64_t> expected_;
  const size_t largest_;
  uint64_t size_ = 0;
  uint64_t released_ = 0;  // bytes dropped by release_below
  std::atomic<bool> complete_ = false;
  bool resting_ = false;
};

}  // namespace levee
