// What a crowd on one flight costs: per reader and wake.
#include "cache/flight.h"

#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "cache/store.h"

namespace levee {
namespace {

class NoFields final : public VarySource {
 public:
  void vary_values(std::string_view, std::string&) const override {}
};
class Counter final : public Waker {
 public:
  void wake(std::span<const uint64_t> readers) override {
    ++calls;
    woken += readers.size();
  }
  uint64_t calls = 0, woken = 0;
};

// A 2 MiB segment in 1460-byte packets, one each millisecond of a pretended clock, to a crowd that reads when woken.
// Paced: the fetch flushes when the writer asks for it.
void fan_out(benchmark::State& state) {
  const auto readers = static_cast<size_t>(state.range(0));
  const bool paced = state.range(1) != 0;
  const std::array<std::byte, 1460> packet{};
  const NoFields fields;
  Counter waker;
  uint64_t segments = 0;
  for (auto _ : state) {
    Store store("bench", 64 << 20);
    const Ask ask{KeyView("/segment"), fields, {&waker, 1}, {}, 0};
    Found found = store.find(ask);
    Lead lead = std::move(std::get<Lead>(found));
    std::vector<std::pair<Reader, uint64_t>> crowd;
    for (size_t i = 1; i < readers; ++i) {
      Found other = store.find(ask);
      crowd.emplace_back(std::move(std::get<Follow>(other).reader), 0);
    }
    lead.writer.open(std::make_shared<Entry>());
    const auto read_all = [&] {
      for (auto& [reader, offset] : crowd) {
        std::array<iovec, 16> views;
        while (const size_t count = reader.read(offset, views).views) {
          for (size_t i = 0; i < count; ++i) offset += views[i].iov_len;
        }
      }
    };
    read_all();
    for (int64_t now = 0; now < 1436; ++now) {
      const uint64_t calls = waker.calls;
      lead.writer.append(packet, paced ? std::optional(now) : std::nullopt);
      if (now % 10 == 0 && lead.writer.flush_in(now)) lead.writer.flush(now);
      if (waker.calls != calls) read_all();
    }
    lead.writer.finish();
    read_all();
    ++segments;
  }
  state.counters["wakes/segment"] = static_cast<double>(waker.calls) / static_cast<double>(segments);
  state.counters["ns/wake+read"] =
      benchmark::Counter(static_cast<double>(waker.woken), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(fan_out)
    ->ArgNames({"readers", "paced"})
    ->Args({2, 0})
    ->Args({2000, 0})
    ->Args({2000, 1})
    ->Unit(benchmark::kMillisecond);

// Joining and leaving a flight.
void follow(benchmark::State& state) {
  Store store("bench", 64 << 20);
  const NoFields fields;
  Counter waker;
  const Ask ask{KeyView("/segment"), fields, {&waker, 1}, {}, 0};
  const Found lead = store.find(ask);
  for (auto _ : state) {
    const Found found = store.find(ask);
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK(follow);

}  // namespace
}  // namespace levee
