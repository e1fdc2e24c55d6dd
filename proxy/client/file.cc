#include "proxy/client/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "proxy/client/exchange.h"
#include "proxy/client/variables.h"
#include "proxy/ops/log.h"

namespace levee {
namespace {

int status_of_errno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
      return 404;
    case EACCES:
    case EPERM:
      return 403;
    default:
      return 500;  // descriptors or memory ran out, the disk is sick
  }
}

std::variant<OpenFile, NoFile, Folder> open_path(const Exchange& x, const std::string& path) {
  // Not blocking: a FIFO must not stop the worker.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) {
    const int error = errno;
    const int status = status_of_errno(error);
    log(status == 500 ? LogLevel::kCritical : LogLevel::kError, x.connection->number, "open() \"", path, "\" failed ",
        errno_text(error));
    return NoFile{status};
  }
  struct stat about {};
  if (fstat(descriptor, &about) != 0 || !(S_ISREG(about.st_mode) || S_ISDIR(about.st_mode))) {
    close(descriptor);
    return NoFile{404};
  }
  if (S_ISDIR(about.st_mode)) {
    close(descriptor);
    return Folder{};
  }
  return OpenFile{descriptor, static_cast<uint64_t>(about.st_size), about.st_mtime,
                  media_type(*x.plan->location, path)};
}

std::variant<OpenFile, NoFile, Folder> open_index(const Exchange& x, const std::string& folder) {
  const Variables values(x);
  for (const Expression& name : x.plan->location->index) {
    auto found = open_path(x, folder + name.evaluate(values));
    if (std::holds_alternative<OpenFile>(found)) return found;
    if (const auto* none = std::get_if<NoFile>(&found); none != nullptr && none->status != 404) return found;
  }
  struct stat about {};
  return NoFile{stat(folder.c_str(), &about) == 0 ? 403 : 404};
}

}  // namespace

void append_below_root(const Location& location, std::string_view path, std::string& out) {
  if (!location.is_alias) {
    out += path;
  } else if (location.match.kind != LocationMatch::Kind::kRegex) {
    out += path.substr(std::min(location.match.pattern.size(), path.size()));
  }
}

std::string_view media_type(const Location& location, std::string_view path) {
  const size_t dot = path.rfind('.');
  if (dot != std::string_view::npos && path.find('/', dot) == std::string_view::npos) {
    std::string extension(path.substr(dot + 1));
    for (char& c : extension) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    if (const auto known = location.types.find(extension); known != location.types.end()) return known->second;
  }
  return location.default_type;
}

std::variant<OpenFile, NoFile, Folder> open_file(const Exchange& x) {
  const Location& location = *x.plan->location;
  std::string path = location.root.evaluate(Variables(x));
  append_below_root(location, x.path, path);
  path = x.connection->generation()->config->full_path(path);
  if (path.find('\0') != std::string::npos) return NoFile{404};
  if (x.path.ends_with('/')) return open_index(x, path);
  return open_path(x, path);
}

}  // namespace levee
