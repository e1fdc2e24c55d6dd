#include "cache/body.h"

#include <lz4.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

// jemalloc's way to shrink where the bytes are; absent with other allocators.
extern "C" size_t xallocx(void* pointer, size_t size, size_t extra, int flags) __attribute__((weak));

namespace levee {
namespace {

constexpr size_t kSmallest = 4 * 1024;
// From here on jemalloc keeps allocations in pages of their own and can cut the tail off.
constexpr size_t kShrinkable = 16 * 1024;
// Below this LZ4 saves nothing that counts; above the limit its API ends.
constexpr uint64_t kRestMinimum = 512;
constexpr uint64_t kRestMaximum = 64 * 1024 * 1024;

}  // namespace

Body::Chunk::Chunk(std::shared_ptr<Budget> budget, size_t wanted, uint64_t begin)
    : data(new std::byte[wanted]), capacity(wanted), offset(begin), budget_(std::move(budget)) {
  charged_ = allocated(capacity);
  if (budget_) budget_->charge(charged_);
}

Body::Chunk::~Chunk() {
  if (budget_ && data) budget_->release(charged_);
}

void Body::Chunk::shrink() {
  if (xallocx == nullptr || capacity < kShrinkable || allocated(used) >= charged_) return;
  const size_t left = xallocx(data.get(), std::max(used, kShrinkable), 0, 0);
  if (left >= charged_) return;
  if (budget_) budget_->release(charged_ - left);
  charged_ = left;
  capacity = std::min(capacity, left);
}

Body::Body(std::shared_ptr<Budget> budget, std::optional<uint64_t> expected, size_t largest)
    : budget_(std::move(budget)), expected_(expected), largest_(largest) {}

Body::~Body() = default;

// Declared length: chunks of 256 KiB, the last one exact. Otherwise they grow with what has come already, so that
// little is wasted when the end comes.
size_t Body::next_capacity(size_t wanted) const {
  if (expected_ && *expected_ > size_) return static_cast<size_t>(std::min<uint64_t>(*expected_ - size_, largest_));
  const auto grown = std::min<uint64_t>(std::bit_floor(std::max<uint64_t>(size_, 1)), largest_);
  return std::clamp(std::max<size_t>(static_cast<size_t>(grown), wanted), kSmallest, largest_);
}

std::span<std::byte> Body::reserve() {
  if (chunks_.empty() || chunks_.back().used == chunks_.back().capacity) {
    chunks_.emplace_back(budget_, next_capacity(0), size_);
  }
  Chunk& last = chunks_.back();
  return {last.data.get() + last.used, last.capacity - last.used};
}

void Body::commit(size_t count) {
  if (count == 0) return;
  chunks_.back().used += count;
  size_ += count;
}

void Body::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (chunks_.empty() || chunks_.back().used == chunks_.back().capacity) {
      chunks_.emplace_back(budget_, next_capacity(bytes.size()), size_);
    }
    const std::span<std::byte> room = reserve();
    const size_t count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    commit(count);
    bytes = bytes.subspan(count);
  }
}

std::vector<Body::Chunk> Body::complete() {
  std::vector<Chunk> retired;
  if (!chunks_.empty()) {
    Chunk& last = chunks_.back();
    if (last.used > 0 && last.capacity > kShrinkable) {
      last.shrink();
    } else if (allocated(last.used) < allocated(last.capacity)) {
      retired.push_back(std::move(last));
      chunks_.pop_back();
      const Chunk& old = retired.back();
      if (old.used > 0) {
        Chunk& exact = chunks_.emplace_back(budget_, old.used, old.offset);
        std::memcpy(exact.data.get(), old.data.get(), old.used);
        exact.used = old.used;
      }
    }
    chunks_.shrink_to_fit();
  }
  complete_.store(true, std::memory_order_release);
  return retired;
}

