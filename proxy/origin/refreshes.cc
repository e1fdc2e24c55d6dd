#include "proxy/origin/refreshes.h"

namespace levee {
namespace {

// A turn takes at least what it costs to answer somebody; a tenth of a millisecond more is not felt, and what a loop
// without other work can begin in a second is many times what an origin can answer.
constexpr int kMostInTurn = 4;

}  // namespace

bool Refreshes::begin_some() {
  for (int i = 0; i < kMostInTurn && !waiting_.empty(); ++i) {
    auto [order, writer] = std::move(waiting_.front());
    waiting_.pop_front();
    start_fetch(worker_, std::move(order), std::move(writer), nullptr);
  }
  return !waiting_.empty();
}

}  // namespace levee
