// What a valid configuration may do to its viewers or its origin: combinations that are allowed, and dangerous.
#pragma once

#include <vector>

#include "conf/config.h"

namespace levee {

// What the configuration is held against.
struct LintTerms {
  uint64_t memory = 0;          // bytes that the process may have
  uint32_t processors = 1;      // what worker_processes auto means
  Milliseconds segment{6'000};  // the streams' target duration
};
// Those of this machine, limits of the process's group included.
LintTerms lint_terms_here();

// The warnings, each with its reason, in the order of the file. Pure.
std::vector<Warning> lint(const Config& config, const LintTerms& terms);

}  // namespace levee
