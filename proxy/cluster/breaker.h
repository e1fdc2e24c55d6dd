// Whether Redis is worth asking: one breaker for the process, so that its failure is paid for once and not by every
// worker.
//
//   closed --failures in a row, or a lost connection--> open --after a jittered pause--> trial --answer--> closed
//                                                        ^---------------no answer---------'
//
// Tells when it opens, when it closes, and when the reason has changed. Thread-safe; allows() is a relaxed load.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace levee {

class RedisBreaker {
 public:
  struct Limits {
    unsigned failures = 3;  // in a row, before it opens
    int64_t pause = 250;    // ms until the first trial
    int64_t longest_pause = 4000;
  };
  // What has become of a server, as a line for the log; from any thread.
  using Tell = void (*)(bool is_bad, const std::string& line);
  // server: what it is called there. tell: null for nobody.
  explicit RedisBreaker(std::string server = {}, Tell tell = nullptr)
      : RedisBreaker(std::move(server), tell, Limits{}) {}
  RedisBreaker(std::string server, Tell tell, Limits limits)
      : server_(std::move(server)), tell_(tell), limits_(limits) {}

  // Whether an ordinary command may be sent now.
  bool allows() const { return open_until_.load(std::memory_order_relaxed) == 0; }
  // Whether the caller may send a trial (a PING) although it is open; says so to one caller a pause.
  bool try_trial(int64_t now);
  void succeeded();
  // `why`, here and below: for the log, in words that are the same each time.
  void failed(int64_t now, std::string_view why);
  // A connection was refused or lost, or the server refuses all: opens at once.
  void lost(int64_t now, std::string_view why);
  // It refused one command, but answers.
  void complained(int64_t now, std::string_view error);

  uint64_t openings() const { return openings_.load(std::memory_order_relaxed); }

 private:
  void open(int64_t now, std::string_view why);
  void say(bool is_bad, std::string_view what, std::string_view why) const;
  const std::string server_;
  const Tell tell_;
  const Limits limits_;
  std::atomic<unsigned> failures_{0};
  std::atomic<unsigned> trials_{0};
  std::atomic<int64_t> open_until_{0};  // ms; 0: closed
  std::atomic<uint64_t> openings_{0};

  std::mutex mutex_;  // guards all below; not taken while all is well
  std::string why_, complaint_;
  int64_t complained_at_ = 0;
};

}  // namespace levee
