// Whether one server is worth a request: opens when nothing good comes from it any more; tries again after a jittered
// pause.
//
// One resource whose handler crashes or hangs must not take the others with it. So what opens it is
//   - connections that fail several times in a row: they say nothing on a resource;
//   - a connection that is not made in time, or a response that does not begin in time, while the server answered
//     nobody, and somebody who wants another resource has waited for long, too, or in vain;
//   - resets and error statuses of as many different resources in a row, when it has been well for nobody for longer
//     than its good answers of late are apart, half a second at most, or it says when to come back: errors in one burst
//     with good answers may all be meant as they are;
//   - their share of all answers, where the configuration says so.
//
//   kClosed --one of these--> kOpen --pause--> kHalfOpen (a trial each pause) --success--> kClosed
//                               ^-------------------failure----'
//
// Pure, time is passed in (ms). Guarded by its upstream's mutex.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "conf/upstream.h"

namespace levee {

class ServerBreaker {
 public:
  enum class State : uint8_t { kClosed, kOpen, kHalfOpen };

  State state(int64_t now) const;
  bool is_open() const { return open_until_ != 0; }  // or half open
  // Whether a request may go there now. In kHalfOpen only if no trial was begun within the last pause: one that hangs
  // must not hide that the server is back.
  bool admits(int64_t now) const;
  // Whether a trial is for those that nobody waits for, who have a little time before others: a trial may hang.
  bool is_for_background(int64_t now) const {
    return state(now) == State::kHalfOpen && now < std::max(open_until_, next_trial_) + kReserved;
  }
  // A request that admits() allowed goes there. True: it is the trial, and end_trial(), succeeded() or failed() must
  // follow.
  bool start(int64_t now);
  // A request that began then has come to nothing that says anything. Only of the trial that is under way: those of
  // before, which a crowd gives up all at once, let nobody else try.
  void end_trial(int64_t began) {
    if (began >= trial_) next_trial_ = 0;
  }
  void succeeded(const Breaker& limits, int64_t now);
  void close() { open_until_ = pause_ = next_trial_ = 0; }  // it is switched off
  struct Failure {
    enum class Kind : uint8_t { kUnreachable, kTimeout, kBad } kind = Kind::kBad;
    uint64_t resource = 0;     // of which, a hash; 0: of none (kTimeout: there was no connection yet)
    int64_t began = 0;         // when the attempt did
    int64_t retry_after = 0;   // what the server asked for, ms; honoured within bounds
    bool others_wait = false;  // kTimeout: somebody who wants another resource, at least half as long
  };
  // dice: 0 to 1, uniform, for the jitter. True: it has opened.
  bool failed(const Breaker& limits, int64_t now, const Failure& failure, double dice);
  // When it is next worth asking; at most `now` if it is already.
  int64_t retry_at() const { return open_until_; }
  uint64_t openings() const { return openings_; }

 private:
  static constexpr uint32_t kMinVolume = 20;          // requests in the window before the ratio says anything
  static constexpr int64_t kMostRetryAfter = 10'000;  // ms
  static constexpr int64_t kReserved = 200;           // ms
  // Without a good answer for so long bad ones prove something: ms, if it is not known how far apart they are, and at
  // least; and times the longest that they were apart.
  static constexpr int64_t kSilence = 500, kLeastSilence = 20, kGaps = 3;
  bool proves(const Breaker& limits, int64_t now, const Failure& failure);
  void roll(const Breaker& limits, int64_t now);
  void heard(int64_t now);
  int64_t silence() const;
  void open(const Breaker& limits, int64_t now, int64_t retry_after, double dice);

  bool is_of_another(uint64_t resource) const;
  void add(const Breaker& limits, uint64_t resource);

  uint32_t row_ = 0;                 // times in a row that it was unreachable
  std::vector<uint64_t> resources_;  // different ones that were bad in a row
  int64_t last_good_ = 0;
  int64_t gap_ = 0,
          last_gap_ = 0;        // longest between good answers, ms: of late, and of half a second before; 0: unknown
  int64_t gaps_since_ = 0;      // when the later half second began
  uint32_t all_ = 0, bad_ = 0;  // of this half window
  uint32_t last_all_ = 0, last_bad_ = 0;
  int64_t window_start_ = 0;
  int64_t open_until_ = 0;  // 0: closed
  int64_t pause_ = 0;       // the last one without jitter, doubles
  int64_t most_ = 0;        // up to this
  int64_t next_trial_ = 0;  // kHalfOpen: not before
  int64_t trial_ = 0;       // when the last one began
  uint64_t openings_ = 0;
};

}  // namespace levee
