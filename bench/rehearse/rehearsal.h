// Plays a plan against a venue, second by second, and judges it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bench/rehearse/outcome.h"
#include "bench/rehearse/plan.h"
#include "bench/servers/deployment.h"

namespace levee::bench {

// Where a plan is played.
struct Venue {
  std::vector<Target> targets;    // of viewers, in turn
  std::optional<Target> origin;   // a levee-bench origin, for its counts and faults
  Deployment* servers = nullptr;  // those that faults may strike, and whose processor time counts

  // Whether all of it is this machine.
  bool is_here() const;
};

// Starts what the plan deploys: the origin, Redis and the nodes, those as `maker` has them. A plan that deploys nothing
// gets its own targets. Or what is wrong.
std::variant<Venue, std::string> open_venue(const Plan& plan, const NodeMaker& maker, Deployment& servers);

// Is told what happens while it happens.
class Onlooker {
 public:
  virtual ~Onlooker() = default;
  virtual void on_second(const Outcome& so_far) = 0;
  virtual void on_event(const Happening& event) = 0;
};

// Takes plan.duration and a moment more; SIGINT and SIGTERM end it sooner.
Outcome rehearse(const Plan& plan, const Venue& venue, Onlooker& onlooker);

}  // namespace levee::bench
