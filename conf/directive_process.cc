// Directives of the process: the main and events contexts, and the error log.
#include "conf/block.h"

namespace levee::conf {
namespace {

Outcome set_user(Scope& scope, const Line& line) {
  scope.config.user = line[1];
  if (line.size() > 2) scope.config.group = line[2];
  return std::nullopt;
}

Parsed<uint32_t> processes(Scope& /*scope*/, const Line& line) {
  if (line[1] == "auto") return 0U;
  const auto number = count(line[1]);
  if (!number || *number == 0 || *number > 1024) return invalid_word(line, line[1], false);
  return *number;
}

// The tree has read the file already; only `include { }` comes this far, and is refused for its form.
Outcome include(Scope& /*scope*/, const Line& /*line*/) {
  return std::nullopt;
}

constexpr Word<LogLevel> kLevels[] = {{"debug", LogLevel::kDebug},   {"info", LogLevel::kInfo},
                                      {"notice", LogLevel::kNotice}, {"warn", LogLevel::kWarning},
                                      {"error", LogLevel::kError},   {"crit", LogLevel::kCritical},
                                      {"alert", LogLevel::kAlert},   {"emerg", LogLevel::kEmergency}};

Parsed<ErrorLog> error_log(Scope& /*scope*/, const Line& line) {
  ErrorLog log{line[1], LogLevel::kError};
  if (log.path.starts_with("syslog:")) return Fault{"\"error_log\" writes to files only; use stderr with systemd"};
  if (line.size() < 3) return log;
  for (const auto& level : kLevels) {
    if (level.name != line[2]) continue;
    log.level = level.value;
    return log;
  }
  return Fault{"invalid log level \"" + line[2] + "\""};
}

const Directive kDirectives[] = {
    {"daemon", kMain, 1, "on", set<&Config::daemon, flag>, "Whether to go into the background."},
    {"pid", kMain, 1, "levee.pid", set<&Config::pid, text>,
     "The file with the process's number; relative to the prefix."},
    {"user",
     kMain,
     {1, 2},
     kNone,
     with<set_user>,
     "Whom to become when started as root: user, and group if it differs."},
    {"worker_processes", kMain, 1, "auto", set<&Config::worker_processes, processes>,
     "Event-loop threads of the one process; auto: one a processor."},
    {"worker_rlimit_nofile", kMain, 1, kNone, set<&Config::worker_rlimit_nofile, bytes>,
     "The limit on open files of the process."},
    {"worker_shutdown_timeout", kMain, 1, "0", set<&Config::worker_shutdown_timeout, duration>,
     "How long a graceful stop waits for running requests; 0: until they are done."},
    {"error_log",
     kMain | kHttp,
     {1, 2},
     "stderr error",
     set<&Config::error_log, error_log>,
     "Where errors go (a file, or stderr), from which level: debug, info, notice, warn, error, crit, alert, emerg."},
    {"events", kMain, 0, kNone, enter_once<enter_events>, "Settings of the event loops."},
    {"worker_connections", kEvents, 1, "16384", set<&Config::worker_connections, some>,
     "Connections that each worker may have, to clients and origins together."},
    {"multi_accept", kEvents, 1, "on", set<&Config::multi_accept, flag>, "Accept all waiting connections at once."},
    {"use", kEvents, 1, kNone, ignored, "Accepted and not needed: libevent chooses."},
    {"accept_mutex", kEvents, 1, kNone, ignored, "Accepted and not needed: every worker has its own listeners."},
    {"worker_cpu_affinity", kMain, {1, kMany}, kNone, ignored, "Accepted and not needed."},
    {"worker_priority", kMain, 1, kNone, ignored, "Accepted and not needed."},
    {"pcre_jit", kMain, 1, kNone, ignored, "Accepted and not needed: always on."},
    {"http", kMain, 0, kNone, enter_once<enter_http>, "All that is said about HTTP."},
    {"include", kMain | kEvents | kAny | kUpstream, 1, kNone, each<include>,
     "Reads lines from other files (wildcards allowed), relative to the configuration's prefix."},
};

}  // namespace

std::span<const Directive> process_directives() {
  return kDirectives;
}

}  // namespace levee::conf
