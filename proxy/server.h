// The running process: reads configurations, opens listening sockets, runs the workers, obeys signals.
//
// All of it belongs to the main thread, which carries no traffic; the workers are told through their mailboxes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "proxy/generation.h"
#include "proxy/loop_worker.h"

namespace levee {

struct CommandLine {
  std::string file;       // -c
  std::string prefix;     // -p, ends in "/"
  std::string globals;    // -g
  std::string error_log;  // -e; empty: as configured
};

// The file, loaded and checked. An error has nginx's form: "... in edge.conf:12".
std::variant<std::shared_ptr<const Config>, std::string> load_config(const CommandLine& command);

class ProxyServer {
 public:
  explicit ProxyServer(CommandLine command);
  ~ProxyServer();

  // Everything that can fail at a start: logs, TLS, names, sockets; returns what did, or "". Then, unless the
  // configuration says `daemon off`, the process goes to the background.
  std::string start(const std::shared_ptr<const Config>& config);
  // Serves until a signal says to stop. The exit code.
  int run();

 private:
  using Sockets = std::map<std::string, std::vector<std::shared_ptr<const ListenSocket>>, std::less<>>;
  struct Thread {
    std::unique_ptr<LoopWorker> worker;
    std::thread thread;
  };

  std::string open_sockets(const Config& config, bool at_start, Sockets& sockets) const;
  std::string go_to_background(const Config& config);
  void read_signals();
  void obey(int signal);
  void stop(bool gracefully);
  void reload();
  void reopen_logs();
  void apply(std::shared_ptr<const Generation> generation, Sockets sockets);
  void start_workers(unsigned wanted);  // besides those that run
  void start_thread(Thread& one);
  void on_worker_ended(LoopWorker& worker);
  std::vector<Listening> sockets_for(unsigned index, unsigned workers) const;

  const CommandLine command_;
  Sockets sockets_;
  std::shared_ptr<const Generation> generation_;
  std::string pid_file_;
  int signals_ = -1;            // a signalfd, while run() runs
  std::unique_ptr<Loop> loop_;  // of the main thread, made after going to the background
  std::unique_ptr<Mailbox> mailbox_;
  std::vector<Thread> workers_;
  // Workers that ended. They are kept, because the others may still be posting to their mailboxes.
  std::vector<std::unique_ptr<LoopWorker>> ended_;
  std::vector<Thread> draining_;  // that a reload has no more use for
  bool stopping_ = false;
};

}  // namespace levee
