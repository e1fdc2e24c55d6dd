#include "bench/servers/guard.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <vector>

#include "bench/servers/launch.h"
#include "bench/servers/scratch.h"

namespace levee::bench {
namespace {

constexpr int kPatienceMs = 3000;  // that servers may take to end
constexpr int kPauseMs = 20;

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  return set;
}

// Reaps whoever has ended; the child's exit code if it was among them.
std::optional<int> reap(pid_t child) {
  std::optional<int> code;
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == child) code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return code;
}

// A second signal means now.
int wait_for(pid_t child) {
  const sigset_t set = watched();
  for (int told = 0;;) {
    if (const auto code = reap(child)) return *code;
    int number = 0;
    sigwait(&set, &number);
    if (number != SIGCHLD) kill(child, told++ == 0 ? SIGTERM : SIGKILL);
  }
}

// All that the child has left behind, which is ours since it ended.
void end_orphans() {
  for (int waited = 0; waited <= kPatienceMs; waited += kPauseMs) {
    reap(-1);
    std::vector<pid_t> left = family(getpid());
    left.erase(left.begin());
    if (left.empty()) return;
    const bool is_last = waited + kPauseMs > kPatienceMs;
    for (const pid_t pid : left) {
      if (waited == 0 || is_last) kill(pid, is_last ? SIGKILL : SIGTERM);
      kill(pid, SIGCONT);  // one that was frozen could not obey
    }
    usleep(kPauseMs * 1000);
  }
  reap(-1);
}

}  // namespace

std::optional<int> guard() {
  Scratch::sweep();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const sigset_t set = watched();
  sigset_t before;
  sigprocmask(SIG_BLOCK, &set, &before);
  std::fflush(nullptr);
  const pid_t self = getpid();
  const pid_t child = fork();
  if (child < 0) {
    sigprocmask(SIG_SETMASK, &before, nullptr);
    return std::nullopt;  // unguarded, but it runs
  }
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != self) _exit(128 + SIGTERM);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    return std::nullopt;
  }
  const int code = wait_for(child);
  end_orphans();
  Scratch::sweep();
  return code;
}

}  // namespace levee::bench
