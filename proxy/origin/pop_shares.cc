#include "proxy/origin/pop_shares.h"

#include "proxy/cluster/pop.h"
#include "proxy/origin/pop_gauges.h"
#include "proxy/origin/upstream_state.h"

namespace levee {

void PopShares::use(const std::shared_ptr<const Generation>& generation) {
  upstreams_ = generation->upstreams;
  if (generation->pop == pop_) return;
  heart_.reset();
  gauges_.reset();
  pop_ = generation->pop;
  told_.clear();
  shares_.clear();
  if (pop_) {
    gauges_ = std::make_unique<GaugeSource>([pop = pop_](std::vector<Sample>& out) { add_samples(*pop, out); });
  }
  Redis* const redis = worker_.local<PopMember>().redis();
  if (!pop_ || redis == nullptr) {
    for (const auto& upstream : upstreams_->configured()) upstream->admission().set_share(1);
    return;
  }
  heart_ = std::make_unique<Heart>(
      worker_.loop(), *redis, pop_->prefix(), pop_->node(), pop_->advertise(), pop_->roster(),
      [this] {
        apply(true);
        return announce();
      },
      [this] { apply(false); });
}

Demand PopShares::announce() {
  told_.clear();
  for (const auto& upstream : upstreams_->configured()) {
    const auto wanted = upstream->admission().demand();
    if (wanted) told_[upstream->name()] = *wanted;
  }
  return told_;
}

void PopShares::apply(bool may_grow) {
  for (const auto& upstream : upstreams_->configured()) {
    const uint32_t limit = upstream->admission().shared_limit();
    if (limit == 0) continue;
    const auto told = told_.find(upstream->name());
    const uint32_t demand = told == told_.end() ? 0 : told->second;
    const double share =
        static_cast<double>(pop_->roster().share(upstream->name(), limit, demand, pop_->node())) / limit;
    auto [known, is_new] = shares_.emplace(upstream->name(), share);
    if (!is_new && share > known->second && !may_grow) continue;
    known->second = share;
    upstream->admission().set_share(share);
  }
}

}  // namespace levee
