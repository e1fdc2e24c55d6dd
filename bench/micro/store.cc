// What a look-up, a landing and a resting body cost.
#include "cache/store.h"

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace levee {
namespace {

class NoFields final : public VarySource {
 public:
  void vary_values(std::string_view, std::string& out) const override { out += "gzip"; }
};
class NoWaker final : public Waker {
 public:
  void wake(std::span<const uint64_t>) override {}
};
const NoFields no_fields;
NoWaker no_waker;

std::string key_of(int64_t i) {
  return "httpslive.example.org/channel/hd/segment" + std::to_string(i) + ".m4s";
}

void land(Store& store, const std::string& key, std::span<const std::byte> body, const std::string& varies = {}) {
  Found found = store.find(Ask{KeyView(key), no_fields, {&no_waker, 1}, {}, 0});
  auto* const lead = std::get_if<Lead>(&found);
  if (lead == nullptr) return;
  auto entry = std::make_shared<Entry>();
  entry->content_length = body.size();
  entry->lifetime.fresh_for = 1'000'000'000;
  entry->fields.add("Content-Type", "video/mp4");
  entry->etag = "\"0123456789abcdef\"";
  entry->vary_names = varies;
  if (!varies.empty()) entry->vary_values = "gzip";
  lead->writer.open(std::move(entry));
  lead->writer.append(body);
  lead->writer.finish();
}

// Hits on `keys` keys in turn, so that with many of them every look-up misses the CPU's caches.
void hit(benchmark::State& state) {
  static std::unique_ptr<Store> store;
  static std::vector<std::string> keys;
  if (state.thread_index() == 0) {
    store = std::make_unique<Store>("bench", 4ULL << 30);
    keys.clear();
    const std::vector<std::byte> body(1024);
    for (int64_t i = 0; i < state.range(0); ++i) {
      keys.push_back(key_of(i));
      land(*store, keys.back(), body, state.range(1) != 0 ? "accept-encoding" : "");
    }
  }
  size_t at = static_cast<size_t>(state.thread_index()) * 17;
  for (auto _ : state) {
    at = (at + 7919) % static_cast<size_t>(state.range(0));
    const Found found = store->find(Ask{KeyView(keys[at]), no_fields, {&no_waker, 1}, {}, 1});
    if (!std::holds_alternative<Hit>(found)) state.SkipWithError("no hit");
    benchmark::DoNotOptimize(found);
  }
  if (state.thread_index() == 0) store.reset();
}
BENCHMARK(hit)
    ->ArgNames({"keys", "varies"})
    ->Args({1, 0})
    ->Args({1000, 0})
    ->Args({1000, 1})
    ->Args({200'000, 0})
    ->ThreadRange(1, 2)
    ->UseRealTime();

void hash(benchmark::State& state) {
  const std::string key = key_of(1);
  for (auto _ : state) benchmark::DoNotOptimize(hash_key(key));
}
BENCHMARK(hash);

// A miss led, filled and stored in a full store, which evicts as much.
void land_and_evict(benchmark::State& state) {
  Store store("bench", 256 << 20);
  const std::vector<std::byte> body(static_cast<size_t>(state.range(0)));
  int64_t i = 0;
  for (auto _ : state) land(store, key_of(i++), body);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(land_and_evict)->Arg(1024)->Arg(64 * 1024)->Arg(1024 * 1024);

size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  size_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Ten times the store's size goes through it, in objects from 1 KiB to 4 MiB of known and unknown length, written in
// full. RSS beyond what the process had before, as a part of the capacity.
void churn_rss(benchmark::State& state) {
  const uint64_t capacity = static_cast<uint64_t>(state.range(0)) << 20;
  const std::vector<std::byte> body(4 << 20, std::byte{1});
  const size_t before = resident_bytes();
  size_t most = 0;
  for (auto _ : state) {
    Store store("bench", capacity);
    uint64_t total = 0, seed = 1;
    for (int64_t i = 0; total < capacity * 10; ++i) {
      seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
      const size_t size = (1024ULL << (seed >> 33) % 13) - (seed >> 50) % 1024;
      Found found = store.find(Ask{KeyView(key_of(i)), no_fields, {&no_waker, 1}, {}, i});
      Lead& lead = std::get<Lead>(found);
      auto entry = std::make_shared<Entry>();
      if (i % 4 != 0) entry->content_length = size;
      entry->lifetime.fresh_for = 1'000'000'000;
      lead.writer.open(std::move(entry));
      lead.writer.append(std::span(body).first(size));
      lead.writer.finish();
      total += size;
      if (i % 64 == 0 && total > capacity) most = std::max(most, resident_bytes());
    }
    state.counters["used/capacity"] = static_cast<double>(store.stats().bytes) / static_cast<double>(capacity);
  }
  state.counters["rss/capacity"] = static_cast<double>(most - before) / static_cast<double>(capacity);
}
BENCHMARK(churn_rss)->ArgName("MiB")->Arg(256)->Arg(1024)->Iterations(1)->Unit(benchmark::kMillisecond);

std::shared_ptr<Body> playlist(size_t size) {
  std::string text = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n";
  for (int i = 0; text.size() < size; ++i) {
    text += "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:" + std::to_string(i % 60) +
            ".000Z\n#EXTINF:4.00000,\nsegment_" + std::to_string(100'000 + i * 7) + ".m4s\n";
  }
  text.resize(size);
  auto body = std::make_shared<Body>(nullptr, size);
  body->append(std::as_bytes(std::span(text)));
  body->complete();
  return body;
}

void rest(benchmark::State& state) {
  const auto body = playlist(static_cast<size_t>(state.range(0)));
  std::shared_ptr<Body> resting;
  for (auto _ : state) resting = Body::rest(*body, nullptr);
  state.counters["kept_%"] = 100.0 * static_cast<double>(resting->footprint()) / static_cast<double>(body->footprint());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(rest)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20);

void wake(benchmark::State& state) {
  const auto resting = Body::rest(*playlist(static_cast<size_t>(state.range(0))), nullptr);
  for (auto _ : state) benchmark::DoNotOptimize(Body::wake(*resting, nullptr));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(wake)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20);

}  // namespace
}  // namespace levee
