// A PoP's nodes share each origin's limit: says what this node wants, and sets what it may use of it.
//
// Run by one worker (Worker::local); loop thread only. What was gained too early would be too much for the origin: when
// nodes vanish from the roster, of which Redis may know nothing because it was emptied, and when Redis is away, it
// takes a node's death until more is taken than before; less is taken at once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proxy/cluster/roster.h"
#include "proxy/generation.h"
#include "proxy/ops/gauges.h"
#include "proxy/worker.h"

namespace levee {

class UpstreamState;

class PopShares {
 public:
  static constexpr int64_t kHungry = 100;    // ms between two beats of a node that wants more than it has
  static constexpr int64_t kPatience = 500;  // ms that a node which has just started waits for Redis

  explicit PopShares(Worker& worker);
  // Beats for this generation's PoP, after PopMember::use().
  void use(const std::shared_ptr<const Generation>& generation);

 private:
  std::vector<SlotsWanted> say() const;
  void heard(const SlotsGranted& grants, bool doubled);
  void missed();
  void look_for_twin(bool doubled);
  void set_part(UpstreamState& upstream, uint32_t slots, bool may_grow);

  Worker& worker_;
  const std::string instance_;  // random
  std::shared_ptr<Pop> pop_;
  std::shared_ptr<UpstreamStates> upstreams_;
  std::map<std::string, uint32_t, std::less<>> parts_;  // slots, by the limit's name
  uint32_t nodes_ = 0;                                  // that share; 0: not heard of yet
  int64_t heard_at_ = 0, growth_after_ = 0;             // ms on the loop's clock
  int64_t twin_since_ = 0, twin_seen_ = 0;              // ms; 0: no other node has our address
  bool twin_told_ = false;
  std::unique_ptr<Heart> heart_;
  std::unique_ptr<GaugeSource> gauges_;
};

}  // namespace levee
