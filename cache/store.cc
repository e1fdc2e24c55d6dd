#include "cache/store.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>
#include <utility>
#include <vector>

#include "cache/shard.h"

namespace levee {
namespace {

constexpr uint64_t kShardBytes = 8 * 1024 * 1024;  // a store has a shard for so many bytes,
constexpr uint64_t kMostShards = 16;               // but no more than these

}  // namespace

class Store::Impl final : public Home, public std::enable_shared_from_this<Impl> {
 public:
  Impl(std::string name, uint64_t capacity) : name_(std::move(name)), budget_(std::make_shared<Budget>(capacity)) {
    const uint64_t count = std::bit_ceil(std::clamp<uint64_t>(capacity / kShardBytes, 1, kMostShards));
    for (uint64_t i = 0; i < count; ++i) shards_.push_back(std::make_unique<Shard>(budget_, *this));
  }

  // Constant.
  const std::string& name() const { return name_; }
  Shard& shard(const KeyHash& hash) const { return *shards_[(hash.low >> 48) & (shards_.size() - 1)]; }
  const std::vector<std::unique_ptr<Shard>>& shards() const { return shards_; }

  std::shared_ptr<Home> shared() override { return shared_from_this(); }
  std::shared_ptr<Budget> budget() override { return budget_; }

  void opened(Flight& flight, const Entry& entry) override {
    Shard& shard = this->shard(flight.hash());
    MutexLock lock(shard.mutex);
    shard.opened(flight, entry);
  }
  void landed(Flight& flight, const std::shared_ptr<const Entry>& entry) override {
    Shard::Dropped dropped;
    {
      Shard& shard = this->shard(flight.hash());
      MutexLock lock(shard.mutex);
      shard.landed(flight, entry, dropped);
    }
    dropped.clear();
    make_room();
  }
  void passed(Flight& flight, int64_t until) override {
    Shard& shard = this->shard(flight.hash());
    MutexLock lock(shard.mutex);
    shard.passed(flight, until);
  }
  void failed(Flight& flight) override {
    Shard& shard = this->shard(flight.hash());
    MutexLock lock(shard.mutex);
    shard.failed(flight);
  }
  // Shards take turns, so that all of them are equally full.
  void make_room() override {
    for (size_t barren = 0; budget_->exceeded() && barren < shards_.size();) {
      Shard& shard = *shards_[turn_.fetch_add(1, std::memory_order_relaxed) & (shards_.size() - 1)];
      std::shared_ptr<const Entry> victim;
      {
        MutexLock lock(shard.mutex);
        victim = shard.evict();
      }
      barren = victim ? 0 : barren + 1;
    }
  }

 private:
  const std::string name_;
  const std::shared_ptr<Budget> budget_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::atomic<size_t> turn_{0};
};

Store::Store(std::string name, uint64_t capacity) : impl_(std::make_shared<Impl>(std::move(name), capacity)) {}

Store::~Store() = default;

Found Store::find(const Ask& ask) {
  Shard& shard = impl_->shard(ask.key.hash);
  MutexLock lock(shard.mutex);
  return shard.find(ask);
}

std::shared_ptr<const Entry> Store::peek(const KeyView& key, const VarySource& vary) {
  Shard& shard = impl_->shard(key.hash);
  MutexLock lock(shard.mutex);
  return shard.peek(key, vary);
}

bool Store::may_serve_on_error(const Entry& entry, const Rules& rules, int64_t now) {
  if (entry.lifetime.always_validate || entry.lifetime.must_revalidate) return false;
  return rules.stale_if_error || -entry.fresh_for(now) < entry.lifetime.stale_if_error;
}

bool Store::purge(const KeyView& key, bool soft, int64_t now) {
  Shard::Dropped dropped;  // freed after the lock is released
  Shard& shard = impl_->shard(key.hash);
  MutexLock lock(shard.mutex);
  return shard.purge(key, soft, now, dropped);
}

void Store::resize(uint64_t capacity) {
  impl_->budget()->resize(capacity);
  impl_->make_room();
}

StoreStats Store::stats() const {
  StoreStats stats;
  stats.bytes = impl_->budget()->used();
  stats.capacity = impl_->budget()->capacity();
  for (const auto& shard : impl_->shards()) {
    MutexLock lock(shard->mutex);
    shard->add_to(stats);
  }
  return stats;
}

const std::string& Store::name() const {
  return impl_->name();
}

}  // namespace levee