size_t Body::views(uint64_t offset, std::span<iovec> out) const {
  if (offset >= size_ || offset < released_ || resting_) return 0;
  auto chunk = std::upper_bound(chunks_.begin(), chunks_.end(), offset,
                                [](uint64_t at, const Chunk& candidate) { return at < candidate.offset; });
  --chunk;
  size_t count = 0;
  for (; chunk != chunks_.end() && count < out.size(); ++chunk) {
    const size_t skip = offset > chunk->offset ? static_cast<size_t>(offset - chunk->offset) : 0;
    if (chunk->used == skip) break;
    out[count++] = iovec{chunk->data.get() + skip, chunk->used - skip};
  }
  return count;
}

std::vector<Body::Chunk> Body::release_below(uint64_t offset) {
  std::vector<Chunk> dropped;
  size_t whole = 0;
  while (whole < chunks_.size() && chunks_[whole].used == chunks_[whole].capacity &&
         chunks_[whole].offset + chunks_[whole].used <= offset) {
    ++whole;
  }
  if (whole == 0) return dropped;
  std::vector<Chunk> kept;
  kept.reserve(chunks_.size() - whole);
  for (size_t i = 0; i < chunks_.size(); ++i) (i < whole ? dropped : kept).push_back(std::move(chunks_[i]));
  chunks_.swap(kept);
  released_ = dropped.back().offset + dropped.back().used;
  return dropped;
}

size_t Body::footprint() const {
  size_t bytes = allocated(sizeof(Body)) + allocated(chunks_.capacity() * sizeof(Chunk));
  for (const Chunk& chunk : chunks_) bytes += allocated(chunk.capacity);
  return bytes;
}

std::shared_ptr<Body> Body::rest(const Body& body, std::shared_ptr<Budget> budget) {
  if (!body.complete_ || body.resting_ || body.size_ < kRestMinimum || body.size_ > kRestMaximum) return nullptr;
  // LZ4 wants its source in one piece.
  const auto size = static_cast<size_t>(body.size_);
  std::unique_ptr<std::byte[]> joined;
  const std::byte* source = body.chunks_.front().data.get();
  if (body.chunks_.size() > 1) {
    joined.reset(new std::byte[size]);
    for (const Chunk& chunk : body.chunks_) {
      std::memcpy(joined.get() + chunk.offset, chunk.data.get(), chunk.used);
    }
    source = joined.get();
  }
  const size_t limit = size / 4 * 3;
  const std::unique_ptr<std::byte[]> packed(new std::byte[limit]);
  const int length = LZ4_compress_default(reinterpret_cast<const char*>(source), reinterpret_cast<char*>(packed.get()),
                                          static_cast<int>(size), static_cast<int>(limit));
  if (length <= 0) return nullptr;
  auto rested = std::make_shared<Body>(budget, std::nullopt);
  const auto used = static_cast<size_t>(length);
  Chunk& chunk = rested->chunks_.emplace_back(std::move(budget), used, 0);
  std::memcpy(chunk.data.get(), packed.get(), used);
  chunk.used = used;
  rested->size_ = body.size_;
  rested->complete_ = true;
  rested->resting_ = true;
  return rested;
}

std::shared_ptr<Body> Body::wake(const Body& resting, std::shared_ptr<Budget> budget) {
  const auto size = static_cast<size_t>(resting.size_);
  auto body = std::make_shared<Body>(budget, size);
  Chunk& chunk = body->chunks_.emplace_back(std::move(budget), size, 0);
  const Chunk& packed = resting.chunks_.front();
  const int length =
      LZ4_decompress_safe(reinterpret_cast<const char*>(packed.data.get()), reinterpret_cast<char*>(chunk.data.get()),
                          static_cast<int>(packed.used), static_cast<int>(size));
  if (length < 0 || static_cast<size_t>(length) != size) return nullptr;
  chunk.used = size;
  body->size_ = size;
  body->complete_ = true;
  return body;
}

}  // namespace levee
