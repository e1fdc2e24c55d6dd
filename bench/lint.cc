#include "bench/lint.h"

#include <cstdio>

#include "conf/lint.h"
#include "conf/value.h"

namespace levee::bench {

int run_lint(const LintOptions& options) {
  LintTerms terms = lint_terms_here();
  const auto segment = conf::duration(options.segment);
  if (!segment || segment->count() == 0) {
    std::fprintf(stderr, "levee-bench: --segment is no time: %s\n", options.segment.c_str());
    return 2;
  }
  terms.segment = *segment;
  const std::string folder = options.file.substr(0, options.file.rfind('/') + 1);
  const auto loaded = load(options.file, options.prefix.empty() ? folder : options.prefix, "");
  if (const auto* error = std::get_if<ConfigError>(&loaded)) {
    std::fprintf(stderr, "levee-bench: %s\n", error->to_string().c_str());
    return 2;
  }
  const std::vector<Warning> warnings = lint(std::get<Config>(loaded), terms);
  for (const Warning& warning : warnings) std::printf("%s\n", warning.to_string().c_str());
  return warnings.empty() ? 0 : 1;
}

}  // namespace levee::bench
