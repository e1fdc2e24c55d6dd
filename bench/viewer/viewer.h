// A simulated viewer of a live stream: polls the playlist, fetches segments or parts in order, keeps a buffer, changes
// renditions, retries as hls.js does, and goes to the next node when one does not answer.
//
//   away --join--> playlist, again and again ---new segments---> fetch one after the other, while the buffer has room
//     ^--leave------'                      ^--- after a pause, when one failed ---'
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/client/connections.h"
#include "bench/viewer/ladder.h"
#include "bench/viewer/playback.h"
#include "bench/viewer/playlist.h"
#include "bench/viewer/viewer_model.h"
#include "bench/viewer/viewer_tally.h"

namespace levee::bench {

class Viewer {
 public:
  // What all viewers of a rehearsal share; outlives them.
  struct Crowd {
    ClientLoop& loop;
    Connections& connections;
    const std::vector<Target>& targets;
    const ViewerModel& model;
    ViewerTally& tally;
  };

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
  // One of the two things that it asks for at a time.
  class Request;
  void playlist_done(bool good, const std::string& text);
  void segment_done(bool good, uint64_t bytes, int64_t took_us);
  void try_another_target();

  bool has_all() const;  // of a stream that has ended
  void poll();
  void poll_at(int64_t due_us);
  std::string poll_path() const;
  void go_to_variant(size_t variant);
  void consider_variants(uint64_t bytes, int64_t took_us);
  void fetch_next();
  void fetch_hinted();
  void ask_segment(const std::string& uri, const std::string& range);
  void fetch_after(int64_t microseconds);
  void got_media(double seconds);
  void buffer_ran_dry();

  Crowd& crowd_;
  size_t target_;
  Connections::Home home_;
  Playback playback_;
  Ladder ladder_;
  std::string path_;               // of the playlist that it follows
  std::vector<Variant> variants_;  // their URIs are paths; empty: there is only one
  size_t variant_ = 0;
  Playlist playlist_;
  int64_t next_ = -1;  // sequence number of the segment that is fetched, or will be
  bool has_map_ = false;
  bool is_counted_late_ = false;
  int64_t last_newest_ = -1;
  int64_t poll_due_us_ = 0;
  int64_t changed_us_ = 0;      // when the playlist last had something new
  int64_t segment_due_us_ = 0;  // when the next segment could first have been asked for; 0: not yet known
  int64_t playlist_retry_ms_ = 0;
  int64_t segment_retry_ms_ = 0;
  double fetching_seconds_ = 0;  // of the segment on its way; 0: the initialization segment
  std::unique_ptr<Request> playlist_request_;
  std::unique_ptr<Request> segment_request_;
  event* const poll_timer_;
  event* const fetch_timer_;
  event* const dry_timer_;
};

}  // namespace levee::bench
