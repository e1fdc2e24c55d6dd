// A simulated viewer of a live playlist: polls it, fetches segments in order, keeps a buffer, retries as hls.js does.
//
//   away --join--> starting --first segments--> playing <--> stalled
//     ^-----------------------leave---------------------------'
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench/http_client.h"
#include "bench/playlist.h"
#include "bench/viewer_tally.h"

namespace levee::bench {

struct ViewerModel {
  int64_t behind_edge = 3;        // where it begins: so many segments before the playlist's end
  int64_t start_segments = 1;     // that it wants before the first frame
  int64_t retry_first_ms = 1000;  // then twice as long each time
  int64_t retry_most_ms = 8000;
  bool verifies = false;  // looks at every byte of /sim/ segments
};

class Viewer {
 public:
  Viewer(ClientLoop& loop, const Target& target, const ViewerModel& model, ViewerTally& tally);
  ~Viewer();
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;

  // `path`: of the playlist. `due_us`: when it should have joined (now_us), at most now.
  void join(const std::string& path, int64_t due_us);
  void leave();
  bool is_watching() const { return state_ != State::kAway; }
  // Adds what has been watched so far to the tally.
  void settle();

 private:
  enum class State : unsigned char { kAway, kStarting, kPlaying, kStalled };

  // One of its two connections: what for, since when, and what comes back. Told what to ask, and when that is due.
  class Request;
  void playlist_done(bool good, const std::string& text);
  void segment_done(int status);

  void poll();
  void poll_after(int64_t ms);
  void fetch_next();
  void retry_segment();
  void buffer_ran_dry();
  void got_segment(double seconds);
  int64_t buffered_us(int64_t now) const { return buffered_until_us_ - now; }

  ClientLoop& loop_;
  const ViewerModel& model_;
  ViewerTally& tally_;
  State state_ = State::kAway;
  std::string path_;
  Playlist playlist_;
  int64_t next_ = -1;  // sequence number of the segment that is fetched, or will be
  bool has_map_ = false;
  bool has_stalled_ = false;
  int64_t last_newest_ = -1;
  int64_t joined_us_ = 0;
  int64_t due_us_ = 0;  // of the next poll
  int64_t got_segments_ = 0;
  double got_seconds_ = 0;         // of media before the first frame
  int64_t buffered_until_us_ = 0;  // when the buffer runs dry, while playing
  int64_t stalled_since_us_ = 0;
  int64_t watching_since_us_ = 0;  // settled until here
  int64_t playlist_retry_ms_ = 0;
  int64_t segment_retry_ms_ = 0;
  double fetching_seconds_ = 0;  // of the segment on its way; 0: the initialization segment
  std::unique_ptr<Request> playlist_request_;
  std::unique_ptr<Request> segment_request_;
  event* const poll_timer_;
  event* const retry_timer_;
  event* const dry_timer_;
};

}  // namespace levee::bench
