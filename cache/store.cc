#include "cache/store.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "cache/shard.h"

namespace levee {
namespace {

constexpr uint64_t kShardBytes = 8 * 1024 * 1024;  // a store has a shard for so many bytes,
constexpr uint64_t kMostShards = 16;               // but no more than these
constexpr unsigned kUsesToWake = 2;

// The entry that a finding carries, if it is of a kind that does.
std::shared_ptr<const Entry>* entry_of(Found& found) {
  if (auto* const hit = std::get_if<Hit>(&found)) return &hit->entry;
  if (auto* const stale = std::get_if<Stale>(&found)) return &stale->entry;
  if (auto* const follow = std::get_if<Follow>(&found)) return &follow->stale;
  if (auto* const lead = std::get_if<Lead>(&found)) return &lead->stale;
  return nullptr;
}

bool must_have_entry(const Found& found) {
  return std::holds_alternative<Hit>(found) || std::holds_alternative<Stale>(found);
}

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

  void opened(Flight& flight, const std::shared_ptr<const Entry>& entry) override {
    Shard& shard = this->shard(flight.hash());
    MutexLock lock(shard.mutex);
    shard.opened(flight, entry);
  }
  bool landed(Flight& flight, const std::shared_ptr<const Entry>& entry) override {
    Shard::Dropped dropped;
    bool stored = false;
    {
      Shard& shard = this->shard(flight.hash());
      MutexLock lock(shard.mutex);
      stored = shard.landed(flight, entry, dropped);
    }
    dropped.clear();
    make_room();
    return stored;
  }
  void passed(Flight& flight, int64_t until) override {
    Shard& shard = this->shard(flight.hash());
    MutexLock lock(shard.mutex);
    shard.passed(flight, until);
  }
  void failed(Flight& flight, const std::shared_ptr<const Entry>& part) override {
    Shard::Dropped dropped;
    {
      Shard& shard = this->shard(flight.hash());
      MutexLock lock(shard.mutex);
      shard.failed(flight, part, dropped);
    }
    if (!part) return;
    dropped.clear();
    make_room();
  }
  void outgrown(Flight& flight, int64_t until) override { passed(flight, until); }
  uint64_t largest() const override { return budget_->capacity() / Shard::kLargestShare; }
  // Shards take turns, so that all of them are equally full.
  bool make_room() override {
    for (size_t barren = 0; budget_->exceeded();) {
      if (barren == shards_.size()) return false;
      Shard& shard = *shards_[turn_.fetch_add(1, std::memory_order_relaxed) & (shards_.size() - 1)];
      Shard::Evicted evicted;
      {
        MutexLock lock(shard.mutex);
        evicted = shard.evict();
      }
      barren = evicted.entry ? 0 : barren + 1;
      if (!evicted.rests) {
        if (evicted.entry) tell_left({&evicted.entry, 1});
        continue;
      }
      if (std::shared_ptr<Body> resting = Body::rest(*evicted.entry->body, budget_)) {
        replace(*evicted.entry, evicted.entry->with_body(std::move(resting)), 0);
      }
    }
    return true;
  }

  // The entry as it can be sent; null if it cannot be had. At the second use it stays so in the store, until memory is
  // short again.
  std::shared_ptr<const Entry> awake(const std::shared_ptr<const Entry>& resting) {
    std::shared_ptr<Body> body = Body::wake(*resting->body, budget_);
    if (!body) return nullptr;
    std::shared_ptr<const Entry> entry = resting->with_body(std::move(body));
    replace(*resting, entry, kUsesToWake);
    make_room();
    return entry;
  }

  std::shared_ptr<const Ban> ban(Sweeping what, int64_t now) {
    const std::lock_guard order(bans_mutex_);  // all shards have them in the same order
    std::erase_if(bans_, [](const auto& ban) { return ban->is_done(); });
    if (bans_.size() >= kMostBans) return nullptr;
    const auto count = static_cast<uint32_t>(shards_.size());
    auto made = std::make_shared<const Ban>(std::move(what), ++last_ban_, now, count, budget_);
    bans_.push_back(made);
    for (const auto& shard : shards_) {
      MutexLock lock(shard->mutex);
      shard->add(made);
    }
    return made;
  }

