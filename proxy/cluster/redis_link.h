// One connection to a Redis server with what hiredis 0.14 lacks: a deadline for each command, a watchdog, reconnecting.
//
// Loop thread only. Commands of one loop turn go out in one write. Every command is answered exactly once: with a
// reply, or with null when it failed, timed out, or Redis is away. A late reply is dropped.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "proxy/cluster/breaker.h"
#include "proxy/net/loop.h"

struct redisAsyncContext;
struct redisReply;

namespace levee {

struct RedisAddress {
  std::string host;  // an IP literal
  int port = 6379;
  std::string password;
  int database = 0;
};

class RedisLink {
 public:
  using Answer = std::function<void(const redisReply*)>;  // the reply lives for the call only

  // deadline: ms for each command, connecting included.
  RedisLink(Loop& loop, RedisAddress address, RedisBreaker& breaker, int64_t deadline);
  ~RedisLink();
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;

  // Whether a command sent now has a chance; false while the breaker is open or no connection stands.
  bool usable() const;
  // Sends it, or calls `answer` with null at once when not usable().
  void command(std::span<const std::string_view> words, Answer answer);
  void command(std::initializer_list<std::string_view> words, Answer answer) {
    command(std::span<const std::string_view>(words.begin(), words.size()), std::move(answer));
  }
  // Told each time a fresh connection stands.
  void on_connect(std::function<void()> told) { told_connected_ = std::move(told); }
  const RedisAddress& address() const { return address_; }

 private:
  struct Pending {
    uint64_t id;
    int64_t due;  // ms, monotonic
    Answer answer;
  };
  enum class State : uint8_t { kAway, kConnecting, kReady };

  void connect();
  void drop();  // the context, failing what is pending
  void tick();  // deadlines, watchdog, reconnecting
  void arm();   // the timer, for the first thing that is due
  void ping();
  void send(std::span<const std::string_view> words, Answer answer);
  void settle(uint64_t id, const redisReply* reply);
  void fail_all();
  static void replied(redisAsyncContext* context, void* reply, void* id);
  static void connected(const redisAsyncContext* context, int status);
  static void disconnected(const redisAsyncContext* context, int status);

  Loop& loop_;
  const RedisAddress address_;
  RedisBreaker& breaker_;
  const int64_t deadline_;
  redisAsyncContext* context_ = nullptr;
  Timer timer_;
  State state_ = State::kAway;
  std::deque<Pending> pending_;  // in order of their deadlines, which is the order of sending
  uint64_t next_id_ = 1;
  int64_t connect_due_ = 0;  // kAway: when to try again; kConnecting: when to give up
  int64_t heard_ = 0;        // when the last reply came
  int64_t pinged_ = 0;       // when the PING that is out was sent
  bool awaiting_pong_ = false;
  unsigned attempts_ = 0;
  std::function<void()> told_connected_;
};

}  // namespace levee
