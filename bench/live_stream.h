// The arithmetic of a live playlist whose sequence numbers follow from the wall clock. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace levee::bench {

// Segment N covers the wall clock from N * segment_ms on, in milliseconds since 1970. Nothing is kept: every origin
// that is asked at the same time gives the same playlist.
struct LiveStream {
  int64_t segment_ms = 2000;
  int64_t window = 6;         // segments in the playlist
  bool at_once = false;       // lists the segment that is being produced: it is delivered while it grows
  int64_t produce_ms = 1900;  // how long that takes

  // The newest segment in the playlist.
  int64_t newest(int64_t now_ms) const { return now_ms / segment_ms - (at_once ? 0 : 1); }
  int64_t oldest(int64_t now_ms) const { return newest(now_ms) - window + 1; }
  // Segments stay for three windows, longer than any playlist that named them.
  bool exists(int64_t sequence, int64_t now_ms) const {
    return sequence <= newest(now_ms) && sequence > newest(now_ms) - 3 * window;
  }
  // When its first and its last byte can be sent.
  int64_t begins_ms(int64_t sequence) const { return (at_once ? sequence : sequence + 1) * segment_ms; }
  int64_t ends_ms(int64_t sequence) const { return begins_ms(sequence) + (at_once ? produce_ms : 0); }
  // When the playlist changes next.
  int64_t next_change_ms(int64_t now_ms) const { return (now_ms / segment_ms + 1) * segment_ms; }

  // `map`: the URI of the initialization segment, empty for none. `suffix`: what follows the sequence number.
  std::string playlist(int64_t now_ms, std::string_view map, std::string_view suffix) const;
};

}  // namespace levee::bench
