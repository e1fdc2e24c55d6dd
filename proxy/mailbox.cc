// The mailbox's queue and its eventfd.
#include "proxy/mailbox.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace levee {

Mailbox::Mailbox(Loop& loop) : loop_(loop) {
  descriptor_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  wakeup_ = event_new(
      loop.base(), descriptor_, EV_READ | EV_PERSIST,
      [](evutil_socket_t descriptor, short, void* self) {
        uint64_t count = 0;
        (void)!::read(descriptor, &count, sizeof count);
        static_cast<Mailbox*>(self)->run_all();
      },
      this);
  event_add(wakeup_, nullptr);
}

Mailbox::~Mailbox() {
  event_free(wakeup_);
  close(descriptor_);
}

void Mailbox::on_wake(std::function<void(uint64_t)> handler) {
  on_wake_ = std::move(handler);
}

void Mailbox::bind_to_this_thread() {
  thread_ = std::this_thread::get_id();
}

void Mailbox::signal() {
  if (thread_.load(std::memory_order_relaxed) == std::this_thread::get_id()) return;
  const uint64_t one = 1;
  (void)!::write(descriptor_, &one, sizeof one);
}

void Mailbox::post(std::function<void()> task) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = tasks_.empty() && tokens_.empty();
    tasks_.push_back(std::move(task));
    mail_.store(true, std::memory_order_relaxed);
  }
  if (was_empty) signal();
}

void Mailbox::wake(std::span<const uint64_t> tokens) {
  if (tokens.empty()) return;
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = tasks_.empty() && tokens_.empty();
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    mail_.store(true, std::memory_order_relaxed);
  }
  if (was_empty) signal();
}

bool Mailbox::drain() {
  if (!mail_.load(std::memory_order_relaxed)) return false;  // what another thread posts just now comes with a signal
  run_all();
  return mail_.load(std::memory_order_relaxed);
}

void Mailbox::run_all() {
  {
    const std::lock_guard lock(mutex_);
    mail_.store(false, std::memory_order_relaxed);
    running_tasks_.swap(tasks_);
    running_tokens_.swap(tokens_);
  }
  for (auto& task : running_tasks_) {
    task();
    loop_.settle();
  }
  for (const uint64_t token : running_tokens_) {
    on_wake_(token);
    loop_.settle();
  }
  running_tasks_.clear();
  running_tokens_.clear();
}

}  // namespace levee
