// The rules behind lint(): each looks at one part of a configuration and adds what it finds.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "conf/lint.h"

namespace levee::conf {

class Findings {
 public:
  // The same finding of a line that several blocks inherit counts once.
  void add(const Place& place, std::string text);
  std::vector<Warning> take();  // in the order of the file

 private:
  std::vector<Warning> warnings_;
};

// Where a directive of a block was written; the block itself if its default holds.
template <typename Block>
const Place& place_of(const Block& block, std::string_view directive) {
  const auto it = block.places.find(directive);
  return it == block.places.end() ? block.place : it->second;
}

// "1h", "90s", "500ms".
std::string in_words(Milliseconds time);
std::string in_lower_case(std::string text);
// Whether a thing of this name has a value of its own for every viewer or request, or one that many share.
bool names_viewer(std::string_view name);
bool names_choice(std::string_view name);
// Of a part of a path, where a user or a time is the stream's: whether it is what one viewer was given.
bool names_secret(std::string_view name);

// The kinds of media requests that a location is for.
struct Role {
  bool playlists = false, segments = false;
  bool is_meant = false;      // it says so itself, or takes whatever no other location does
  bool multivariant = false;  // its playlists list playlists: they change as rarely as those do
};
using Roles = std::map<const Location*, Role>;  // of all of a server's
Roles roles_of(const Server& server);

void lint_process(const Config& config, const LintTerms& terms, Findings& findings);
void lint_zones(const Http& http, const LintTerms& terms, Findings& findings);
void lint_cluster(const Http& http, Findings& findings);
// `workers`: of the process.
void lint_upstream(const Upstream& upstream, uint64_t workers, const LintTerms& terms, Findings& findings);
uint64_t workers_of(const Config& config, const LintTerms& terms);
// How long things are kept, and how long viewers wait.
void lint_times(const Location& location, Role role, const LintTerms& terms, Findings& findings);
// Media that the cache would carry, and does not.
void lint_uncached(const Http& http, const Location& location, Role role, Findings& findings);
// Who shares what, and who can reach the origin.
void lint_sharing(const Config& config, const Location& location, Findings& findings);
// Pages about the process itself that everybody may see.
void lint_exposure(const Config& config, const Server& server, const Location& location, Findings& findings);

}  // namespace levee::conf
