// A configuration as lines and blocks, files included, before anything is known of what they mean.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "conf/place.h"

namespace levee::conf {

struct Node {
  std::vector<std::string> words;  // at least the name
  std::vector<Node> children;      // of a block
  bool is_block = false;
  Place place;
};

struct SyntaxError {
  Place place;
  std::string text;
};

// The lines of `text`, which is called `name` in errors. `folder`: where the paths of include start; ends in "/".
std::variant<std::vector<Node>, SyntaxError> parse_text(const std::string& text, const std::string& name,
                                                        const std::string& folder);
// The lines of a file and of those that it includes.
std::variant<std::vector<Node>, SyntaxError> parse_file(const std::string& path, const std::string& folder);

}  // namespace levee::conf
