// Whether one server is worth a request: opens when it is not to be reached several times in a row, or when too many
// of its answers are bad; tries again after a jittered pause.
//
// One resource whose handler crashes must not take the others with it: a reset or an error status counts in the ratio
// only, beside all that went well. A refused connection or a time-out says something on the server.
//
//   kClosed --unreachable in a row, or ratio of the window--> kOpen --pause--> kHalfOpen (one trial) --success-->
//   kClosed
//                                                            ^------------------failure-----------'
//
// Pure, time is passed in (ms). Guarded by its upstream's mutex.
#pragma once

#include <cstdint>

#include "conf/upstream.h"

namespace levee {

class ServerBreaker {
 public:
  enum class State : uint8_t { kClosed, kOpen, kHalfOpen };

  State state(int64_t now) const;
  // Whether a request may go there now. In kHalfOpen only while no trial is on its way.
  bool admits(int64_t now) const;
  // A request that admits() allowed goes there. True: it is the trial, and end_trial(), succeeded() or failed() must
  // follow.
  bool start(int64_t now);
  void end_trial() { trial_ = false; }
  void succeeded(const Breaker& limits, int64_t now);
  // unreachable: no connection, or a time-out.
  // retry_after: what the server asked for, ms, honoured up to max_backoff. dice: 0 to 1, uniform, for the jitter.
  void failed(const Breaker& limits, int64_t now, bool unreachable, int64_t retry_after, double dice);
  // When it is next worth asking; at most `now` if it is already.
  int64_t retry_at() const { return open_until_; }
  uint64_t openings() const { return openings_; }

 private:
  static constexpr uint32_t kMinVolume = 20;  // requests in the window before the ratio says anything
  void roll(const Breaker& limits, int64_t now);
  void open(const Breaker& limits, int64_t now, int64_t retry_after, double dice);

  uint32_t row_ = 0;            // times in a row that it was unreachable
  uint32_t all_ = 0, bad_ = 0;  // of this half window
  uint32_t last_all_ = 0, last_bad_ = 0;
  int64_t window_start_ = 0;
  int64_t open_until_ = 0;  // 0: closed
  int64_t pause_ = 0;       // the last one without jitter, doubles
  bool trial_ = false;
  uint64_t openings_ = 0;
};

}  // namespace levee
