// One media playlist as a player follows it: polls it, fetches its segments or parts in order, one at a time, while its
// owner has room, and asks again as hls.js does for what failed.
//
//   idle --follow--> playlist, again and again ---new segments---> fetch one after the other, while there is room
//     ^-----stop-----'                       ^--- after a pause, when one failed ---'
//
// Loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench/viewer/crowd.h"
#include "bench/viewer/playlist.h"

namespace levee::bench {

class Track {
 public:
  // Whose it is. What it does in these must not destroy the track.
  class Owner {
   public:
    virtual const Target& target() const = 0;
    virtual Connections::Home& home() = 0;
    // How much more it holds of this track than it wants, microseconds; above 0: nothing more is fetched for so long.
    virtual int64_t too_much_us(const Track& track) const = 0;
    // An answer that may be a multivariant playlist. Whether it is one; then the owner has told the track where to go.
    virtual bool has_variants(const std::string& text) = 0;
    virtual void on_media(Track& track, double seconds, uint64_t bytes, int64_t took_us) = 0;
    virtual void on_ended_playlist() = 0;
    // `asked`: who gave none. It may be another's target by now.
    virtual void on_no_answer(const Target& asked) = 0;
    // So much was gone from the playlist before the track got to it.
    virtual void on_gone(const Track& track, double seconds) = 0;

   protected:
    ~Owner() = default;
  };

  Track(Crowd& crowd, Owner& owner);
  ~Track();
  Track(const Track&) = delete;
  Track& operator=(const Track&) = delete;

  // From the live edge of this playlist on, or from the start of one that has ended. `due_us`: at most now.
  void follow(const Location& location, int64_t due_us);
  // Goes on with the same segment number in another playlist.
  void turn_to(const Location& location);
  // Gives up what runs. The owner closes the connections.
  void stop();

  const Location& location() const { return location_; }  // of the playlist; nowhere: it follows none
  bool has_all() const { return playlist_.is_ended && next_ > playlist_.newest(); }
  // How long it has waited for a segment's first byte, pauses before it asks again included; 0 when it does not.
  int64_t waits_us(int64_t now) const;

 private:
  // One of the two things that it asks for at a time.
  class Request;
  void playlist_done(bool good, const std::string& text);
  void segment_done(bool good, uint64_t bytes, int64_t took_us);

  void poll();
  void poll_at(int64_t due_us);
  void poll_again(bool changed);
  Location poll_location() const;
  void fetch_next();
  void fetch_hinted();
  void ask_segment(const std::string& uri, const std::string& range);
  void fetch_after(int64_t microseconds);

  Crowd& crowd_;
  Owner& owner_;
  Location location_;
  Playlist playlist_;
  int64_t next_ = -1;  // sequence number of the segment that is fetched, or will be
  bool has_map_ = false;
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
};

// `timer` fires so many microseconds from now.
void start_timer(event* timer, int64_t microseconds);

}  // namespace levee::bench
