#include "bench/playlist.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace levee::bench {
namespace {

template <typename Number>
Number number_at(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string quoted_value(std::string_view attributes, std::string_view name) {
  const size_t at = attributes.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = attributes.substr(at + name.size());
  return std::string(rest.substr(0, rest.find('"')));
}

}  // namespace

const Playlist::Segment* Playlist::from(int64_t sequence) const {
  const auto found =
      std::find_if(segments.begin(), segments.end(), [sequence](const Segment& s) { return s.sequence >= sequence; });
  return found == segments.end() ? nullptr : &*found;
}

std::optional<Playlist> parse_playlist(std::string_view text) {
  if (!text.starts_with("#EXTM3U")) return std::nullopt;
  Playlist playlist;
  int64_t sequence = 0;
  double seconds = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto after = [line](std::string_view tag) {
      return line.starts_with(tag) ? line.substr(tag.size()) : std::string_view();
    };
    if (const auto value = after("#EXT-X-TARGETDURATION:"); !value.empty())
      playlist.target_seconds = number_at<double>(value);
    if (const auto value = after("#EXT-X-MEDIA-SEQUENCE:"); !value.empty()) sequence = number_at<int64_t>(value);
    if (const auto value = after("#EXTINF:"); !value.empty()) seconds = number_at<double>(value);
    if (const auto value = after("#EXT-X-MAP:"); !value.empty()) playlist.map = quoted_value(value, "URI=\"");
    if (line.starts_with("#EXT-X-ENDLIST")) playlist.is_ended = true;
    if (!line.empty() && line.front() != '#') playlist.segments.push_back({sequence++, seconds, std::string(line)});
  }
  if (playlist.target_seconds <= 0) return std::nullopt;
  return playlist;
}

}  // namespace levee::bench
