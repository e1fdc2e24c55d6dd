// The arithmetic of a live playlist whose sequence numbers follow from the wall clock. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace levee::bench {

// Segment N covers the wall clock from N * segment_ms on, in milliseconds since 1970. Nothing is kept: every origin
// that is asked at the same time gives the same playlist.
struct LiveStream {
  int64_t segment_ms = 2000;
  int64_t window = 6;         // segments in the playlist
  bool at_once = false;       // lists the segment that is being produced: it is delivered while it grows
  int64_t produce_ms = 1900;  // how long that takes
  int64_t part_ms = 0;        // parts can be had as soon as they are over; 0: there are none

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

  // With parts: those of one segment, and the newest of all, counted from 1970.
  int64_t parts() const { return part_ms > 0 ? segment_ms / part_ms : 0; }
  int64_t newest_part(int64_t now_ms) const { return now_ms / part_ms - 1; }
  // When part `part` of segment `sequence` can be had.
  int64_t part_ready_ms(int64_t sequence, int64_t part) const { return (sequence * parts() + part + 1) * part_ms; }

  // How many parts beyond the newest a request may ask to be held for (RFC 8216bis section 6.2.5.2).
  int64_t advance_parts() const { return part_ms < 1000 ? (3000 + part_ms - 1) / part_ms : 3; }

  // `map`: the URI of the initialization segment, empty for none. `suffix`: what follows the sequence number.
  std::string playlist(int64_t now_ms, std::string_view map, std::string_view suffix) const;
  // The same stream for DASH: one adaptation set for each of `tracks`, whose segments are in folders of their names.
  struct Track {
    std::string_view name, mime_type, codecs, more;
    int64_t timescale, offset;  // offset: the decode time of segment 0
    int64_t bandwidth;
  };
  std::string manifest(int64_t now_ms, const std::vector<Track>& tracks) const;
};

}  // namespace levee::bench
