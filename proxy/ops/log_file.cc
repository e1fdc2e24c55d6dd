// The registry of open log files.
#include "proxy/ops/log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>

namespace levee {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<LogFile>> files;
};

Registry& registry() {
  static auto* const only = new Registry;  // lives as long as anybody may log
  return *only;
}

int open_file(const std::string& path) {
  if (path == "stderr" || path == "/dev/stderr") return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (path == "/dev/stdout") return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
}

bool is_stream(const std::string& path) {
  return path == "stderr" || path == "/dev/stderr" || path == "/dev/stdout";
}

}  // namespace

std::shared_ptr<LogFile> LogFile::open(const std::string& path) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  auto& known = all.files[path];
  if (auto file = known.lock()) return file;
  const int descriptor = open_file(path);
  if (descriptor < 0) {
    const int error = errno;
    all.files.erase(path);
    errno = error;
    return nullptr;
  }
  std::shared_ptr<LogFile> file(new LogFile(path, descriptor));
  known = file;
  return file;
}

std::string LogFile::reopen_all() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::string failed;
  for (const auto& [path, known] : all.files) {
    const auto file = known.lock();
    if (!file || is_stream(path)) continue;
    const int descriptor = open_file(path);
    if (descriptor < 0) {
      if (failed.empty()) failed = "open() \"" + path + "\" failed (" + std::strerror(errno) + ")";
      continue;
    }
    dup3(descriptor, file->descriptor_, O_CLOEXEC);  // writers see the old file or the new one, never none
    close(descriptor);
  }
  return failed;
}

LogFile::~LogFile() {
  close(descriptor_);
}

void LogFile::append(std::string_view lines) const {
  (void)!::write(descriptor_, lines.data(), lines.size());
}

}  // namespace levee
