// A player's buffer, on a clock that is handed in. Pure; all times in microseconds.
//
//   away --join--> starting --enough media--> playing <--run dry / media--> stalled
//     ^---------------------------leave--------------------------------------'
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace levee::bench {

class Playback {
 public:
  enum class State : unsigned char { kAway, kStarting, kPlaying, kStalled };
  struct Watched {
    int64_t watched_us = 0;  // since the first frame, stalls included
    int64_t stalled_us = 0;
  };

  // `start_segments`: that it wants before the first frame.
  explicit Playback(int64_t start_segments) : start_segments_(start_segments) {}

  State state() const { return state_; }
  int64_t joined_us() const { return joined_us_; }
  bool has_stalled() const { return has_stalled_; }  // since it joined

  void join(int64_t now) {
    state_ = State::kStarting;
    joined_us_ = now;
    segments_ = 0;
    gathered_us_ = 0;
    has_stalled_ = false;
  }
  void leave() { state_ = State::kAway; }

  // So much more media is there. Returns whether the first frame came with it.
  bool add(int64_t now, int64_t media_us) {
    switch (state_) {
      case State::kAway:
        return false;
      case State::kStarting:
        gathered_us_ += media_us;
        if (++segments_ < start_segments_) return false;
        dry_at_ = now + gathered_us_;
        settled_us_ = now;
        state_ = State::kPlaying;
        return true;
      case State::kStalled:
        unsettled_.stalled_us += now - stalled_since_us_;
        dry_at_ = now + media_us;
        state_ = State::kPlaying;
        return false;
      case State::kPlaying:
        dry_at_ += media_us;
        return false;
    }
    return false;
  }
  // To be called when dry_at() comes. Returns whether a stall began.
  bool run_dry(int64_t now) {
    if (state_ != State::kPlaying || now < dry_at_) return false;
    state_ = State::kStalled;
    stalled_since_us_ = dry_at_;  // however late the call
    has_stalled_ = true;
    return true;
  }
  std::optional<int64_t> dry_at() const { return state_ == State::kPlaying ? std::optional(dry_at_) : std::nullopt; }
  int64_t buffered_us(int64_t now) const {
    if (state_ == State::kStarting) return gathered_us_;
    return state_ == State::kPlaying ? std::max<int64_t>(dry_at_ - now, 0) : 0;
  }
  // What was watched since the last call.
  Watched settle(int64_t now) {
    Watched watched = unsettled_;
    unsettled_ = {};
    if (state_ != State::kPlaying && state_ != State::kStalled) return watched;
    watched.watched_us += now - settled_us_;
    settled_us_ = now;
    if (state_ == State::kStalled) {
      watched.stalled_us += now - stalled_since_us_;
      stalled_since_us_ = now;
    }
    return watched;
  }

 private:
  const int64_t start_segments_;
  State state_ = State::kAway;
  int64_t joined_us_ = 0;
  int64_t segments_ = 0;  // before the first frame
  int64_t gathered_us_ = 0;
  int64_t dry_at_ = 0;
  int64_t stalled_since_us_ = 0;
  int64_t settled_us_ = 0;
  bool has_stalled_ = false;
  Watched unsettled_;
};

}  // namespace levee::bench
