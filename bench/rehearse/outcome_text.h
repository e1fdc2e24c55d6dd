// An outcome as text for a terminal, and as JSON. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/rehearse/outcome.h"
#include "bench/rehearse/plan.h"

namespace levee::bench {

// The promises with what was measured, and the verdict in the last line.
std::string verdict_text(const Plan& plan, const Outcome& outcome);
// That last line: "It holds.", or which promise broke first and when.
std::string verdict_line(const Plan& plan, const Outcome& outcome);
// What made the generator too slow; empty when it was not.
std::string bottleneck(const Outcome& outcome);
// What else somebody must know who reads the verdict: sentences.
std::vector<std::string> remarks(const Outcome& outcome);
// How far the generator was one: "late by 51 ms at p99", "short of connections for 3.0 % of its requests".
std::string hindrance(const Outcome& outcome);
// "stalled_viewers at most 1.0 %"
std::string promise_words(const Promise& promise);
// "holds", "does not hold", "none": what JSON calls it.
std::string verdict_word(Verdict::Kind kind);
// The verdict, what it says, which promise broke first, and what became of each.
nlohmann::ordered_json verdict_json(const Plan& plan, const Outcome& outcome);
// The same, and all that was measured.
nlohmann::ordered_json outcome_json(const Plan& plan, const Outcome& outcome);

}  // namespace levee::bench
