// A simulated viewer of a live stream: follows a playlist, and that of its sound where it has one of its own, keeps a
// buffer of what has come of both, changes renditions, and goes to the next node when one does not answer.
//
// Loop thread only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/viewer/crowd.h"
#include "bench/viewer/ladder.h"
#include "bench/viewer/playback.h"
#include "bench/viewer/playlist.h"
#include "bench/viewer/track.h"

namespace levee::bench {

class Viewer final : private Track::Owner {
 public:
  // `number`: decides its target and its line.
  Viewer(Crowd& crowd, uint32_t number);
  ~Viewer();
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;

  // `path`: of the playlist. `due_us`: when it should have joined (now_us), at most now.
  void join(const std::string& path, int64_t due_us);
  void leave();
  bool is_watching() const { return playback_.state() != Playback::State::kAway; }
  // How long it has waited for its first frame; 0 when it does not.
  int64_t starting_us(int64_t now) const;
  // How long it has waited for a segment's first byte, pauses before it asks again included; 0 when it does not.
  int64_t segment_waits_us(int64_t now) const;
  // Adds what has been watched so far to the tally.
  void settle(int64_t now);

 private:
  struct Side {
    Track track;
    int64_t media_us = 0;  // that has come of it since it joined
  };

  const Target& target() const override { return crowd_.targets[target_]; }
  Connections::Home& home() override { return home_; }
  int64_t too_much_us(const Track& track) const override;
  bool has_variants(const std::string& text) override;
  void on_media(Track& track, double seconds, uint64_t bytes, int64_t took_us) override;
  void on_ended_playlist() override;
  void on_no_answer(const Target& asked) override;
  void on_gone(const Track& track, double seconds) override;

  Side& side_of(const Track& track) { return &track == &main_.track ? main_ : sound_; }
  const Side& side_of(const Track& track) const { return &track == &main_.track ? main_ : sound_; }
  bool has_sound() const { return !sound_.track.location().path.empty(); }
  int64_t common_us() const { return has_sound() ? std::min(main_.media_us, sound_.media_us) : main_.media_us; }
  bool has_all() const;  // that can be shown of a stream that has ended
  void go_to_variant(size_t variant);
  void consider_variants(uint64_t bytes, int64_t took_us);
  void got_media(int64_t media_us);
  void buffer_ran_dry();

  Crowd& crowd_;
  size_t target_;
  Connections::Home home_;
  Playback playback_;
  Ladder ladder_;
  Location location_;              // that it was told to watch
  std::vector<Variant> variants_;  // empty: there is only one
  size_t variant_ = 0;
  Side main_, sound_;     // sound_ follows nothing where main_ has it
  int64_t shown_us_ = 0;  // of common_us(), what the buffer has been given
  bool is_counted_late_ = false;
  event* const dry_timer_;
};

}  // namespace levee::bench
