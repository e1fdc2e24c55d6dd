// Files that lines are appended to: one open file a path, shared by all who log there. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace levee {

class LogFile {
 public:
  // The file of that path, opened (and made, 0644) if nobody has it open. "stderr", "/dev/stderr" and "/dev/stdout" are
  // this process's own. Null: errno says why.
  static std::shared_ptr<LogFile> open(const std::string& path);
  // Opens all paths anew (after a rotation). A file that cannot be opened goes on as it is; returns the first such
  // path with errno's text, or "".
  static std::string reopen_all();

  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Appends with one write(), so lines of several threads do not mix. What a full disk does not take is lost.
  void append(std::string_view lines) const;
  const std::string& path() const { return path_; }

 private:
  LogFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  const std::string path_;
  const int descriptor_;  // stays the same number when the file is reopened
};

}  // namespace levee
