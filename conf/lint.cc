#include "conf/lint.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <thread>
#include <tuple>

#include "conf/lint_rules.h"
#include "conf/route.h"

namespace levee {
namespace conf {
namespace {

using Roles = std::map<const Location*, Role>;

constexpr std::string_view kPlaylists[] = {"index.m3u8", "manifest.mpd"};
constexpr std::string_view kSegments[] = {"1.ts", "1.m4s"};

// A regex may want more of a path than an invented one has, so its text counts too.
void add_spelled(const Location& location, Roles& roles) {
  if (location.match.kind != LocationMatch::Kind::kRegex) return;
  const std::string_view pattern = location.match.pattern;
  const auto names = [&](auto... words) { return ((pattern.find(words) != std::string_view::npos) || ...); };
  if (names("m3u8", "mpd")) roles[&location].playlists = true;
  if (names("m4s", "cmfv", "\\.ts", "(ts|", "|ts")) roles[&location].segments = true;
  if (const auto role = roles.find(&location); role != roles.end()) role->second.is_meant = true;
}

// What requests below `location` come to, found as requests are.
void add_roles(const Server& server, const Location& location, Roles& roles) {
  using Kind = LocationMatch::Kind;
  add_spelled(location, roles);
  if (location.priority == Priority::kPlaylist) roles[&location].playlists = roles[&location].is_meant = true;
  if (location.priority == Priority::kLive) roles[&location].segments = roles[&location].is_meant = true;
  if (location.match.kind == Kind::kPrefix && location.match.pattern == "/") roles[&location].is_meant = true;
  std::string folder = location.match.kind == Kind::kRegex ? "/" : location.match.pattern;
  folder.resize(folder.rfind('/') + 1);
  Captures captures;
  for (const std::string_view name : kPlaylists) {
    roles[&find_location(server, folder + std::string(name), captures)].playlists = true;
  }
  for (const std::string_view name : kSegments) {
    roles[&find_location(server, folder + std::string(name), captures)].segments = true;
  }
  for (const Location& inner : location.locations) add_roles(server, inner, roles);
}

void lint_locations(const Config& config, const Server& server, const Location& location, const Roles& roles,
                    const LintTerms& terms, Findings& findings) {
  const auto role = roles.find(&location);
  lint_exposure(config, server, location, findings);
  const Role found = role == roles.end() ? Role{} : role->second;
  if (std::holds_alternative<ProxyPass>(location.answer) && !location.cache.empty()) {
    lint_times(location, found, terms, findings);
    lint_sharing(config, location, findings);
  } else if (std::holds_alternative<ProxyPass>(location.answer)) {
    lint_uncached(config.http, location, found, findings);
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
    conf::Roles roles;
    conf::add_roles(*server, server->base, roles);
    conf::lint_locations(config, *server, server->base, roles, terms, findings);
  }
  return findings.take();
}

}  // namespace levee
