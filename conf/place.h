// Where the configuration says something, for messages about it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace levee {
namespace conf {

struct Place {
  std::shared_ptr<const std::string> file;  // null: nowhere in particular
  int line = 0;
};

// Where the directives that are in effect in a block were written, inherited ones included; not those of which the
// default holds. By name, which lives in the directive table.
using Places = std::map<std::string_view, Place>;

}  // namespace conf

// What an operator should know of a configuration that is valid.
struct Warning {
  conf::Place place;
  std::string text;
  // "text in edge.conf:12".
  std::string to_string() const;
};

}  // namespace levee
