#include "proxy/cluster/redis_link.h"

#include <event2/event.h>
#include <hiredis/adapters/libevent.h>
#include <hiredis/async.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <utility>
#include <vector>

namespace levee {
namespace {

constexpr int64_t kPingEvery = 500;         // ms of silence before a PING asks
constexpr int64_t kTrialEvery = 100;        // ms, how often an open breaker is asked for a trial
constexpr int64_t kFirstRetry = 50;         // ms
constexpr int64_t kLongestRetry = 2000;     // ms
constexpr int64_t kConnectDeadline = 1000;  // ms
constexpr int64_t kSilence = 1500;          // ms without any reply while some are due: the connection is dead

int64_t monotonic_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

int64_t retry_pause(unsigned attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const int64_t longest = std::min(kFirstRetry << std::min(attempt, 6U), kLongestRetry);
  return longest / 2 + static_cast<int64_t>(random() % static_cast<uint64_t>(longest / 2 + 1));
}

}  // namespace

RedisLink::RedisLink(Loop& loop, RedisAddress address, RedisBreaker& breaker, int64_t deadline)
    : loop_(loop),
      address_(std::move(address)),
      breaker_(breaker),
      deadline_(deadline),
      timer_(
          loop, [](void* self) { static_cast<RedisLink*>(self)->tick(); }, this) {
  connect();
  arm();
}

RedisLink::~RedisLink() {
  pending_.clear();  // who asked is gone too
  drop();
}

bool RedisLink::usable() const {
  return state_ == State::kReady && breaker_.allows();
}

void RedisLink::command(std::span<const std::string_view> words, Answer answer) {
  if (!usable()) return answer(nullptr);
  send(words, std::move(answer));
}

void RedisLink::send(std::span<const std::string_view> words, Answer answer) {
  std::vector<const char*> texts;
  std::vector<size_t> lengths;
  texts.reserve(words.size());
  lengths.reserve(words.size());
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  const uint64_t id = next_id_++;
  const int sent = redisAsyncCommandArgv(context_, &RedisLink::replied, reinterpret_cast<void*>(id),
                                         static_cast<int>(words.size()), texts.data(), lengths.data());
  if (sent != REDIS_OK) return answer(nullptr);
  pending_.push_back({id, monotonic_ms() + deadline_, std::move(answer)});
  if (pending_.size() == 1) arm();
}

void RedisLink::connect() {
  const int64_t now = monotonic_ms();
  context_ = redisAsyncConnect(address_.host.c_str(), address_.port);
  if (context_ == nullptr || context_->err != 0) {
    if (context_ != nullptr) redisAsyncFree(context_);
    context_ = nullptr;
    connect_due_ = now + retry_pause(attempts_++);
    breaker_.lost(now);
    return;
  }
  context_->data = this;
  redisLibeventAttach(context_, loop_.base());
  redisAsyncSetConnectCallback(context_, &RedisLink::connected);
  redisAsyncSetDisconnectCallback(context_, &RedisLink::disconnected);
  state_ = State::kConnecting;
  connect_due_ = now + kConnectDeadline;
  // A refused password shows as an error on every later command, which callers treat as no answer.
  const auto ignored = [](const redisReply*) {};
  if (!address_.password.empty()) send(std::array<std::string_view, 2>{"AUTH", address_.password}, ignored);
  if (address_.database != 0) {
    const std::string number = std::to_string(address_.database);
    send(std::array<std::string_view, 2>{"SELECT", number}, ignored);
  }
}

void RedisLink::connected(const redisAsyncContext* context, int status) {
  auto* self = static_cast<RedisLink*>(context->data);
  if (self == nullptr) return;
  if (status != REDIS_OK) {
    // hiredis frees the context itself after a failed connect.
    self->context_ = nullptr;
    self->drop();
    return;
  }
  self->state_ = State::kReady;
  self->attempts_ = 0;
  self->awaiting_pong_ = false;
  self->heard_ = monotonic_ms();
  self->ping();
  if (self->told_connected_) self->told_connected_();
}

void RedisLink::disconnected(const redisAsyncContext* context, int) {
  auto* self = static_cast<RedisLink*>(context->data);
  if (self == nullptr) return;
  self->context_ = nullptr;  // hiredis frees it when this returns
  self->drop();
}

void RedisLink::drop() {
  if (redisAsyncContext* context = std::exchange(context_, nullptr)) {
    context->data = nullptr;
    redisAsyncFree(context);
  }
  const int64_t now = monotonic_ms();
  state_ = State::kAway;
  connect_due_ = now + retry_pause(attempts_++);
  breaker_.lost(now);
  fail_all();
  arm();
}

void RedisLink::fail_all() {
  std::deque<Pending> failed;
  failed.swap(pending_);
  for (Pending& pending : failed) pending.answer(nullptr);
}

void RedisLink::tick() {
  const int64_t now = monotonic_ms();
  while (!pending_.empty() && pending_.front().due <= now) {
    const Answer answer = std::move(pending_.front().answer);
    pending_.pop_front();
    breaker_.failed(now);
    answer(nullptr);
  }
  switch (state_) {
    case State::kAway:
      if (now >= connect_due_) connect();
      break;
    case State::kConnecting:
      if (now >= connect_due_) drop();
      break;
    case State::kReady:
      if (awaiting_pong_ && now - pinged_ > kSilence)
        drop();
      else if (breaker_.allows() ? !awaiting_pong_ && now - heard_ >= kPingEvery : breaker_.try_trial(now))
        ping();
      break;
  }
  arm();
}

void RedisLink::arm() {
  const int64_t now = monotonic_ms();
  int64_t due = state_ == State::kReady ? now + (breaker_.allows() ? kPingEvery : kTrialEvery) : connect_due_;
  if (!pending_.empty()) due = std::min(due, pending_.front().due);
  timer_.set(std::max<int64_t>(due - now, 1));
}

void RedisLink::ping() {
  if (!awaiting_pong_) pinged_ = monotonic_ms();
  awaiting_pong_ = true;
  send(std::array<std::string_view, 1>{"PING"}, [](const redisReply*) {});
}

void RedisLink::replied(redisAsyncContext* context, void* reply, void* id) {
  auto* self = static_cast<RedisLink*>(context->data);
  if (self != nullptr && reply != nullptr)
    self->settle(reinterpret_cast<uint64_t>(id), static_cast<redisReply*>(reply));
}

void RedisLink::settle(uint64_t id, const redisReply* reply) {
  heard_ = monotonic_ms();
  awaiting_pong_ = false;
  // Replies come in the order of the commands, so a pending one is at the front; one that timed out is gone already.
  if (pending_.empty() || pending_.front().id != id) return;
  const Answer answer = std::move(pending_.front().answer);
  pending_.pop_front();
  breaker_.succeeded();
  answer(reply);
}

}  // namespace levee
