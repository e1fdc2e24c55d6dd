// What this node's claims in the index need later on: of what has left the store they are withdrawn, and after Redis
// has lost them they are made again, when somebody uses what they are of and never many at a time.
//
// Thread-safe; one a PoP. IndexUpkeeper, of one worker, does what is due.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cache/store.h"
#include "proxy/cluster/cluster_marks.h"
#include "proxy/net/loop.h"
#include "proxy/worker.h"

namespace levee {

class Pop;
class PopIndex;

class IndexUpkeep final : public Departures {
 public:
  static constexpr size_t kMostWithdrawals = 4096;  // beyond, the oldest are left to run out
  static constexpr size_t kMostClaims = 256;        // beyond, those who hit again ask again

  // A claim, or what is left of one.
  struct Claim {
    std::string zone, key, vary_names, vary_values, etag;
    int64_t fresh_until = 0;  // ms
  };

  // The entry was published: it is this node's to withdraw, and to publish again.
  void published(const Entry& entry) const { entry.advertised.store(epoch(), std::memory_order_relaxed); }
  // But Redis has not heard it: a hit will say it again.
  static void unsaid(const Entry& entry) { entry.advertised.store(kUnsaid, std::memory_order_relaxed); }
  // A hit on it. Costs two loads and a comparison, unless Redis has lost its claim.
  void used(const std::string& store, const Entry& entry, int64_t now) {
    const uint32_t said = entry.advertised.load(std::memory_order_relaxed);
    if (said == 0 || said == epoch()) return;
    say(store, entry, now);
  }
  // Has it published soon, if it is still fresh then and there is room for so many.
  void say(const std::string& store, const Entry& entry, int64_t now);
  void left(const std::string& store, const Entry& entry) override;
  // Redis came back without what was there.
  void lost() { epoch_.fetch_add(1, std::memory_order_relaxed); }

  std::vector<Claim> take_withdrawals(size_t most);
  std::vector<Claim> take_claims(size_t most);

 private:
  static constexpr uint32_t kUnsaid = UINT32_MAX;  // no epoch
  uint32_t epoch() const { return epoch_.load(std::memory_order_relaxed); }

  std::atomic<uint32_t> epoch_{1};
  std::atomic<bool> full_{false};  // of claims: hits need not lock to find out
  std::mutex mutex_;
  std::deque<Claim> withdrawals_, claims_;
};

// The index's key of what a zone keeps.
std::string index_key(const std::string& zone, const Entry& entry);

// As worker.local<IndexUpkeeper>() of one worker of the process.
class IndexUpkeeper {
 public:
  static constexpr int64_t kEvery = 100;  // ms
  static constexpr size_t kWithdrawalsAtOnce = 256, kClaimsAtOnce = 64;

  explicit IndexUpkeeper(Worker& worker);
  // After PopMember::use(), whose connection it shares.
  void use(const std::shared_ptr<Pop>& pop);

 private:
  void look();
  // Such a response that the store has (again), and that is fresh; or null.
  std::shared_ptr<const Entry> find(const IndexUpkeep::Claim& claim) const;
  void say_again(PopIndex& index, const IndexUpkeep::Claim& claim);
  Worker& worker_;
  std::shared_ptr<Pop> pop_;
  std::unique_ptr<ClusterMarks> marks_;  // null: there is no index
  Timer timer_;
};

}  // namespace levee
