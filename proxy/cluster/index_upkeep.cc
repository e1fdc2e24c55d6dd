#include "proxy/cluster/index_upkeep.h"

#include <algorithm>
#include <utility>

#include "proxy/cluster/pop.h"
#include "proxy/generation.h"

namespace levee {
namespace {

IndexUpkeep::Claim claim_of(const std::string& store, const Entry& entry) {
  return {store, entry.key, entry.vary_names, entry.vary_values, entry.etag, 0};
}

std::vector<IndexUpkeep::Claim> take(std::deque<IndexUpkeep::Claim>& from, size_t most) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(most, from.size()));
  std::vector<IndexUpkeep::Claim> taken(std::make_move_iterator(from.begin()),
                                        std::make_move_iterator(from.begin() + count));
  from.erase(from.begin(), from.begin() + count);
  return taken;
}

// A request that such a response is for.
class SameValues final : public VarySource {
 public:
  explicit SameValues(const std::string& values) : values_(values) {}
  void vary_values(std::string_view /*names*/, std::string& out) const override { out += values_; }
  bool takes(const Entry& partial) const override { return partial.part->slice > 0; }

 private:
  const std::string& values_;
};

std::string index_name(const IndexUpkeep::Claim& claim) {
  const std::string base = index_key(claim.zone, claim.key);
  return claim.vary_names.empty() ? base : variant_key(base, claim.vary_names, claim.vary_values);
}

}  // namespace

std::string index_key(const std::string& zone, const Entry& entry) {
  return index_name(claim_of(zone, entry));
}

void IndexUpkeep::left(const std::string& store, const Entry& entry) {
  if (entry.advertised.load(std::memory_order_relaxed) != epoch()) return;  // no claim, or one that is lost
  const std::lock_guard lock(mutex_);
  if (withdrawals_.size() >= kMostWithdrawals) withdrawals_.pop_front();
  withdrawals_.push_back(claim_of(store, entry));
}

void IndexUpkeep::say(const std::string& store, const Entry& entry, int64_t now) {
  if (full_.load(std::memory_order_relaxed)) return;
  const int64_t fresh_for = entry.fresh_for(now);
  const std::lock_guard lock(mutex_);
  if (claims_.size() >= kMostClaims) return;
  published(entry);
  if (fresh_for <= 0) return;
  claims_.push_back(claim_of(store, entry));
  claims_.back().fresh_until = now + fresh_for;
  full_.store(claims_.size() >= kMostClaims, std::memory_order_relaxed);
}

std::vector<IndexUpkeep::Claim> IndexUpkeep::take_withdrawals(size_t most) {
  const std::lock_guard lock(mutex_);
  return take(withdrawals_, most);
}

std::vector<IndexUpkeep::Claim> IndexUpkeep::take_claims(size_t most) {
  const std::lock_guard lock(mutex_);
  std::vector<Claim> taken = take(claims_, most);
  full_.store(claims_.size() >= kMostClaims, std::memory_order_relaxed);
  return taken;
}

IndexUpkeeper::IndexUpkeeper(Worker& worker)
    : worker_(worker),
      timer_(
          worker.loop(), [](void* self) { static_cast<IndexUpkeeper*>(self)->look(); }, this) {
  timer_.set(kEvery);
}

void IndexUpkeeper::use(const std::shared_ptr<Pop>& pop) {
  if (pop_ && pop && !pop->says_the_same(*pop_)) pop->upkeep().lost();
  if (pop == pop_) return;
  marks_.reset();
  pop_ = pop;
  Redis* const redis = worker_.local<PopMember>().redis();
  if (pop && redis != nullptr) {
    marks_ = std::make_unique<ClusterMarks>(*redis, pop->prefix(), [this] { pop_->upkeep().lost(); });
  }
}

void IndexUpkeeper::look() {
  timer_.set(kEvery);
  if (marks_) marks_->look(worker_.now());
  auto& member = worker_.local<PopMember>();
  PopIndex* const index = pop_ ? member.index(pop_) : nullptr;
  if (index == nullptr || !member.redis()->usable(pop_->prefix())) return;
  for (const IndexUpkeep::Claim& claim : pop_->upkeep().take_withdrawals(kWithdrawalsAtOnce)) {
    if (find(claim) != nullptr) continue;
    index->withdraw(index_name(claim));
    pop_->counts.withdrawn.fetch_add(1, std::memory_order_relaxed);
  }
  for (const IndexUpkeep::Claim& claim : pop_->upkeep().take_claims(kClaimsAtOnce)) say_again(*index, claim);
}

std::shared_ptr<const Entry> IndexUpkeeper::find(const IndexUpkeep::Claim& claim) const {
  const auto& stores = worker_.generation()->stores;
  const auto store = stores.find(claim.zone);
  if (store == stores.end()) return nullptr;
  auto entry = store->second->peek(KeyView(claim.key), SameValues(claim.vary_values));
  return entry && entry->fresh_for(worker_.now()) > 0 ? entry : nullptr;
}

void IndexUpkeeper::say_again(PopIndex& index, const IndexUpkeep::Claim& claim) {
  const int64_t fresh_for = claim.fresh_until - worker_.now();
  const std::shared_ptr<const Entry> entry = find(claim);
  if (fresh_for <= 0 || entry == nullptr) return;
  const std::string name = index_name(claim);
  if (!claim.vary_names.empty()) {
    index.varies(index_key(claim.zone, claim.key), claim.vary_names, name, 0, 0, fresh_for);
  }
  index.publish(name, claim.etag, fresh_for, [entry](bool said) {
    if (!said) IndexUpkeep::unsaid(*entry);
  });
  pop_->counts.said_again.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace levee
