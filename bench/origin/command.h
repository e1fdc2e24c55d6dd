// What an origin is told while it runs: the same over HTTP, in a script and in a plan. Pure.
//
//   hang  for=5s prefix=/live       it takes requests below a path, for a time, and never answers; fail, 503: likewise
//   reset after=1000 ...            and cut: after so many bytes of a body
//   slow  ttfb=2s rate=64k ...
//   ok    prefix=/live              the end of such faults; of all without a prefix
//   capacity slots=8 service=20ms queue=100 collapse_past=32      the rest stays; without arguments as at the start
//   zero                            sets the counts back
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bench/origin/capacity_model.h"

namespace levee::bench {

struct OriginCommand {
  std::string what;
  std::string prefix;                                   // of paths
  std::map<std::string, int64_t, std::less<>> numbers;  // by name; times in milliseconds

  std::optional<int64_t> number(std::string_view name) const;
  // "hang?for=5000&prefix=/live": what is POSTed to /control/.
  std::string target() const;
};

// The commands that there are, with spaces between.
std::string command_names();
bool is_command(std::string_view what);

// Either says what is wrong instead. Words of a file: hang for=5s, and a time without a unit is in seconds, as in every
// configuration.
std::variant<OriginCommand, std::string> read_command(const std::vector<std::string>& words);
// What stands behind /control/: hang?for=5s, and a time without a unit is in milliseconds.
std::variant<OriginCommand, std::string> read_command(std::string_view target);

// Does what `command`, a capacity, says to `capacity`. Or says what is wrong, and changes nothing.
std::string change(Capacity& capacity, const OriginCommand& command, const Capacity& at_start);

}  // namespace levee::bench
