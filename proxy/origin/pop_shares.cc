#include "proxy/origin/pop_shares.h"

#include <algorithm>
#include <random>
#include <utility>

#include "proxy/cluster/peer_message.h"
#include "proxy/cluster/pop.h"
#include "proxy/ops/log.h"
#include "proxy/origin/pop_gauges.h"
#include "proxy/origin/upstream_state.h"

namespace levee {

namespace {

std::string new_instance() {
  std::random_device random;
  return std::to_string(random()) + "-" + std::to_string(random());
}

}  // namespace

PopShares::PopShares(Worker& worker) : worker_(worker), instance_(new_instance()) {}

void PopShares::use(const std::shared_ptr<const Generation>& generation) {
  upstreams_ = generation->upstreams;
  if (generation->pop == pop_) return;
  heart_.reset();
  gauges_.reset();
  pop_ = generation->pop;
  if (pop_) {
    gauges_ = std::make_unique<GaugeSource>([pop = pop_](std::vector<Sample>& out) { add_samples(*pop, out); });
  }
  Redis* const redis = worker_.local<PopMember>().redis();
  if (!pop_ || redis == nullptr) return parts_.clear();
  heard_at_ = growth_after_ = worker_.now();
  Heart::Hands hands;
  hands.say = [this] { return say(); };
  hands.heard = [this](const SlotsGranted& grants, bool doubled) { heard(grants, doubled); };
  hands.missed = [this] { missed(); };
  heart_ = std::make_unique<Heart>(worker_.loop(), *redis, pop_->prefix(), pop_->node(), pop_->advertise(), instance_,
                                   pop_->roster(), std::move(hands));
}

std::vector<SlotsWanted> PopShares::say() const {
  std::vector<SlotsWanted> all;
  for (const auto& upstream : upstreams_->configured()) {
    const auto demand = upstream->admission().demand();
    if (!demand) continue;
    const std::string name = escape_key(upstream->name());
    const auto part = parts_.find(name);
    const uint32_t may_use = part == parts_.end() ? 0 : part->second;
    all.push_back({name, demand->limit, demand->wanted, std::max(demand->in_flight, may_use)});
  }
  return all;
}

void PopShares::heard(const SlotsGranted& grants, bool doubled) {
  const int64_t now = worker_.now();
  const uint32_t nodes = pop_->roster().last_seen();
  if (nodes < nodes_) growth_after_ = now + Heart::kDeath;
  nodes_ = nodes;
  heard_at_ = now;
  bool gave = false, wants = false;
  for (const auto& upstream : upstreams_->configured()) {
    const std::string name = escape_key(upstream->name());
    const auto grant = grants.find(name);
    if (grant == grants.end()) continue;
    const uint32_t before = parts_[name];
    set_part(*upstream, grant->second, now >= growth_after_);
    const auto demand = upstream->admission().demand();
    gave = gave || parts_[name] < before;
    wants = wants || (demand && demand->wanted > parts_[name] && demand->limit > parts_[name]);
  }
  look_for_twin(doubled);
  if (gave) heart_->hurry(1);  // so that others can have it
  if (wants) heart_->hurry(kHungry);
}

// Each node takes the claims of such a one for its own, and who has our name too beats in our place. Our own former
// name, or our process of before a restart, is forgotten within a node's death.
void PopShares::look_for_twin(bool doubled) {
  const std::shared_ptr<const Nodes> nodes = pop_->roster().nodes();
  const auto others = std::ranges::next(nodes->begin(), 1, nodes->end());
  const auto twin = std::ranges::find(others, nodes->end(), pop_->advertise(), &Node::address);
  const int64_t now = worker_.now();
  if (!doubled && twin == nodes->end()) {
    if (now - twin_seen_ <= Heart::kDeath) return;  // it beats less often than we do
    twin_since_ = 0;
    twin_told_ = false;
    return;
  }
  twin_seen_ = now;
  if (twin_since_ == 0) twin_since_ = now;
  if (now - twin_since_ <= 2 * Heart::kDeath || std::exchange(twin_told_, true)) return;
  const std::string shares_nothing =
      " of the PoP has the address of this one, advertise=" + pop_->advertise() + ": they share nothing";
  if (doubled) {
    log(LogLevel::kError, 0, "another node ", pop_->node(), shares_nothing);
  } else {
    log(LogLevel::kError, 0, "node ", twin->name, shares_nothing);
  }
}

void PopShares::missed() {
  const int64_t now = worker_.now(), silence = now - heard_at_;
  const bool started = nodes_ > 0;
  if (silence < (started ? Heart::kDeath : kPatience)) return heart_->hurry(kHungry);
  pop_->roster().lost();
  const uint32_t nodes = pop_->roster().last_seen();
  for (const auto& upstream : upstreams_->configured()) {
    const auto demand = upstream->admission().demand();
    if (!demand) continue;
    set_part(*upstream, std::max(demand->limit / nodes, 1U), !started || silence >= 2 * Heart::kDeath);
  }
}

void PopShares::set_part(UpstreamState& upstream, uint32_t slots, bool may_grow) {
  uint32_t& part = parts_[escape_key(upstream.name())];
  part = may_grow ? slots : std::min(part, slots);
  upstream.admission().set_part(part, std::max(pop_->roster().last_seen(), 1U));
}

}  // namespace levee
