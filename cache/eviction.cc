#include "cache/eviction.h"

#include <algorithm>

namespace levee {
namespace {

constexpr uint8_t kPromoteFrom = 2;  // uses in the small queue that earn a place in the main one
constexpr double kLeastShare = 0.1;
constexpr double kMostShare = 0.95;
constexpr double kShrinkFaster = 2;
constexpr size_t kLeastGhosts = 1024;

uint32_t at_least(size_t count) {
  return static_cast<uint32_t>(std::max(count, kLeastGhosts));
}

}  // namespace

void ResidentQueue::push(Resident& resident) {
  resident.older = newest_;
  resident.newer = nullptr;
  (newest_ != nullptr ? newest_->newer : oldest_) = &resident;
  newest_ = &resident;
  bytes_ += resident.bytes;
  ++size_;
}

void ResidentQueue::remove(Resident& resident) {
  (resident.newer != nullptr ? resident.newer->older : newest_) = resident.older;
  (resident.older != nullptr ? resident.older->newer : oldest_) = resident.newer;
  resident.newer = resident.older = nullptr;
  bytes_ -= resident.bytes;
  --size_;
}

ElasticS3Fifo::ElasticS3Fifo() : small_share_(kLeastShare) {}

void ElasticS3Fifo::insert(Resident& resident, int64_t now) {
  const bool small_missed_it = left_small_.take(resident.hash, at_least(main_.size()));
  const bool main_missed_it = left_main_.take(resident.hash, at_least(small_.size()));
  const double step =
      static_cast<double>(resident.bytes) / static_cast<double>(small_.bytes() + main_.bytes() + resident.bytes);
  if (small_missed_it) small_share_ = std::min(kMostShare, small_share_ + step);
  if (main_missed_it) small_share_ = std::max(kLeastShare, small_share_ - kShrinkFaster * step);
  resident.uses = 0;
  resident.arrived = resident.last_use = now;
  resident.queue = small_missed_it || main_missed_it ? kMain : kSmall;
  queue_of(resident).push(resident);
}

void ElasticS3Fifo::erase(Resident& resident) {
  queue_of(resident).remove(resident);
}

void ElasticS3Fifo::resize(Resident& resident, uint64_t bytes) {
  queue_of(resident).grow(static_cast<int64_t>(bytes) - static_cast<int64_t>(resident.bytes));
  resident.bytes = bytes;
}

void ElasticS3Fifo::put_back(Resident& resident) {
  queue_of(resident).push(resident);
}

// As many ghosts as there are residents; they are forgotten when their tables grow.
void ElasticS3Fifo::remember() {
  const size_t wanted = at_least(main_.size() + small_.size());
  if (left_small_.capacity() != 0 && wanted <= left_small_.capacity() * 2) return;
  left_small_.resize(wanted);
  left_main_.resize(wanted);
}

Resident* ElasticS3Fifo::victim(int64_t now) {
  remember();
  Resident* leaves = nullptr;
  while (leaves == nullptr && (small_.oldest() != nullptr || main_.oldest() != nullptr)) {
    const double all = static_cast<double>(small_.bytes() + main_.bytes());
    const bool small_is_over = static_cast<double>(small_.bytes()) > small_share_ * all;
    const bool small_first = small_.oldest() != nullptr && (small_is_over || main_.oldest() == nullptr);
    leaves = small_first ? from_small(now) : from_main();
  }
  return leaves;
}

// Looks at the oldest of the small queue: it leaves, or moves and nothing leaves.
Resident* ElasticS3Fifo::from_small(int64_t now) {
  Resident& oldest = *small_.oldest();
  small_.remove(oldest);
  const bool in_use = oldest.uses > 0 && oldest.last_use - oldest.arrived > (now - oldest.arrived) / 2;
  if (!in_use) {
    left_small_.add(oldest.hash);
    return &oldest;
  }
  if (oldest.uses >= kPromoteFrom) oldest.queue = kMain;
  oldest.uses = 0;
  queue_of(oldest).push(oldest);
  return nullptr;
}

Resident* ElasticS3Fifo::from_main() {
  Resident& oldest = *main_.oldest();
  main_.remove(oldest);
  if (oldest.uses == 0) {
    left_main_.add(oldest.hash);
    return &oldest;
  }
  --oldest.uses;
  main_.push(oldest);
  return nullptr;
}

}  // namespace levee
