// The worker: a loop with a mailbox, tasks by token, and listeners.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/net/listener.h"
#include "proxy/net/resolver.h"
#include "proxy/ops/counters.h"
#include "proxy/ops/overload_guard.h"
#include "proxy/worker.h"

namespace levee {

class Refreshes;  // proxy/origin/refreshes.h

// A socket to accept on, and the Listen that it is for.
struct Listening {
  std::string text;
  std::shared_ptr<const ListenSocket> socket;
};

class LoopWorker final : public Worker, private Acceptor {
 public:
  LoopWorker(unsigned index, std::shared_ptr<const Generation> generation);
  ~LoopWorker() override;

  unsigned index() const override { return index_; }
  Loop& loop() override { return loop_; }
  Mailbox& mailbox() override { return mailbox_; }
  const std::shared_ptr<const Generation>& generation() const override { return generation_; }
  NameResolver& resolver() override { return resolver_; }
  Counters& counters() override { return counters_; }
  const Counters& counters() const { return counters_; }

  Task& adopt(std::unique_ptr<Task> task) override;
  void reap(Task& task) override;
  Subscriber subscriber(const Task& task) override { return {&mailbox_, task.token()}; }
  bool draining() const override { return draining_; }

  // The body of the worker's thread: turns until stop(), or until a drain has ended; then destroys all tasks. The
  // object itself (its mailbox) must outlive all other workers' threads, which may be posting to it.
  void run();

  // What follows is for the worker's thread: post it through mailbox().

  // The configuration for new connections and requests, and where to accept: sockets with their Listen::text. A socket
  // that was there before goes on without a gap; one that is not named any more is let go. Tasks keep what they began
  // with.
  void use(std::shared_ptr<const Generation> generation, const std::vector<Listening>& sockets);
  // Stops accepting, closes idle connections, and ends when the last task has, or after `limit` ms (0: no limit).
  void drain(int64_t limit);
  void stop() { loop_.stop(); }

 private:
  struct Slot {
    std::unique_ptr<Task> task;
    uint32_t round = 1;  // how often the slot was used: tokens of earlier tasks are not its token
    uint32_t next_free = 0;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  Task* find(uint64_t token);
  void end_tasks();
  void on_connection(int descriptor, const Listen& listen, const sockaddr_storage& peer) override;
  bool has_room() override;
  void on_refused() override;
  void on_trouble(int error) override;

  const unsigned index_;
  Loop loop_;
  Mailbox mailbox_;
  NameResolver resolver_;
  std::shared_ptr<const Generation> generation_;
  Counters counters_;
  std::vector<Slot> slots_;
  uint32_t free_ = kNone;
  size_t tasks_ = 0;
  std::vector<std::unique_ptr<Listener>> listeners_;
  Timer drain_limit_;
  bool draining_ = false;
  // Locals of this worker.
  OverloadGuard& guard_;
  Refreshes& refreshes_;
};

}  // namespace levee
