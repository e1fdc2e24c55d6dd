// What `compare` found, as tables: for a terminal, for the README, and as a page that opens without a network. Pure.
//
// Results: {"machine": {..}, "quick": bool, "scenarios": {NAME: {"title": .., "headlines": [{"as", "what", "label"}],
// "peers": {PEER: {WHAT: number}}, "not_measured": {PEER: why}, of a plan also
// "verdicts": {PEER: {"held", "unjudged", "rounds", "says"}}}}, "micro": {NAME: nanoseconds}, "missed_percent":
// {NAME: share}}.
#pragma once

#include <optional>
#include <string>

#include "bench/figures/report.h"

namespace levee::bench {

// A plan's figures, a line for each and a column for each peer, under their verdicts.
std::string plan_table(const Json& scenario);
// One scenario's figures, a line for each peer, with its ratio to nginx where there is one.
std::string terminal_table(const std::string& name, const Json& scenario);
// When and where, and all headlines: a row for each and a column for each peer, in Markdown.
std::string markdown_table(const Json& results);
std::string html_page(const Json& results);
// README.md with that table where it belongs; nothing when it has no place for it.
std::optional<std::string> with_table(const std::string& readme, const Json& results);

}  // namespace levee::bench
