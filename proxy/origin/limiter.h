// How many fetches an origin can carry at a time: a number, or a gradient on the time to the response head.
//
// Pure, time is passed in (ms). Guarded by its Admission's mutex.
//
// Adaptive: samples are gathered in windows. While nothing speaks against it and the limit is used, each window without
// a sign of a queue raises it by half; so it is where the origin is after a few round trips. A window whose mean is
// above the baseline (the least that a window of the last half minute of use had) by more than chance explains looks
// like a queue at the origin, and the limit goes down. As long as the time to head falls with it in proportion, it was
// a queue, and the limit goes down further; when it does not, it goes back to what Little's law says the origin carries
// without one. If it did not fall at all, the origin has become slower by itself, and the baseline moves. What was
// found to be too much is remembered as the ceiling: beyond it the limit goes only seldom, and one at a time at first.
//
// Failures of load (time-outs, resets, 429, 503) cut the limit by a tenth and are never taken for samples. After
// failures with nothing good between them it comes back as fast as it climbs, up to where the first one met it. There
// is no probing phase.
//
// What an origin carried once it need not carry for ever: a limit that is not used comes down by half every few
// seconds, to twice what is used, or to where it began.
#pragma once

#include <array>
#include <cstdint>

#include "conf/upstream.h"

namespace levee {

class Limiter {
 public:
  explicit Limiter(const Concurrency& rule);

  uint32_t limit() const { return limit_; }
  // A fetch is about to begin, while so many are on their way.
  void begin(uint32_t in_flight, int64_t now);
  // A response head came for a fetch that started at `started`, while at most `in_flight` were on their way.
  void sample(int64_t started, int64_t now, uint32_t in_flight);
  // A time-out, a reset, 429 or 503.
  void dropped(int64_t started, int64_t now);
  // Mean time to head without a queue, ms; 0: not known.
  double baseline() const { return baseline_; }
  // New bounds. What was learnt stays; if nothing was, it begins as they say.
  void apply(const Concurrency& rule);

 private:
  struct Samples {
    uint32_t count = 0;
    double sum = 0, squares = 0;
    double longest = 0;  // ms
    void add(double time);
  };
  struct Window {
    Samples quick, slow;  // slow: several times what is usual
    int64_t began = 0;
    uint32_t peak = 0;  // fetches on their way at a time
    bool is_empty() const { return quick.count + slow.count == 0; }
    // What it says: a few slow ones are what takes long by itself, more are a queue.
    Samples said() const;
    uint32_t count() const { return said().count; }
    double mean() const;
    double error() const;  // of the mean, one standard deviation
  };
  void close_window(int64_t now);
  bool is_settling(int64_t now) const;
  bool is_enough(int64_t now) const;
  bool is_queueing() const;
  bool is_queueing(double chance) const;
  void calm(double mean, double error, uint32_t count, int64_t now, bool used);
  void descend(double mean, int64_t now);
  void look_down(double mean, double error, int64_t now, bool used);
  bool is_still_queueing(double mean, double error) const;
  void grow(int64_t now);
  void settle(double carried, bool emptied, int64_t now);
  bool is_climbing() const { return ceiling_ == 0 || limit_ < ceiling_; }
  bool is_trying() const { return ceiling_ == 0 && step_ > 0; }  // beyond the last ceiling
  uint32_t wanted() const;
  void change(double limit, int64_t now);
  void end_descent();
  void remember(double bound, int64_t now);

  static constexpr size_t kBuckets = 10;
  Concurrency rule_;
  uint32_t limit_;
  int64_t changed_ = 0;                  // when the limit last did: earlier fetches say nothing on it
  double usual_ = 0;                     // mean of the last window, ms; 0: not known
  double longest_ = 0;                   // ms that a fetch takes at most, or so; 0: not known
  int64_t period_ = 0;                   // number of this one
  uint32_t used_ = 0, used_before_ = 0;  // fetches on their way at a time in this period, and in the one before
  Window window_;

  double baseline_ = 0;
  // The least bound of each of the last 3 s in which there was one; 0: none. A pause is not forgotten over: what comes
  // after it may be a storm, whose queue must not be taken for the norm.
  std::array<double, kBuckets> buckets_{};
  size_t bucket_ = 0;             // the newest
  int64_t period_of_bucket_ = 0;  // number of its 3 s

  double ceiling_ = 0;                           // what is carried, and more was too much; 0: not known
  int64_t hold_until_ = 0;                       // not beyond ceiling_ before
  int64_t hold_ = 0;                             // ms; doubles each time that going beyond failed
  uint32_t carried_ = 0;                         // the most at a time that was seen to make no queue
  int64_t emptied_until_ = 0;                    // a ceiling found before emptied a queue
  bool fallen_ = false;                          // the origin may carry more than the ceiling again
  double step_ = 0;                              // the last one beyond a ceiling; 0: as fast as it climbs
  bool grew_ = true;                             // the last that happened to the limit was that it went up
  double grown_from_ = 0;                        // ... from here
  bool proven_ = false;                          // the baseline held at different limits: it has no queue in it
  bool good_since_cut_ = true;                   // a response head has come since the last failure
  double settled_ = 0;                           // the last ceiling that was found from above
  double descent_limit_ = 0, descent_mean_ = 0;  // before the limit went down; 0: it is not going down
  double top_ = 0, top_mean_ = 0;                // where it began to
  double rate_ = 0;                              // fetches a ms at most since
  unsigned fell_ = 0;                            // times that the time to head has fallen with it
};

}  // namespace levee
