// Purges from node to node, through a Redis stream of bounded length: reads what others ordered, says what this node
// did.
//
// Each node has a position in the stream, always that of an entry. Reading begins at that entry: if it is not there any
// more, either more was said than the stream holds, or Redis has lost it. What may have been missed then is suspect:
// all that is stored is made stale, unless we were away for less time than every node keeps what it knows
// (PurgeLedger::kKeep), and says it again into a new stream.
//
// Loop thread only; one worker of the process has it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/cluster/purge_ledger.h"
#include "proxy/cluster/redis.h"
#include "proxy/net/loop.h"

struct redisReply;

namespace levee {

class PurgeBus {
 public:
  static constexpr int64_t kPoll = 100;         // ms between two looks at the stream
  static constexpr size_t kStreamHolds = 4096;  // entries at least, and a few hundred more at most

  // Who carries out what the bus brings. False: not now, say it again.
  struct Hands {
    std::function<bool(std::string_view order)> carry_out;
    std::function<bool()> suspect_all;
    std::function<void()> lost;  // Redis came back without what was there
    std::function<void()> wake;  // on_issue of the ledger, any thread: has look() called on the loop's thread
  };
  PurgeBus(Loop& loop, Redis& redis, const std::string& prefix, PurgeLedger& ledger, Hands hands,
           size_t stream_holds = kStreamHolds);
  ~PurgeBus();
  PurgeBus(const PurgeBus&) = delete;
  PurgeBus& operator=(const PurgeBus&) = delete;

  // This node may have missed any number of purges, and cannot know which.
  void suspect();
  // Delivers what waits, and reads what is new.
  void look();

  // The position; empty: none yet.
  const std::string& position() const { return position_; }

 private:
  void join();
  void joined(const redisReply* reply);
  void read();
  void heard(const redisReply* reply);
  // One entry; false: it must be read again.
  bool obey(const redisReply& entry);
  void deliver();

  Redis& redis_;
  const std::string key_;
  PurgeLedger& ledger_;
  const Hands hands_;
  const std::string stream_holds_;
  Timer timer_;
  bool asking_ = false;      // a question about the stream is out
  bool suspicious_ = false;  // suspect_all() is due
  std::string position_, epoch_;
  std::string last_order_;        // at or before the position; empty: this stream had none yet
  bool position_is_new_ = false;  // its entry is to be obeyed too
  bool position_lost_ = false;    // there was one, and it is not in the stream any more
  int64_t current_at_;            // ms, when we last knew all that stood in the stream
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace levee