  bool sweep() {
    for (const auto& shard : shards_) {
      Shard::Dropped dropped;  // freed after the lock is released
      bool did = false;
      {
        MutexLock lock(shard->mutex);
        did = shard->sweep(dropped);
      }
      tell_left(dropped);
      if (did) return true;
    }
    return false;
  }

  void tell_departures(std::shared_ptr<Departures> who) {
    const std::lock_guard lock(departures_mutex_);
    departures_ = std::move(who);
  }
  void tell_left(std::span<const std::shared_ptr<const Entry>> entries) {
    if (entries.empty()) return;
    const std::shared_ptr<Departures> who = [this] {
      const std::lock_guard lock(departures_mutex_);
      return departures_;
    }();
    if (!who) return;
    for (const auto& entry : entries) who->left(name_, *entry);
  }

 private:
  void replace(const Entry& old, const std::shared_ptr<const Entry>& entry, unsigned uses) {
    Shard::Dropped dropped;  // freed after the lock is released
    Shard& shard = this->shard(old.hash);
    MutexLock lock(shard.mutex);
    shard.replace(old, entry, uses, dropped);
  }

  const std::string name_;
  const std::shared_ptr<Budget> budget_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::atomic<size_t> turn_{0};

  std::mutex bans_mutex_;  // taken before any shard's
  std::vector<std::shared_ptr<const Ban>> bans_;
  uint64_t last_ban_ = 0;

  std::mutex departures_mutex_;
  std::shared_ptr<Departures> departures_;
};

Store::Store(std::string name, uint64_t capacity) : impl_(std::make_shared<Impl>(std::move(name), capacity)) {}

Store::~Store() = default;

Found Store::find(const Ask& ask) {
  Shard& shard = impl_->shard(ask.key.hash);
  Shard::Dropped dropped;  // freed after the lock is released
  Found found = [&] {
    MutexLock lock(shard.mutex);
    return shard.find(ask, dropped);
  }();
  impl_->tell_left(dropped);
  std::shared_ptr<const Entry>* const entry = entry_of(found);
  if (entry == nullptr || !*entry || !(*entry)->body->is_resting()) return found;
  *entry = impl_->awake(*entry);
  if (*entry || !must_have_entry(found)) return found;
  purge(ask.key, false, ask.now);  // it cannot be read any more
  return find(ask);
}

std::shared_ptr<const Entry> Store::peek(const KeyView& key, const VarySource& vary) {
  Shard& shard = impl_->shard(key.hash);
  Shard::Dropped dropped;  // freed after the lock is released
  std::shared_ptr<const Entry> entry;
  {
    MutexLock lock(shard.mutex);
    entry = shard.peek(key, vary, dropped);
  }
  impl_->tell_left(dropped);
  return entry && entry->body->is_resting() ? impl_->awake(entry) : entry;
}

bool Store::may_serve_on_error(const Entry& entry, const Rules& rules, int64_t now) {
  if (entry.lifetime.always_validate || entry.lifetime.must_revalidate) return false;
  return rules.stale_if_error || -entry.fresh_for(now) < entry.lifetime.stale_if_error;
}

size_t Store::purge(const KeyView& key, bool soft, int64_t now) {
  Shard::Dropped dropped;  // freed after the lock is released
  Shard& shard = impl_->shard(key.hash);
  size_t count = 0;
  {
    MutexLock lock(shard.mutex);
    count = shard.purge(key, soft, now, dropped);
  }
  impl_->tell_left(dropped);
  return count;
}

std::shared_ptr<const Ban> Store::ban(Sweeping what, int64_t now) {
  return impl_->ban(std::move(what), now);
}

bool Store::sweep() {
  return impl_->sweep();
}

void Store::tell_departures(std::shared_ptr<Departures> who) {
  impl_->tell_departures(std::move(who));
}

void Store::forget_uncacheable(const KeyView& key) {
  Shard& shard = impl_->shard(key.hash);
  MutexLock lock(shard.mutex);
  shard.forget_uncacheable(key);
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
