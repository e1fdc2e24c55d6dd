// How other threads reach a worker: a queue of tasks and one wake-up. The only thing of a worker that is thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "cache/flight.h"
#include "proxy/net/loop.h"

namespace levee {

// Tasks run on the worker's loop in the order they were posted, wakes of tokens after them. The loop is woken by a
// system call only when the mailbox was empty and another thread posts; what the loop's own thread posts is found at
// the end of the turn. A task names a session or a fetch by token, never by pointer.
class Mailbox : public Waker {
 public:
  explicit Mailbox(Loop& loop);
  ~Mailbox() override;

  void post(std::function<void()> task);                      // any thread
  void wake(std::span<const uint64_t> tokens) override;       // any thread; on_wake(token) runs on the loop
  void on_wake(std::function<void(uint64_t token)> handler);  // loop thread, once
  // The thread that runs the loop says so before it turns.
  void bind_to_this_thread();
  // Loop thread: runs what is there. True if running it left more.
  bool drain();

 private:
  void run_all();
  void signal();
  Loop& loop_;
  event* wakeup_ = nullptr;
  int descriptor_ = -1;  // an eventfd
  std::function<void(uint64_t)> on_wake_;
  std::atomic<std::thread::id> thread_{};
  std::atomic<bool> mail_{false};  // there is something in tasks_ or tokens_
  std::vector<std::function<void()>> running_tasks_;
  std::vector<uint64_t> running_tokens_;

  std::mutex mutex_;  // guards what follows
  std::vector<std::function<void()>> tasks_;
  std::vector<uint64_t> tokens_;
};

}  // namespace levee
