// Carries out the bans of stores in the pauses of a worker's loop, a little a turn. Loop thread only; one a worker.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "cache/store.h"
#include "proxy/worker.h"

namespace levee {

// As worker.local<Sweeper>().
class Sweeper {
 public:
  explicit Sweeper(Worker& worker) : worker_(worker) {}
  // Calls `done` when the ban is done, never within this call.
  void carry_out(std::shared_ptr<Store> store, std::shared_ptr<const Ban> ban, std::function<void()> done);

 private:
  struct Job {
    std::shared_ptr<Store> store;
    std::shared_ptr<const Ban> ban;
    std::function<void()> done;
  };
  void go_on();
  Worker& worker_;
  std::vector<Job> jobs_;
};

}  // namespace levee
