// Verbs for the cache's tests: wakers that count, requests with one field that may vary, entries.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/flight.h"
#include "cache/store.h"

namespace levee {

// Remembers whom it was told to wake. Thread-safe.
class RecordingWaker final : public Waker {
 public:
  void wake(std::span<const uint64_t> readers) override {
    const std::lock_guard lock(mutex_);
    ++calls_;
    woken_.insert(woken_.end(), readers.begin(), readers.end());
  }
  std::vector<uint64_t> take() {
    const std::lock_guard lock(mutex_);
    calls_ = 0;
    return std::exchange(woken_, {});
  }
  size_t calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  std::mutex mutex_;
  std::vector<uint64_t> woken_;
  size_t calls_ = 0;
};

// A request whose only field is of this value.
class OneField final : public VarySource {
 public:
  explicit OneField(std::string value = {}) : value_(std::move(value)) {}
  void vary_values(std::string_view, std::string& out) const override { out += value_; }

 private:
  std::string value_;
};

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::string text_of(const Body& body) {
  std::string text;
  std::array<iovec, 2> views{};
  while (const size_t count = body.views(text.size(), views)) {
    for (size_t i = 0; i < count; ++i) text.append(static_cast<const char*>(views[i].iov_base), views[i].iov_len);
  }
  return text;
}

// Reads what there is from `offset` on.
inline std::string read_from(Reader& reader, uint64_t offset, Reader::Bytes* last = nullptr) {
  std::array<iovec, 64> views{};
  const Reader::Bytes bytes = reader.read(offset, views);
  if (last != nullptr) *last = bytes;
  std::string text;
  for (size_t i = 0; i < bytes.views; ++i) {
    text.append(static_cast<const char*>(views[i].iov_base), views[i].iov_len);
  }
  return text;
}

inline std::shared_ptr<Entry> an_entry(int64_t now = 0, int64_t fresh_for = 60'000) {
  auto entry = std::make_shared<Entry>();
  entry->response_time = now;
  entry->lifetime.fresh_for = fresh_for;
  return entry;
}

}  // namespace levee
