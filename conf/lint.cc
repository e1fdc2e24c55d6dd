#include "conf/lint.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <thread>
#include <tuple>

#include "conf/lint_rules.h"

namespace levee {
namespace conf {
namespace {

void lint_locations(const Config& config, const Server& server, const Location& location, const Roles& roles,
                    const LintTerms& terms, Findings& findings) {
  lint_exposure(config, server, location, findings);
  const Role& role = roles.at(&location);
  if (std::holds_alternative<ProxyPass>(location.answer) && !location.cache.empty()) {
    lint_times(location, role, terms, findings);
    lint_sharing(config, location, findings);
  } else if (std::holds_alternative<ProxyPass>(location.answer)) {
    lint_uncached(config.http, location, role, findings);
  }
  for (const Location& inner : location.locations) lint_locations(config, server, inner, roles, terms, findings);
}

}  // namespace

void Findings::add(const Place& place, std::string text) {
  const auto is_same = [&](const Warning& known) {
    return known.place.line == place.line && known.place.file == place.file && known.text == text;
  };
  if (std::ranges::none_of(warnings_, is_same)) warnings_.push_back({place, std::move(text)});
}

std::vector<Warning> Findings::take() {
  const auto position = [](const Warning& warning) {
    return std::tuple(warning.place.file ? std::string_view(*warning.place.file) : "", warning.place.line);
  };
  std::ranges::stable_sort(warnings_, {}, position);
  return std::move(warnings_);
}

std::string in_words(Milliseconds time) {
  static constexpr std::pair<int64_t, const char*> kUnits[] = {{3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}};
  for (const auto& [size, name] : kUnits) {
    if (time.count() >= size && time.count() % size == 0) return std::to_string(time.count() / size) + name;
  }
  return std::to_string(time.count()) + "ms";
}

std::string in_lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace conf

LintTerms lint_terms_here() {
  LintTerms terms;
  terms.memory = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  terms.processors = std::max(std::thread::hardware_concurrency(), 1U);
  uint64_t limit = 0;
  if (std::ifstream("/sys/fs/cgroup/memory.max") >> limit && limit > 0) terms.memory = std::min(terms.memory, limit);
  return terms;
}

std::vector<Warning> lint(const Config& config, const LintTerms& terms) {
  conf::Findings findings;
  conf::lint_process(config, terms, findings);
  conf::lint_zones(config.http, terms, findings);
  conf::lint_cluster(config.http, findings);
  const uint64_t workers = conf::workers_of(config, terms);
  for (const auto& [name, upstream] : config.http.upstreams) conf::lint_upstream(upstream, workers, terms, findings);
  for (const auto& server : config.http.servers) {
    conf::lint_locations(config, *server, server->base, conf::roles_of(*server), terms, findings);
  }
  return findings.take();
}

}  // namespace levee
