// What lint() says of a text, or of lines added to a configuration without dangers.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <variant>
#include <vector>

#include "conf/lint.h"

namespace levee {

inline constexpr LintTerms kTerms{.memory = uint64_t{64} << 30U, .processors = 4, .segment = std::chrono::seconds(6)};

inline std::vector<std::string> found(const std::string& text, const LintTerms& terms = kTerms) {
  auto loaded = load_text(text, "/prefix", "f");
  if (const auto* error = std::get_if<ConfigError>(&loaded)) return {"not valid: " + error->to_string()};
  std::vector<std::string> lines;
  for (const Warning& warning : lint(std::get<Config>(loaded), terms)) lines.push_back(warning.to_string());
  return lines;
}

// A configuration without dangers, with lines added: those of its one location are line 9 of the file.
struct Lines {
  std::string main = {}, upstream = {}, http = {}, server = {}, location = {};
};
inline std::vector<std::string> found_in(const Lines& lines, const LintTerms& terms = kTerms) {
  return found("worker_processes 2; " + lines.main +  // line 1
                   "\nevents { worker_connections 1000; }"
                   "\nhttp { cache_zone z ram=64m; proxy_cache z; proxy_cache_key $host$uri;"
                   "\nproxy_connect_timeout 1s; proxy_read_timeout 5s;"
                   "\nproxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;\n" +
                   lines.http + "\nupstream u { server 127.0.0.1:1; concurrency 8; " + lines.upstream +  // line 7
                   "}\nserver { listen 80; " + lines.server + "location / { proxy_pass http://u;\n" + lines.location +
                   " } } }",
               terms);
}
inline auto warns(const std::string& what, int line) {
  return testing::ElementsAre(
      testing::AllOf(testing::HasSubstr(what), testing::EndsWith(" in f:" + std::to_string(line))));
}

}  // namespace levee
