// This node's part in the PoP's purges: carries out what the bus brings on the stores of the worker's generation.
#pragma once

#include <memory>
#include <string_view>

#include "proxy/cluster/pop.h"
#include "proxy/cluster/purge_bus.h"
#include "proxy/cluster/purge_order.h"
#include "proxy/worker.h"

namespace levee {

// As worker.local<PurgeMember>() of one worker of the process.
class PurgeMember {
 public:
  explicit PurgeMember(Worker& worker) : worker_(worker) {}
  // From now on this is the PoP; null: there is none. After PopMember::use(), whose connection it shares.
  void use(const std::shared_ptr<Pop>& pop);

 private:
  bool carry_out(std::string_view order);
  bool suspect_all();
  bool carry_out(const std::shared_ptr<Store>& store, const PurgeOrder& order);
  Worker& worker_;
  std::shared_ptr<Pop> pop_;
  bool began_ = false;  // with some configuration
  std::unique_ptr<PurgeBus> bus_;
};

}  // namespace levee
