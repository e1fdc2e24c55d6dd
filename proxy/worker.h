// One event-loop thread: its listeners, sessions, fetches, origin connections, timers and mailbox.
//
// Nothing here may be touched from another thread, but for mailbox(). The one implementation is LoopWorker.
#pragma once

#include <cstdint>
#include <memory>
#include <typeindex>
#include <utility>
#include <vector>

#include "cache/flight.h"
#include "proxy/mailbox.h"
#include "proxy/net/loop.h"

struct event_base;

namespace levee {

struct Counters;     // proxy/ops/counters.h
struct Generation;   // proxy/generation.h
class NameResolver;  // proxy/net/resolver.h

// Something of a worker's that can be woken by token and reaped after the callback: a Session, a Fetch.
class Task : public Mortal {
 public:
  virtual void on_wake() = 0;  // its flight has news
  virtual void on_drain() {}   // a graceful stop has begun: if idle, reap yourself
  uint64_t token() const { return token_; }

 private:
  friend class LoopWorker;
  uint64_t token_ = 0;
};

class Worker {
 public:
  virtual ~Worker() = default;
  virtual unsigned index() const = 0;
  virtual Loop& loop() = 0;
  event_base* base() { return loop().base(); }
  virtual Mailbox& mailbox() = 0;
  // Milliseconds on a clock that never goes back (freshness, ages); cached per loop turn.
  int64_t now() { return loop().now(); }
  // Milliseconds since 1970, for Date and logs; cached per loop turn.
  int64_t wall_ms() { return loop().wall_ms(); }
  // The configuration that new requests use. A request keeps the one it began with.
  virtual const std::shared_ptr<const Generation>& generation() const = 0;
  virtual NameResolver& resolver() = 0;
  // This worker's counters: written by its thread alone, read by any.
  virtual Counters& counters() = 0;

  // Takes ownership; the task is woken through subscriber(task) and lives until reap().
  virtual Task& adopt(std::unique_ptr<Task> task) = 0;
  // The task is over: destroyed when the current callback has returned. A task never deletes itself.
  virtual void reap(Task& task) = 0;
  virtual Subscriber subscriber(const Task& task) = 0;
  // True once a graceful stop has begun: answer with Connection: close, close idle connections.
  virtual bool draining() const = 0;

  // What a part of the proxy keeps for each worker (idle origin connections, free lists): made at first use as
  // T(*this).
  template <class T>
  T& local() {
    for (auto& [type, object] : locals_) {
      if (type == typeid(T)) return *static_cast<T*>(object.get());
    }
    locals_.emplace_back(typeid(T), std::make_shared<T>(*this));
    return *static_cast<T*>(locals_.back().second.get());
  }

 protected:
  // Called by the owner of the loop when all tasks are destroyed, and before the loop is.
  void drop_locals() {
    while (!locals_.empty()) locals_.pop_back();
  }

 private:
  std::vector<std::pair<std::type_index, std::shared_ptr<void>>> locals_;
};

}  // namespace levee
