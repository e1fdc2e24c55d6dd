// Lines of the error log, and how many of a kind there may be.
#include "proxy/ops/log.h"

#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <mutex>

namespace levee {
namespace {

constexpr uint32_t kLinesASecond = 20;  // of a kind

struct Target {
  std::mutex mutex;
  std::shared_ptr<LogFile> file;
};
Target& target() {
  static auto* const only = new Target;
  return *only;
}

// How often a kind was logged in the current second. Kinds that share a row share its lines.
struct Kind {
  int64_t second = 0;
  uint32_t lines = 0;
  uint64_t left_out = 0;
};
struct Kinds {
  std::mutex mutex;
  std::array<Kind, 256> rows;
};
Kinds& kinds() {
  static auto* const only = new Kinds;
  return *only;
}

// Nothing may be logged: -1. Else how many messages of the kind were left out before this one.
int64_t admit(const void* site, int64_t second) {
  Kinds& all = kinds();
  const std::lock_guard lock(all.mutex);
  Kind& kind = all.rows[(reinterpret_cast<uintptr_t>(site) >> 3) % all.rows.size()];
  if (kind.second != second) {
    kind.second = second;
    kind.lines = 0;
  }
  if (kind.lines >= kLinesASecond) {
    ++kind.left_out;
    return -1;
  }
  ++kind.lines;
  const auto left_out = static_cast<int64_t>(kind.left_out);
  kind.left_out = 0;
  return left_out;
}

const char* name(LogLevel level) {
  switch (level) {
    case LogLevel::kEmergency:
      return "emerg";
    case LogLevel::kAlert:
      return "alert";
    case LogLevel::kCritical:
      return "crit";
    case LogLevel::kError:
      return "error";
    case LogLevel::kWarning:
      return "warn";
    case LogLevel::kNotice:
      return "notice";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kDebug:
      return "debug";
  }
  return "";
}

}  // namespace

namespace log_detail {

std::atomic<LogLevel> level{LogLevel::kNotice};

void write(LogLevel at, uint64_t connection, const void* site, std::string_view text) {
  static thread_local const pid_t thread = gettid();
  const time_t now = time(nullptr);
  const int64_t left_out = admit(site, now);
  if (left_out < 0) return;
  tm local{};
  localtime_r(&now, &local);
  std::array<char, 96> head{};
  const int length = std::snprintf(
      head.data(), head.size(), "%04d/%02d/%02d %02d:%02d:%02d [%s] %d#%d: ", local.tm_year + 1900, local.tm_mon + 1,
      local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec, name(at), getpid(), thread);
  std::string line(head.data(), static_cast<size_t>(length));
  if (connection != 0) line += "*" + std::to_string(connection) + " ";
  for (const char byte : text) {  // what comes from outside must not forge lines
    line += static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f ? ' ' : byte;
  }
  if (left_out > 0) line += " (" + std::to_string(left_out) + " similar messages left out)";
  line += '\n';
  std::shared_ptr<LogFile> file;
  {
    Target& where = target();
    const std::lock_guard lock(where.mutex);
    file = where.file;
  }
  if (file) {
    file->append(line);
  } else {
    (void)!::write(STDERR_FILENO, line.data(), line.size());
  }
}

}  // namespace log_detail

void set_error_log(std::shared_ptr<LogFile> file, LogLevel level) {
  Target& where = target();
  const std::lock_guard lock(where.mutex);
  where.file = std::move(file);
  log_detail::level.store(level, std::memory_order_relaxed);
}

}  // namespace levee
