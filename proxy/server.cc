// Start, signals, reload, stop.
#include "proxy/server.h"

#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>

#include "proxy/ops/log.h"
#include "proxy/privileges.h"

namespace levee {
namespace {

constexpr std::array kSignals{SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH};

unsigned worker_count(const Config& config) {
  if (config.worker_processes != 0) return config.worker_processes;
  cpu_set_t processors;
  if (sched_getaffinity(0, sizeof processors, &processors) != 0) return 1;
  return static_cast<unsigned>(std::max(CPU_COUNT(&processors), 1));
}

void set_descriptor_limit(const Config& config) {
  rlimit limit{};
  if (config.worker_rlimit_nofile != 0) {
    limit = {config.worker_rlimit_nofile, config.worker_rlimit_nofile};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
      log(LogLevel::kAlert, 0, "setrlimit(RLIMIT_NOFILE, ", config.worker_rlimit_nofile, ") failed ",
          errno_text(errno));
    }
  }
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && config.worker_connections * worker_count(config) > limit.rlim_cur) {
    log(LogLevel::kWarning, 0, "worker_connections of all workers, ", config.worker_connections * worker_count(config),
        ", exceed open file resource limit: ", limit.rlim_cur);
  }
}

std::string use_error_log(const Config& config, const std::string& override_path) {
  const std::string& path = override_path.empty() ? config.error_log.path : override_path;
  const std::string full = path == "stderr" ? path : config.full_path(path);
  auto file = LogFile::open(full);
  if (!file) return "open() \"" + full + "\" failed " + errno_text(errno);
  set_error_log(std::move(file), config.error_log.level);
  for (const Warning& warning : config.warnings) log(LogLevel::kWarning, 0, "", warning.to_string());
  return "";
}

std::string write_pid_file(const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return "open() \"" + path + "\" failed " + errno_text(errno);
  const std::string text = std::to_string(getpid()) + "\n";
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  close(file);
  return written ? "" : "write() to \"" + path + "\" failed " + errno_text(error);
}

sigset_t obeyed_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : kSignals) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

std::variant<std::shared_ptr<const Config>, std::string> load_config(const CommandLine& command) {
  auto loaded = load(command.file, command.prefix, command.globals);
  if (auto* error = std::get_if<ConfigError>(&loaded)) {
    std::string text = error->text;
    if (!error->file.empty() && error->line > 0) text += " in " + error->file + ":" + std::to_string(error->line);
    return text;
  }
  return std::make_shared<const Config>(std::move(std::get<Config>(loaded)));
}

ProxyServer::ProxyServer(CommandLine command) : command_(std::move(command)) {}

ProxyServer::~ProxyServer() = default;

std::string ProxyServer::start(const std::shared_ptr<const Config>& config) {
  // From here on a signal waits in the kernel until run() reads it: no handler interrupts anything, in any thread.
  const sigset_t signals = obeyed_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (auto error = use_error_log(*config, command_.error_log); !error.empty()) return error;
  set_descriptor_limit(*config);
  auto built = next_generation(config, nullptr);
  if (auto* error = std::get_if<std::string>(&built)) return *error;
  if (auto error = open_sockets(*config, true, sockets_); !error.empty()) return error;
  generation_ = std::get<std::shared_ptr<const Generation>>(built);
  commit(*generation_);
  return go_to_background(*config);
}

// The parent leaves when we serve and the pid file says who we are, so that its exit code tells, and a signal sent
// right after it finds us.
std::string ProxyServer::go_to_background(const Config& config) {
  int done[2] = {-1, -1};
  if (config.daemon) {
    if (pipe2(done, O_CLOEXEC) != 0) return "pipe2() failed " + errno_text(errno);
    const pid_t child = fork();
    if (child < 0) return "fork() failed " + errno_text(errno);
    if (child > 0) {
      close(done[1]);
      char byte = 0;
      _exit(::read(done[0], &byte, 1) == 1 ? 0 : 1);
    }
    close(done[0]);
    setsid();
  }
  pid_file_ = config.full_path(config.pid);
  if (auto error = write_pid_file(pid_file_); !error.empty()) {
    pid_file_.clear();
    return error;
  }
  if (auto error = drop_privileges(config); !error.empty()) return error;
  if (!config.daemon) return "";
  if (const int null = open("/dev/null", O_RDWR | O_CLOEXEC); null >= 0) {
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    if (config.error_log.path != "stderr") dup2(null, STDERR_FILENO);
    close(null);
  }
  (void)!::write(done[1], "", 1);
  close(done[1]);
  return "";
}

