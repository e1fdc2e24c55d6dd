// The bytes of one response: append-only chunks that can be sent while they are being filled.
//
// Bytes below size() never change and never move, so views of them stay valid as long as the Body lives. While it fills,
// a Body is guarded by its Flight's mutex; once complete() it is immutable and read without a lock.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace levee {

class Budget;  // counts bytes that a store holds (cache/store.h)

class Body {
 public:
  // expected: the whole length in bytes if the origin said it; sizes the chunks.
  Body(std::shared_ptr<Budget> budget, std::optional<uint64_t> expected);
  ~Body();
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // Free memory at the end to receive into (never empty), and the count of bytes that arrived there.
  std::span<std::byte> reserve();
  void commit(size_t count);
  // Copies; for callers that have the bytes elsewhere.
  void append(std::span<const std::byte> bytes);
  // No more bytes will come: gives back what the last chunk does not need.
  void complete();
  bool is_complete() const { return complete_; }

  uint64_t size() const { return size_; }
  // Views of the bytes from `offset` on, at most out.size() of them; returns how many views were written.
  size_t views(uint64_t offset, std::span<iovec> out) const;
  // Drops whole chunks below `offset` (a passed body, whose one reader has sent them).
  void release_below(uint64_t offset);
  // Memory held, in bytes, as charged to the budget.
  size_t footprint() const;

 private:
  struct Chunk {
    std::unique_ptr<std::byte[]> data;
    size_t capacity = 0;
    size_t used = 0;
  };
  std::vector<Chunk> chunks_;
  std::shared_ptr<Budget> budget_;
  std::optional<uint64_t> expected_;
  uint64_t size_ = 0;
  uint64_t released_ = 0;  // bytes dropped by release_below
  bool complete_ = false;
};

}  // namespace levee
