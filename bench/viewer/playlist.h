// Reads a playlist, as far as a simulated viewer needs it (RFC 8216 and its second edition's parts). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace levee::bench {

struct Playlist {
  struct Segment {
    int64_t sequence = 0;
    double seconds = 0;
    std::string uri;
    std::string range = {};  // a Range field's value: the part of the URI's resource that it is; empty: all of it
  };
  double target_seconds = 0;
  std::string map, map_range;  // of the initialization segment; empty: none
  std::vector<Segment> segments;
  bool is_ended = false;

  // Parts, as small segments: part P of media sequence number M has the number M * parts_per_segment + P.
  double part_seconds = 0;  // 0: there are none
  int64_t parts_per_segment = 0;
  double hold_back_seconds = 0;  // how far behind the end a player of parts begins
  bool can_block = false;        // the server holds a request for what is not yet there
  std::string hint;              // URI of the part after the newest, which the server holds too; empty: none

  int64_t newest() const { return segments.empty() ? -1 : segments.back().sequence; }
  // The segment with this sequence number, or the first one after it.
  const Segment* from(int64_t sequence) const;
  // Of parts: the query that asks for the playlist with the one after the newest.
  std::string next_query() const;
};

// Nothing for what is not a media playlist. Where there are parts, `segments` has them.
std::optional<Playlist> parse_playlist(std::string_view text);

// A rendition of a multivariant playlist.
struct Variant {
  uint64_t bandwidth = 0;  // bits a second
  std::string uri;
  std::string sound = {};  // URI of its sound's playlist: its AUDIO group's default; empty: it is in this one
};
// The lowest bandwidth first; empty for what is no multivariant playlist.
std::vector<Variant> parse_variants(std::string_view text);

}  // namespace levee::bench