// Adds what the configuration needs to `sockets`. TCP: one socket a worker, and never fewer than there are, since
// closing one would lose the connections that wait in it; unix: one for all.
std::string ProxyServer::open_sockets(const Config& config, bool at_start, Sockets& sockets) const {
  for (const Listen& listen : config.http.listens) {
    auto& open = sockets[listen.text];
    const size_t wanted = listen.address.get()->sa_family == AF_UNIX ? 1 : worker_count(config);
    for (const auto& socket : open) ::listen(socket->descriptor(), listen.backlog);
    for (int tries = at_start ? 5 : 1; open.size() < wanted;) {
      auto result = ListenSocket::open(listen, open.empty());
      if (auto* socket = std::get_if<std::shared_ptr<const ListenSocket>>(&result)) {
        open.push_back(std::move(*socket));
        continue;
      }
      const std::string& error = std::get<std::string>(result);
      if (errno != EADDRINUSE || --tries == 0) return error;
      log(LogLevel::kEmergency, 0, "", error);
      std::this_thread::sleep_for(std::chrono::milliseconds(500));  // one that is stopping may have it still
    }
  }
  return "";
}

int ProxyServer::run() {
  loop_ = std::make_unique<Loop>();
  mailbox_ = std::make_unique<Mailbox>(*loop_);
  mailbox_->bind_to_this_thread();
  loop_->at_turn_end([this] { return mailbox_->drain(); });
  const sigset_t signals = obeyed_signals();
  signals_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  if (signals_ < 0) {
    log(LogLevel::kEmergency, 0, "signalfd() failed ", errno_text(errno));
    return 1;
  }
  event* const heard = event_new(
      loop_->base(), signals_, EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<ProxyServer*>(self)->read_signals(); }, this);
  event_add(heard, nullptr);
  log(LogLevel::kNotice, 0, "levee is starting, ", worker_count(*generation_->config), " workers");
  start_workers(worker_count(*generation_->config));
  loop_->run();
  event_free(heard);
  close(signals_);
  ended_.clear();
  generation_.reset();
  sockets_.clear();
  if (!pid_file_.empty()) unlink(pid_file_.c_str());
  log(LogLevel::kNotice, 0, "exit");
  return 0;
}

// All loops are made before the first worker accepts: a crowd at the door must not take the descriptors that they need.
void ProxyServer::start_workers(unsigned wanted) {
  const size_t running = workers_.size();
  for (size_t index = running; index < wanted; ++index) {
    workers_.emplace_back().worker = std::make_unique<LoopWorker>(static_cast<unsigned>(index), generation_);
  }
  for (size_t index = running; index < wanted; ++index) start_thread(workers_[index]);
}

