// Spans of cells of one size each, in one reserved range of addresses.
#include "proxy/net/tls_memory.h"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

namespace levee {
namespace {

// A sanitizer watches malloc, so that is used.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
constexpr size_t kSmallest = 512, kLargest = 8192;  // sizes outside are malloc's
constexpr size_t kQuantum = 16;                     // bytes
constexpr size_t kSpan = 61'440;                    // bytes: 8 cells of the largest common size, and whole pages
constexpr size_t kSpans = 65'536;                   // 3.75 GB of addresses; memory only where it was touched
constexpr size_t kSizes = kLargest / kQuantum + 1;
constexpr uint32_t kNone = UINT32_MAX;

struct Cell {
  Cell* next;
};

// A span belongs to a size while any of its cells is in use; then its memory goes back to the system.
struct Span {
  Cell* free = nullptr;   // cells that were used before
  uint16_t cell = 0;      // bytes; 0: the span belongs to no size
  uint16_t used = 0;      // cells given out
  uint16_t touched = 0;   // cells ever given out: those after have never been written
  uint32_t next = kNone;  // in its size's list of spans with room, or in the list of empty ones
  uint32_t previous = kNone;
  bool listed = false;
};

class Slab {
 public:
  Slab(std::byte* range, Span* spans) : range_(range), spans_(spans) { with_room_.fill(kNone); }

  bool owns(const void* memory) const {
    const auto address = reinterpret_cast<uintptr_t>(memory), start = reinterpret_cast<uintptr_t>(range_);
    return address >= start && address < start + kSpans * kSpan;
  }
  size_t size_of(const void* memory) const { return spans_[span_of(memory)].cell; }

  void* take(size_t size) {
    const size_t cell = (size + kQuantum - 1) / kQuantum * kQuantum;
    const std::lock_guard lock(mutex_);
    uint32_t& first = with_room_[cell / kQuantum];
    if (first == kNone && !add_span(cell)) return nullptr;
    const uint32_t index = first;
    Span& span = spans_[index];
    std::byte* memory = nullptr;
    if (span.free != nullptr) {
      memory = reinterpret_cast<std::byte*>(span.free);
      span.free = span.free->next;
    } else {
      memory = range_ + index * kSpan + span.touched++ * cell;
    }
    if (++span.used == kSpan / cell) unlist(index);
    return memory;
  }

  void give_back(void* memory) {
    const std::lock_guard lock(mutex_);
    const uint32_t index = span_of(memory);
    Span& span = spans_[index];
    span.free = new (memory) Cell{span.free};
    --span.used;
    if (!span.listed) list(index);
    // One span of a size is kept, so that a single object that comes and goes costs no system call.
    if (span.used > 0 || (span.next == kNone && span.previous == kNone)) return;
    unlist(index);
    madvise(range_ + index * kSpan, kSpan, MADV_DONTNEED);
    span = Span{};
    span.next = empty_;
    empty_ = index;
  }

 private:
  uint32_t span_of(const void* memory) const {
    return static_cast<uint32_t>(static_cast<size_t>(static_cast<const std::byte*>(memory) - range_) / kSpan);
  }
  bool add_span(size_t cell) {
    uint32_t index = empty_;
    if (index != kNone) {
      empty_ = spans_[index].next;
    } else {
      if (spans_made_ == kSpans) return false;
      index = spans_made_++;
    }
    spans_[index] = Span{};
    spans_[index].cell = static_cast<uint16_t>(cell);
    list(index);
    return true;
  }
  void list(uint32_t index) {
    Span& span = spans_[index];
    uint32_t& first = with_room_[span.cell / kQuantum];
    span.next = first;
    span.previous = kNone;
    if (first != kNone) spans_[first].previous = index;
    first = index;
    span.listed = true;
  }
  void unlist(uint32_t index) {
    Span& span = spans_[index];
    if (span.next != kNone) spans_[span.next].previous = span.previous;
    (span.previous != kNone ? spans_[span.previous].next : with_room_[span.cell / kQuantum]) = span.next;
    span.next = span.previous = kNone;
    span.listed = false;
  }

  std::byte* const range_;
  Span* const spans_;  // kSpans of them; only those that were made have been written
  std::mutex mutex_;   // guards all below; but for a span's cell, which does not change while a cell is out
  std::array<uint32_t, kSizes> with_room_{};
  uint32_t spans_made_ = 0, empty_ = kNone;
};

alignas(Slab) std::byte slab_memory[sizeof(Slab)];
Slab* slab = nullptr;  // set once, before OpenSSL allocates

bool fits(size_t size) {
  return size >= kSmallest && size <= kLargest;
}

void* allocate(size_t size, const char*, int) {
  if (size == 0) return nullptr;
  if (fits(size)) {
    if (void* memory = slab->take(size)) return memory;
  }
  return std::malloc(size);
}

void release(void* memory, const char*, int) {
  if (memory == nullptr) return;
  if (slab->owns(memory)) {
    slab->give_back(memory);
  } else {
    std::free(memory);
  }
}

void* reallocate(void* memory, size_t size, const char* file, int line) {
  if (memory == nullptr) return allocate(size, file, line);
  if (size == 0) {
    release(memory, file, line);
    return nullptr;
  }
  if (!slab->owns(memory)) return std::realloc(memory, size);
  const size_t had = slab->size_of(memory);
  void* const moved = allocate(size, file, line);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, memory, std::min(had, size));
  slab->give_back(memory);
  return moved;
}

}  // namespace

void use_exact_memory_for_tls() {
  if (kSanitized) return;
  const auto reserve = [](size_t size) {
    return mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  };
  void* const range = reserve(kSpans * kSpan);
  void* const spans = reserve(kSpans * sizeof(Span));
  if (range == MAP_FAILED || spans == MAP_FAILED) return;
  slab = new (slab_memory) Slab(static_cast<std::byte*>(range), static_cast<Span*>(spans));
  CRYPTO_set_mem_functions(allocate, reallocate, release);  // or it goes on with malloc
}

}  // namespace levee
