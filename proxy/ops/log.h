// The error log: nginx's levels and line format. Thread-safe; a message below the level costs one relaxed load.
#pragma once

#include <atomic>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "conf/config.h"
#include "proxy/net/errno_text.h"
#include "proxy/ops/log_file.h"

namespace levee {

// Where messages go from now on; null: standard error. Before the first call: standard error, level notice.
void set_error_log(std::shared_ptr<LogFile> file, LogLevel level);

namespace log_detail {
extern std::atomic<LogLevel> level;
// `site`: what is the same for all messages of one kind; a kind has some lines a second, the rest is only counted.
void write(LogLevel level, uint64_t connection, const void* site, std::string_view text);
inline void append(std::string& out, std::string_view part) {
  out += part;
}
inline void append(std::string& out, std::integral auto number) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}
}  // namespace log_detail

inline bool log_wants(LogLevel level) {
  return level <= log_detail::level.load(std::memory_order_relaxed);
}

// Logs the parts (text and whole numbers) in one line. connection: its number, 0: none. `first` is a string literal: a
// kind of message may come 20 times a second, and the next line tells how many were left out.
template <size_t N, typename... Parts>
void log(LogLevel level, uint64_t connection, const char (&first)[N], const Parts&... rest) {
  if (!log_wants(level)) return;
  std::string text(first);
  (log_detail::append(text, rest), ...);
  log_detail::write(level, connection, first, text);
}

}  // namespace levee
