// Bytes that came from a client: the head being parsed, and what follows it.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace levee {

// Memory moves only in make_room() and start_over(), so the views of a head that is done stay good while its body is
// read.
class Input {
 public:
  static constexpr size_t kUsual = 4096;

  std::string_view unread() const { return {memory_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_ && behind_.empty(); }
  void consume(size_t count) { begin_ += count; }
  void commit(size_t count) { end_ += count; }

  // Free memory at the end; empty: see make_room().
  std::span<std::byte> room() {
    if (!memory_) reserve(kUsual);
    return {reinterpret_cast<std::byte*>(memory_.get()) + end_, capacity_ - end_};
  }
  // Room for one byte more at least, with the unread bytes moved to the front.
  void make_room() {
    compact();
    if (end_ == capacity_) reserve(capacity_ * 2);
  }
  // The next request begins with the unread bytes; nobody views the last one any more.
  void start_over() {
    if (begin_ == end_) {
      begin_ = end_ = 0;
    } else if (begin_ > capacity_ / 2) {
      compact();
    }
    if (behind_.empty()) return;
    compact();
    while (capacity_ - end_ < behind_.size()) reserve(capacity_ == 0 ? kUsual : capacity_ * 2);
    put(behind_);
    behind_.clear();
  }
  // Bytes that came behind a body. They are unread() after start_over(), or at once if there is room.
  void append(std::string_view bytes) {
    if (!memory_) reserve(kUsual);
    if (behind_.empty() && capacity_ - end_ >= bytes.size()) {
      put(bytes);
    } else {
      behind_ += bytes;
    }
  }
  // Forgets all, and gives back what is more than usual.
  void clear() {
    begin_ = end_ = 0;
    behind_.clear();
    behind_.shrink_to_fit();
    if (capacity_ <= kUsual) return;
    memory_.reset();
    capacity_ = 0;
  }

 private:
  void put(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(memory_.get() + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  void compact() {
    if (begin_ == 0) return;
    std::memmove(memory_.get(), memory_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  void reserve(size_t capacity) {
    std::unique_ptr<char[]> larger(new char[capacity]);
    if (end_ > 0) std::memcpy(larger.get(), memory_.get(), end_);
    memory_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> memory_;
  size_t capacity_ = 0, begin_ = 0, end_ = 0;
  std::string behind_;  // appended, and does not fit
};

}  // namespace levee