void ProxyServer::start_thread(Thread& one) {
  LoopWorker& worker = *one.worker;
  worker.mailbox().post([&worker, generation = generation_,
                         sockets = sockets_for(worker.index(), worker_count(*generation_->config))]() mutable {
    worker.use(std::move(generation), sockets);
  });
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  one.thread = std::thread([this, &worker] {
    pthread_setname_np(pthread_self(), ("levee/" + std::to_string(worker.index())).c_str());
    worker.run();
    mailbox_->post([this, &worker] { on_worker_ended(worker); });
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::vector<Listening> ProxyServer::sockets_for(unsigned index, unsigned workers) const {
  std::vector<Listening> mine;
  for (const auto& [text, sockets] : sockets_) {
    const bool shared = text.starts_with("unix:");
    for (size_t i = 0; i < sockets.size(); ++i) {
      if (shared || i % workers == index) mine.push_back({text, sockets[i]});
    }
  }
  return mine;
}

void ProxyServer::read_signals() {
  signalfd_siginfo one{};
  while (::read(signals_, &one, sizeof one) == sizeof one) obey(static_cast<int>(one.ssi_signo));
}

void ProxyServer::obey(int signal) {
  log(LogLevel::kNotice, 0, "signal ", signal, " received");
  switch (signal) {
    case SIGTERM:
    case SIGINT:
      return stop(false);
    case SIGQUIT:
      return stop(true);
    case SIGHUP:
      if (!stopping_) reload();
      return;
    case SIGUSR1:
      return reopen_logs();
    default:
      return;
  }
}

void ProxyServer::stop(bool gracefully) {
  log(LogLevel::kNotice, 0, "", std::string_view(gracefully ? "gracefully shutting down" : "exiting"));
  stopping_ = true;
  sockets_.clear();  // the last holder closes a socket: now the workers alone have them
  const int64_t limit = generation_->config->worker_shutdown_timeout.count();
  for (auto* group : {&workers_, &draining_}) {
    for (const Thread& one : *group) {
      one.worker->mailbox().post(
          [worker = one.worker.get(), gracefully, limit] { gracefully ? worker->drain(limit) : worker->stop(); });
    }
  }
}

void ProxyServer::on_worker_ended(LoopWorker& worker) {
  for (auto* group : {&workers_, &draining_}) {
    const auto one = std::ranges::find(*group, &worker, [](const Thread& thread) { return thread.worker.get(); });
    if (one == group->end()) continue;
    one->thread.join();
    ended_.push_back(std::move(one->worker));
    group->erase(one);
  }
  if (stopping_ && workers_.empty() && draining_.empty()) loop_->stop();
}

void ProxyServer::reload() {
  log(LogLevel::kNotice, 0, "reconfiguring");
  auto loaded = load_config(command_);
  if (auto* error = std::get_if<std::string>(&loaded)) return log(LogLevel::kEmergency, 0, "", *error);
  const auto config = std::get<std::shared_ptr<const Config>>(loaded);
  auto built = next_generation(config, generation_);
  if (auto* error = std::get_if<std::string>(&built)) return log(LogLevel::kEmergency, 0, "", *error);
  Sockets sockets = sockets_;
  if (auto error = open_sockets(*config, false, sockets); !error.empty()) {
    return log(LogLevel::kEmergency, 0, "", error);
  }
  if (auto error = use_error_log(*config, command_.error_log); !error.empty()) {
    return log(LogLevel::kEmergency, 0, "", error);
  }
  std::erase_if(sockets, [&](const auto& one) {
    return std::ranges::find(config->http.listens, one.first, &Listen::text) == config->http.listens.end();
  });
  apply(std::get<std::shared_ptr<const Generation>>(built), std::move(sockets));
}

void ProxyServer::apply(std::shared_ptr<const Generation> generation, Sockets sockets) {
  set_descriptor_limit(*generation->config);
  commit(*generation);
  generation_ = std::move(generation);
  sockets_ = std::move(sockets);
  const unsigned wanted = worker_count(*generation_->config);
  for (const Thread& one : workers_) {
    const unsigned index = one.worker->index();
    auto mine = index < wanted ? sockets_for(index, wanted) : std::vector<Listening>();
    one.worker->mailbox().post([worker = one.worker.get(), generation = generation_, mine = std::move(mine)]() mutable {
      worker->use(std::move(generation), mine);
    });
  }
  const int64_t limit = generation_->config->worker_shutdown_timeout.count();
  for (; workers_.size() > wanted; workers_.pop_back()) {
    Thread& one = draining_.emplace_back(std::move(workers_.back()));
    one.worker->mailbox().post([worker = one.worker.get(), limit] { worker->drain(limit); });
  }
  start_workers(wanted);
  log(LogLevel::kNotice, 0, "the new configuration is in use");
}

void ProxyServer::reopen_logs() {
  log(LogLevel::kNotice, 0, "reopening logs");
  if (const std::string failed = LogFile::reopen_all(); !failed.empty()) log(LogLevel::kEmergency, 0, "", failed);
}

}  // namespace levee
