// One connection to a Redis server, plain or TLS: commands by hiredis' formatter and reader over a Stream of ours, with
// what hiredis 0.14 lacks: TLS, a deadline for each command, a watchdog, reconnecting.
//
//   kAway --pause over--> kConnecting --> kHandshake (TLS) --> kReady --lost, or silent for too long--> kAway
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
#include "proxy/net/stream.h"
#include "proxy/net/tls.h"

struct redisReader;
struct redisReply;

namespace levee {

struct RedisAddress {
  std::string host;  // an IP literal
  int port = 6379;
  std::string password;  // empty: none
  int database = 0;
  std::string user = {};                     // of the password; empty: the default one
  std::shared_ptr<ClientTls> tls = nullptr;  // null: plain
  std::string name = {};                     // that the server's certificate must prove; empty: host
  bool operator==(const RedisAddress&) const = default;
};

class RedisLink final : private StreamOwner {
 public:
  using Answer = std::function<void(const redisReply*)>;  // the reply lives for the call only

  // deadline: ms for each command, from when it is written to the connection; and so long at most until then. What the
  // loop was busy with others is not Redis' silence.
  RedisLink(Loop& loop, RedisAddress address, RedisBreaker& breaker, int64_t deadline);
  ~RedisLink() override;
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;

  // Whether a command sent now has a chance; false while the breaker is open or no connection stands.
  bool usable() const;
  // The same, but for a connection that is being made: what is sent meanwhile goes out when it stands.
  bool takes_commands() const;
  // Sends it, or calls `answer` with null at once when no command is taken.
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
  enum class State : uint8_t { kAway, kConnecting, kHandshake, kReady };

  void on_ready() override;
  void on_timeout() override {}  // never set: timer_ has all deadlines
  void connect();
  void introduce();  // AUTH and SELECT, before all else
  void shake_hands();
  void ready();
  void drop(std::string_view why);  // the connection, failing what is pending
  void tick();                      // deadlines, watchdog, reconnecting
  void arm();                       // the timer, for the first thing that is due
  void ping();
  void send(std::span<const std::string_view> words, Answer answer);
  bool flush();    // false: the connection is lost
  void offered();  // all that is pending
  void receive();  // may end this object: see alive_
  void settle(const redisReply* reply);
  void fail_all();

  Loop& loop_;
  const RedisAddress address_;
  RedisBreaker& breaker_;
  const int64_t deadline_;
  std::unique_ptr<Stream> stream_;  // null: kAway
  std::shared_ptr<redisReader> reader_;
  std::string unsent_;
  std::string refused_;  // what the server said to our introduction, if it does not let us in
  Timer timer_;
  State state_ = State::kAway;
  std::deque<Pending> pending_;  // in order of their deadlines, which is the order of sending
  uint64_t next_id_ = 1;
  uint64_t next_reply_ = 1;  // whose reply comes next
  uint64_t next_offer_ = 1;  // the first that the connection has not been offered yet
  int64_t connect_due_ = 0;  // kAway: when to try again; kConnecting, kHandshake: when to give up
  int64_t heard_ = 0;        // when the last reply came
  int64_t pinged_ = 0;       // when the PING that is out was sent
  bool awaiting_pong_ = false;
  unsigned attempts_ = 0;
  std::function<void()> told_connected_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // who is told of a reply may destroy the link
};

}  // namespace levee
