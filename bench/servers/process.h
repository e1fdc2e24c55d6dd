// A program that is started and stopped with this one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace levee::bench {

class Process {
 public:
  // `words`: the program and its arguments. A program that cannot be started ends with 127. `log`: the file that gets
  // what it prints; empty: it prints where this program does.
  explicit Process(const std::vector<std::string>& words, const std::string& log = {});
  // Asks it to end (SIGTERM), waits two seconds, and kills it.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // Whether it still runs; once it does not, exit_code() is set.
  bool runs();
  std::optional<int> exit_code() const { return exit_code_; }
  // Does nothing when it does not run.
  void send_signal(int number);

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

}  // namespace levee::bench
