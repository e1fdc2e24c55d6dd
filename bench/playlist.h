// Reads a media playlist, as far as a simulated viewer needs it (RFC 8216). Pure.
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
  };
  double target_seconds = 0;
  std::string map;  // URI of the initialization segment; empty: none
  std::vector<Segment> segments;
  bool is_ended = false;

  int64_t newest() const { return segments.empty() ? -1 : segments.back().sequence; }
  // The segment with this sequence number, or the first one after it.
  const Segment* from(int64_t sequence) const;
};

// Nothing for what is not a media playlist.
std::optional<Playlist> parse_playlist(std::string_view text);

}  // namespace levee::bench
