// The same plan rehearsed with each server in turn, round after round: what else the machine does strikes all alike.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <variant>

#include "bench/compare/compare.h"
#include "bench/figures/report.h"
#include "bench/rehearse/plan.h"

namespace levee::bench {

// Empty: it can be compared. Else what is wrong with it.
std::string uncomparable(const Plan& plan);

struct Compared {
  Json result;                 // as tables.h has a scenario's
  std::string interrupted_in;  // the round that was being played, of which nothing is kept; empty: it played all
};

// Each round starts the servers anew, their caches empty. Nodes run on the
// first processor, the origin and this program on the others. `scratch`: a folder. `keep`: gets the results so far
// after each rehearsal. Or what is wrong.
std::variant<Compared, std::string> compare_rehearsals(const Plan& plan, const CompareOptions& options,
                                                       const std::filesystem::path& scratch,
                                                       const std::function<void(Json)>& keep);

}  // namespace levee::bench
