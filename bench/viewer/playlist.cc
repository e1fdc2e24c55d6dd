#include "bench/viewer/playlist.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

namespace levee::bench {
namespace {

constexpr std::string_view kMedia = "#EXT-X-MEDIA:", kStream = "#EXT-X-STREAM-INF:";

template <typename Number>
Number number_at(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// What follows `name` in a list of attributes, without quotes. `name` has its "=".
std::string_view attribute(std::string_view attributes, std::string_view name) {
  size_t at = attributes.find(name);
  const auto begins = [attributes](size_t place) {
    return place == 0 || strchr(", ", attributes[place - 1]) != nullptr;
  };
  while (at != std::string_view::npos && !begins(at)) at = attributes.find(name, at + 1);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = attributes.substr(at + name.size());
  if (!rest.starts_with('"')) return rest.substr(0, rest.find(','));
  return rest.substr(1, rest.substr(1).find('"'));
}

// Takes a line off the front, without its end.
std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Sub-ranges of resources, "SIZE[@OFFSET]": without an offset it begins where the last of the same resource ended (RFC
// 8216 section 4.3.2.2).
class SubRanges {
 public:
  // The Range field's value; empty if `text` is none.
  std::string range(std::string_view uri, std::string_view text) {
    const auto size = number_at<uint64_t>(text);
    if (size == 0) return {};
    const size_t at = text.find('@');
    const uint64_t begin = at != std::string_view::npos ? number_at<uint64_t>(text.substr(at + 1))
                           : uri == uri_                ? end_
                                                        : 0;
    uri_ = uri;
    end_ = begin + size;
    return "bytes=" + std::to_string(begin) + "-" + std::to_string(end_ - 1);
  }

 private:
  std::string_view uri_;
  uint64_t end_ = 0;
};

// What a playlist says while it is read from top to bottom.
class Reading {
 public:
  void line(std::string_view text) {
    if (text.empty()) return;
    if (text.front() != '#') return segment(text);
    const std::string_view name = text.substr(0, text.find(':'));
    const std::string_view value = text.substr(std::min(name.size() + 1, text.size()));
    if (name == "#EXT-X-TARGETDURATION") playlist_.target_seconds = number_at<double>(value);
    if (name == "#EXT-X-MEDIA-SEQUENCE") sequence_ = number_at<int64_t>(value);
    if (name == "#EXTINF") longest_ = std::max(longest_, seconds_ = number_at<double>(value));
    if (name == "#EXT-X-MAP") map(value);
    if (name == "#EXT-X-BYTERANGE") byte_range_ = value;
    if (name == "#EXT-X-ENDLIST") playlist_.is_ended = true;
    if (name == "#EXT-X-PART-INF") playlist_.part_seconds = number_at<double>(attribute(value, "PART-TARGET="));
    if (name == "#EXT-X-PART") part(value);
    if (name == "#EXT-X-PRELOAD-HINT") hint(value);
    if (name == "#EXT-X-SERVER-CONTROL") {
      playlist_.can_block = attribute(value, "CAN-BLOCK-RELOAD=") == "YES";
      playlist_.hold_back_seconds = number_at<double>(attribute(value, "PART-HOLD-BACK="));
    }
  }
  std::optional<Playlist> end() {
    if (playlist_.target_seconds <= 0) return std::nullopt;
    if (!parts_.empty() && seconds_ > 0) number_parts();
    return std::move(playlist_);
  }

 private:
  void segment(std::string_view uri) {
    playlist_.segments.push_back({sequence_++, seconds_, std::string(uri), segments_.range(uri, byte_range_)});
    byte_range_ = {};
    part_ = 0;
  }
  void map(std::string_view attributes) {
    const std::string_view uri = attribute(attributes, "URI=");
    playlist_.map = uri;
    playlist_.map_range = SubRanges().range(uri, attribute(attributes, "BYTERANGE="));
  }
  // Of a sub-range nobody knows the end yet.
  void hint(std::string_view attributes) {
    const bool is_whole = attribute(attributes, "BYTERANGE-START=").empty();
    if (is_whole && attribute(attributes, "TYPE=") == "PART") playlist_.hint = attribute(attributes, "URI=");
  }
  void part(std::string_view attributes) {
    if (playlist_.part_seconds <= 0) return;
    const std::string_view uri = attribute(attributes, "URI=");
    parts_.push_back({sequence_, part_++, number_at<double>(attribute(attributes, "DURATION=")), std::string(uri),
                      part_ranges_.range(uri, attribute(attributes, "BYTERANGE="))});
  }
  // A segment's own duration tells how many parts it has; the last of a stream may have fewer.
  void number_parts() {
    playlist_.parts_per_segment = std::max<int64_t>(std::llround(longest_ / playlist_.part_seconds), 1);
    playlist_.segments.clear();
    for (Part& part : parts_) {
      const int64_t number = part.sequence * playlist_.parts_per_segment + part.number;
      playlist_.segments.push_back({number, part.seconds, std::move(part.uri), std::move(part.range)});
    }
  }

  struct Part {
    int64_t sequence, number;
    double seconds;
    std::string uri, range;
  };
  Playlist playlist_;
  SubRanges segments_, part_ranges_;
  std::string_view byte_range_;
  std::vector<Part> parts_;
  int64_t sequence_ = 0;
  int64_t part_ = 0;
  double seconds_ = 0, longest_ = 0;
};

}  // namespace

const Playlist::Segment* Playlist::from(int64_t sequence) const {
  const auto found =
      std::find_if(segments.begin(), segments.end(), [sequence](const Segment& s) { return s.sequence >= sequence; });
  return found == segments.end() ? nullptr : &*found;
}

std::string Playlist::next_query() const {
  const int64_t next = newest() + 1;
  return "_HLS_msn=" + std::to_string(next / parts_per_segment) +
         "&_HLS_part=" + std::to_string(next % parts_per_segment);
}

std::optional<Playlist> parse_playlist(std::string_view text) {
  if (!text.starts_with("#EXTM3U")) return std::nullopt;
  Reading reading;
  while (!text.empty()) reading.line(take_line(text));
  return reading.end();
}

std::vector<Variant> parse_variants(std::string_view text) {
  std::vector<Variant> variants;
  if (!text.starts_with("#EXTM3U")) return variants;
  std::map<std::string_view, std::string_view> sounds;  // URIs by group
  std::string_view stream;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.starts_with(kMedia) && attribute(line.substr(kMedia.size()), "TYPE=") == "AUDIO") {
      const std::string_view media = line.substr(kMedia.size()), uri = attribute(media, "URI=");
      const auto [group, is_new] = sounds.emplace(attribute(media, "GROUP-ID="), uri);
      if (!is_new && attribute(media, "DEFAULT=") == "YES") group->second = uri;
    } else if (line.starts_with(kStream)) {
      stream = line.substr(kStream.size());
    } else if (!stream.empty() && !line.empty() && line.front() != '#') {
      const auto bandwidth = number_at<uint64_t>(attribute(stream, "BANDWIDTH="));
      if (bandwidth > 0) variants.push_back({bandwidth, std::string(line), std::string(attribute(stream, "AUDIO="))});
      stream = {};
    }
  }
  for (Variant& variant : variants) {
    const auto group = sounds.find(variant.sound);
    variant.sound = group == sounds.end() ? "" : std::string(group->second);
  }
  std::stable_sort(variants.begin(), variants.end(),
                   [](const Variant& a, const Variant& b) { return a.bandwidth < b.bandwidth; });
  return variants;
}

}  // namespace levee::bench
