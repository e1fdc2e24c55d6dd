// Lines of the access logs of one worker, gathered and written in large pieces.
//
// Loop thread only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "conf/config.h"
#include "conf/expression.h"
#include "proxy/net/loop.h"
#include "proxy/ops/log_file.h"

namespace levee {

// One file, as one worker writes to it.
class LogSink {
 public:
  LogSink(Loop& loop, std::shared_ptr<LogFile> file);
  ~LogSink();
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  // Appends a line, which the caller has ended with "\n". buffer, flush: as access_log says, bytes and ms.
  void add(std::string_view line, uint64_t buffer, int64_t flush);
  void write_out();

 private:
  const std::shared_ptr<LogFile> file_;
  std::string lines_;
  Timer timer_;
};

class AccessLogs {
 public:
  explicit AccessLogs(Loop& loop) : loop_(loop) {}
  // The sink of a path; null if the file cannot be opened, which the error log tells. Lives as long as this.
  LogSink* sink(const std::string& full_path);

 private:
  Loop& loop_;
  std::map<std::string, std::unique_ptr<LogSink>, std::less<>> sinks_;
};

// Appends the line of a format, and "\n".
void append_log_line(const LogFormat& format, const VariableSource& values, std::string& out);

// Appends a value as nginx's escape=default or json does.
void append_escaped(std::string_view value, LogFormat::Escape how, std::string& out);

}  // namespace levee
