// Tasks by token, and the life of a worker's thread.
#include <algorithm>
#include <utility>

#include "proxy/client/session.h"
#include "proxy/cluster/pop.h"
#include "proxy/cluster/purge_member.h"
#include "proxy/generation.h"
#include "proxy/loop_worker.h"
#include "proxy/ops/log.h"
#include "proxy/origin/health_check.h"
#include "proxy/origin/pop_shares.h"
#include "proxy/origin/refreshes.h"

namespace levee {

LoopWorker::LoopWorker(unsigned index, std::shared_ptr<const Generation> generation)
    : index_(index),
      mailbox_(loop_),
      resolver_(loop_),
      generation_(std::move(generation)),
      drain_limit_(
          loop_, [](void* self) { static_cast<LoopWorker*>(self)->stop(); }, this),
      guard_(local<OverloadGuard>()),
      refreshes_(local<Refreshes>()) {
  mailbox_.on_wake([this](uint64_t token) {
    if (Task* task = find(token)) task->on_wake();
  });
  loop_.at_turn_end([this] {
    const bool waiting = refreshes_.begin_some();
    const bool more = mailbox_.drain() || waiting;
    guard_.turn_ended();
    if (draining_ && tasks_ == 0) loop_.stop();
    return more;
  });
}

LoopWorker::~LoopWorker() {
  end_tasks();
}

Task& LoopWorker::adopt(std::unique_ptr<Task> task) {
  uint32_t index = free_;
  if (index == kNone) {
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    free_ = slots_[index].next_free;
  }
  Slot& slot = slots_[index];
  task->token_ = uint64_t{slot.round} << 32 | index;
  slot.task = std::move(task);
  ++tasks_;
  return *slot.task;
}

void LoopWorker::reap(Task& task) {
  if (find(task.token_) != &task) return;  // twice is once
  const auto index = static_cast<uint32_t>(task.token_);
  Slot& slot = slots_[index];
  loop_.bury(std::move(slot.task));
  ++slot.round;
  slot.next_free = free_;
  free_ = index;
  --tasks_;
}

Task* LoopWorker::find(uint64_t token) {
  const auto index = static_cast<uint32_t>(token);
  if (index >= slots_.size() || slots_[index].round != token >> 32) return nullptr;
  return slots_[index].task.get();
}

void LoopWorker::run() {
  mailbox_.bind_to_this_thread();
  loop_.run();
  end_tasks();
}

void LoopWorker::end_tasks() {
  listeners_.clear();
  for (size_t i = 0; i < slots_.size(); ++i) slots_[i].task.reset();  // a destructor may reap others
  loop_.settle();
  drop_locals();
}

void LoopWorker::use(std::shared_ptr<const Generation> generation, const std::vector<Listening>& sockets) {
  auto before = std::exchange(listeners_, {});
  for (const Listening& one : sockets) {
    const auto& listens = generation->config->http.listens;
    const auto listen = std::ranges::find(listens, one.text, &Listen::text);
    if (listen == listens.end()) continue;
    const auto known =
        std::ranges::find_if(before, [&](const auto& other) { return other && other->socket() == one.socket; });
    if (known != before.end()) {
      (*known)->use(*listen);
      listeners_.push_back(std::move(*known));
    } else {
      listeners_.push_back(std::make_unique<Listener>(loop_, one.socket, *listen, static_cast<Acceptor&>(*this)));
    }
  }
  for (const auto& gone : before) {
    if (gone) gone->accept_rest();
  }
  generation_ = std::move(generation);
  guard_.use(generation_->config->http.overload, generation_->config->worker_connections);
  local<PopMember>().use(generation_->pop);
  if (index_ == 0) {
    local<HealthChecks>().use(generation_);
    local<PopShares>().use(generation_);
    local<PurgeMember>().use(generation_->pop);
    local<IndexUpkeeper>().use(generation_->pop);
  }
}

void LoopWorker::on_connection(int descriptor, const Listen& listen, const sockaddr_storage& peer) {
  counters_.accepted.add();
  counters_.active.add();
  start_session(*this, descriptor, listen, peer);
}

bool LoopWorker::has_room() {
  return !guard_.is_overloaded() && loop_.streams() < generation_->config->worker_connections;
}

void LoopWorker::on_refused() {
  counters_.refused.add();
  if (guard_.is_overloaded()) return guard_.count_connection();  // it has said so
  log(LogLevel::kAlert, 0, "worker_connections are not enough: ", generation_->config->worker_connections);
}

void LoopWorker::on_trouble(int error) {
  log(LogLevel::kCritical, 0, "accept4() failed ", errno_text(error));
}

void LoopWorker::drain(int64_t limit) {
  draining_ = true;
  guard_.retire();
  refreshes_.clear();
  for (const auto& listener : listeners_) listener->accept_rest();
  listeners_.clear();
  if (limit > 0) drain_limit_.set(limit);
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].task) slots_[i].task->on_drain();
  }
}

}  // namespace levee
