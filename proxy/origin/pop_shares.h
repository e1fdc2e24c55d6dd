// A PoP's nodes share each origin's limit: says what this node wants, and sets what it may use of it.
//
// Run by one worker (Worker::local); loop thread only. What a node wants is told to the others at each beat. A smaller
// share is taken at once, a larger one a beat later, when those who give it have heard of it too.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "proxy/cluster/roster.h"
#include "proxy/generation.h"
#include "proxy/ops/gauges.h"
#include "proxy/worker.h"

namespace levee {

class PopShares {
 public:
  explicit PopShares(Worker& worker) : worker_(worker) {}
  // Beats for this generation's PoP, after PopMember::use(). Without one each node has the whole limit.
  void use(const std::shared_ptr<const Generation>& generation);

 private:
  Demand announce();
  void apply(bool may_grow);

  Worker& worker_;
  std::shared_ptr<Pop> pop_;
  std::shared_ptr<UpstreamStates> upstreams_;
  Demand told_;
  std::map<std::string, double, std::less<>> shares_;
  std::unique_ptr<Heart> heart_;
  std::unique_ptr<GaugeSource> gauges_;
};

}  // namespace levee
