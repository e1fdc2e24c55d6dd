// Many threads on one small store: nobody waits for ever, nobody reads bytes of another key, the budget comes back.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <random>
#include <thread>

#include "tests/unit/cache_fixture.h"

namespace levee {
namespace {

// One thread's mailbox.
class Inbox final : public Waker {
 public:
  void wake(std::span<const uint64_t> readers) override {
    const std::lock_guard lock(mutex_);
    tokens_.insert(tokens_.end(), readers.begin(), readers.end());
    changed_.notify_one();
  }
  // Waits until the token is woken; false after ten seconds.
  bool wait_for(uint64_t token) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] {
      const auto found = std::find(tokens_.begin(), tokens_.end(), token);
      if (found == tokens_.end()) return false;
      tokens_.erase(found);
      return true;
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<uint64_t> tokens_;
};

struct Stress : ::testing::Test {
  static constexpr int kThreads = 8;
  static constexpr int kRounds = 600;
  static constexpr int kKeys = 40;

  // What the body of a key looks like: its own letter, a length of its own.
  static std::string text_for(int key) {
    return std::string(static_cast<size_t>(key) * 1777 + 1, static_cast<char>('A' + key % 26));
  }

  // Brings the response, or fails in one of the ways there are.
  static void fetch(Writer writer, int key, uint64_t dice, int64_t now) {
    if (dice % 16 == 0) return;  // the worker died
    if (dice % 16 == 1) return writer.fail({Failure::kConnect, 502, 0});
    auto entry = an_entry(now, dice % 3);
    if (key % 2 == 0) entry->fields.add("Content-Type", "text/plain");
    if (dice % 2 == 0) entry->content_length = text_for(key).size();
    if (dice % 16 == 2) {
      writer.pass(std::move(entry), 1);
    } else {
      writer.open(std::move(entry));
    }
    const std::string text = text_for(key);
    for (size_t done = 0; done < text.size();) {
      const size_t count = std::min<size_t>(text.size() - done, 20'000);
      if (dice % 16 == 3 && done > 0) return writer.fail({Failure::kCut, 502, 0});
      writer.append(bytes_of(text).subspan(done, count), now);
      done += count;
      if (dice % 4 == 0) std::this_thread::yield();
    }
    writer.finish();
  }

  void read_all(Reader reader, int key, Inbox& inbox, uint64_t token) {
    uint64_t offset = 0;
    for (;;) {
      Reader::Bytes bytes;
      const std::string text = read_from(reader, offset, &bytes);
      if (text.find_first_not_of(text_for(key)[0]) != std::string::npos) ++wrong;
      offset += text.size();
      reader.sent(offset);
      if (bytes.ended && offset != text_for(key).size()) ++wrong;
      if (bytes.ended || bytes.failed) return;
      if (bytes.views == 0 && !inbox.wait_for(token)) {
        ++stuck;
        return;
      }
    }
  }

  void run(uint32_t seed) {
    Inbox inbox;
    std::mt19937 random(seed);
    const OneField vary;
    for (int round = 0; round < kRounds; ++round) {
      const int key = static_cast<int>(random() % kKeys);
      const std::string name = "/" + std::to_string(key);
      const uint64_t token = seed * 1'000'000ULL + static_cast<uint64_t>(round);
      const int64_t now = clock.fetch_add(1) / 16;
      Rules rules;
      rules.stale_while_updating = random() % 2 == 0;
      if (random() % 50 == 0) store.purge(KeyView(name), random() % 2 == 0, now);
      Found found = store.find(Ask{KeyView(name), vary, {&inbox, token}, rules, now});
      if (auto* const lead = std::get_if<Lead>(&found)) {
        fetch(std::move(lead->writer), key, random(), now);
        read_all(std::move(lead->reader), key, inbox, token);
      } else if (auto* const follow = std::get_if<Follow>(&found)) {
        read_all(std::move(follow->reader), key, inbox, token);
      } else if (auto* const stale = std::get_if<Stale>(&found)) {
        if (text_of(*stale->entry->body) != text_for(key)) ++wrong;
        if (stale->refresh) fetch(std::move(stale->refresh->writer), key, random(), now);
      } else if (auto* const hit = std::get_if<Hit>(&found)) {
        if (text_of(*hit->entry->body) != text_for(key)) ++wrong;
      }
    }
  }

  Store store{"stress", 600'000};
  std::atomic<int64_t> clock{1};
  std::atomic<int> wrong{0}, stuck{0};
};

TEST_F(Stress, EightThreadsOnATinyStore) {
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kThreads; ++i) threads.emplace_back([this, i] { run(i + 1); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(stuck, 0);
  const StoreStats stats = store.stats();
  EXPECT_EQ(stats.flights, 0u);
  EXPECT_LE(stats.bytes, stats.capacity);
  EXPECT_GT(stats.hits, 0u);
  EXPECT_GT(stats.collapsed, 0u);
  EXPECT_GT(stats.evictions, 0u);
  for (int key = 0; key < kKeys; ++key) store.purge(KeyView("/" + std::to_string(key)), false, 1);
  EXPECT_EQ(store.stats().entries, 0u);
}

}  // namespace
}  // namespace levee
