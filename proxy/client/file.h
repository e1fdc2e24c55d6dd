// Files behind root and alias.
#pragma once

#include <string_view>
#include <variant>

#include "conf/config.h"
#include "proxy/client/answer.h"

namespace levee {

class Exchange;

struct NoFile {
  int status = 404;
};
// A folder that was asked for without its slash.
struct Folder {};

// The file that the path leads to, or the folder's index, opened; the caller closes it. The path is normalised, so
// nothing outside of the root can be named, but for what links inside lead to.
std::variant<OpenFile, NoFile, Folder> open_file(const Exchange& x);

// The media type by extension; default_type if it is unknown.
std::string_view media_type(const Location& location, std::string_view path);

}  // namespace levee
