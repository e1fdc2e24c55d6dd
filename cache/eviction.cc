#include "cache/eviction.h"

#include <algorithm>

namespace levee {
namespace {

constexpr uint8_t kMostUses = 3;
constexpr uint8_t kPromoteFrom = 2;   // uses in the small queue that earn a place in the main one
constexpr uint64_t kSmallShare = 10;  // one part in so many
constexpr size_t kLeastGhosts = 1024;

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

void S3Fifo::insert(Resident& resident, int64_t) {
  resident.uses = 0;
  const bool known = ghosts_.take(resident.hash, static_cast<uint32_t>(std::max(main_.size(), kLeastGhosts)));
  resident.queue = known ? kMain : kSmall;
  (known ? main_ : small_).push(resident);
}

void S3Fifo::hit(Resident& resident, int64_t) {
  if (resident.uses < kMostUses) ++resident.uses;
}

void S3Fifo::erase(Resident& resident) {
  (resident.queue == kMain ? main_ : small_).remove(resident);
}

void S3Fifo::resize(Resident& resident, uint64_t bytes) {
  (resident.queue == kMain ? main_ : small_).grow(static_cast<int64_t>(bytes) - static_cast<int64_t>(resident.bytes));
  resident.bytes = bytes;
}

void S3Fifo::leave_small(Resident& resident) {
  small_.remove(resident);
  const size_t wanted = std::max(main_.size() + small_.size(), kLeastGhosts);
  if (wanted > ghosts_.capacity() * 2 || ghosts_.capacity() == 0) ghosts_.resize(wanted);
  ghosts_.add(resident.hash);
}

Resident* S3Fifo::victim(int64_t) {
  for (;;) {
    const bool small_is_over = small_.bytes() * kSmallShare > small_.bytes() + main_.bytes();
    if (small_.oldest() != nullptr && (small_is_over || main_.oldest() == nullptr)) {
      Resident& oldest = *small_.oldest();
      if (oldest.uses < kPromoteFrom) {
        leave_small(oldest);
        return &oldest;
      }
      small_.remove(oldest);
      oldest.uses = 0;
      oldest.queue = kMain;
      main_.push(oldest);
    } else if (main_.oldest() != nullptr) {
      Resident& oldest = *main_.oldest();
      main_.remove(oldest);
      if (oldest.uses == 0) return &oldest;
      --oldest.uses;
      main_.push(oldest);
    } else {
      return nullptr;
    }
  }
}

}  // namespace levee
