// levee-bench lint: what a valid configuration may do to its viewers or its origin.
#pragma once

#include <string>

namespace levee::bench {

struct LintOptions {
  std::string file;
  std::string prefix;          // where its relative paths start; empty: the file's folder
  std::string segment = "6s";  // the streams' target duration
};

// Prints a line for each danger. 0: none. 1: some. 2: the file is not a configuration.
int run_lint(const LintOptions& options);

}  // namespace levee::bench
