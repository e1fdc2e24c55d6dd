// How other threads reach a worker: a queue of tasks and one wake-up. The only thing of a worker that is thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "cache/flight.h"

struct event_base;
struct event;

namespace levee {

// Tasks run on the worker's loop in the order they were posted. The loop is woken only when the mailbox was empty.
// A task names a session or a fetch by id, never by pointer.
class Mailbox : public Waker {
 public:
  explicit Mailbox(event_base* base);
  ~Mailbox() override;

  void post(std::function<void()> task);                      // any thread
  void wake(std::span<const uint64_t> tokens) override;       // any thread; on_wake(token) runs on the loop
  void on_wake(std::function<void(uint64_t token)> handler);  // loop thread, once

 private:
  void drain();
  void signal();
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;
  std::vector<uint64_t> tokens_;
  std::function<void(uint64_t)> on_wake_;
  event* wakeup_ = nullptr;
  int descriptor_ = -1;  // an eventfd
};

}  // namespace levee
