#include "proxy/cluster/sweeper.h"

#include <chrono>
#include <utility>

namespace levee {
namespace {

constexpr std::chrono::microseconds kSlice{500};  // of each turn of the loop

}  // namespace

void Sweeper::carry_out(std::shared_ptr<Store> store, std::shared_ptr<const Ban> ban, std::function<void()> done) {
  jobs_.push_back({std::move(store), std::move(ban), std::move(done)});
  if (jobs_.size() == 1) worker_.mailbox().post([this] { go_on(); });
}

// One sweep serves all bans of its store, so the first job's are enough to look at; another worker may have been
// faster.
void Sweeper::go_on() {
  const auto end = std::chrono::steady_clock::now() + kSlice;
  while (!jobs_.front().ban->is_done() && std::chrono::steady_clock::now() < end) jobs_.front().store->sweep();
  std::vector<Job> done;
  std::erase_if(jobs_, [&](Job& job) {
    if (!job.ban->is_done()) return false;
    done.push_back(std::move(job));
    return true;
  });
  if (!jobs_.empty()) worker_.mailbox().post([this] { go_on(); });
  for (const Job& job : done) job.done();
}

}  // namespace levee
