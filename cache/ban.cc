#include "cache/ban.h"

#include <utility>

namespace levee {

Ban::Ban(Sweeping what, uint64_t number, int64_t now, uint32_t shards, std::shared_ptr<Budget> budget)
    : what_(std::move(what)), number_(number), made_(now), budget_(std::move(budget)), shards_left_(shards) {
  budget_->charge(footprint());
}

Ban::~Ban() {
  budget_->release(footprint());
}

size_t Ban::footprint() const {
  return allocated(sizeof(Ban) + 16) + allocated(what_.tags.capacity() * sizeof(uint64_t)) +
         allocated(what_.prefix.capacity() + 1);
}

}  // namespace levee
