#include "proxy/origin/priority.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace levee {
namespace {

constexpr std::array<std::string_view, 3> kPlaylists{"m3u8", "mpd", "f4m"};
constexpr std::array<std::string_view, 15> kSegments{"ts",   "m4s",  "mp4",  "m4a",  "m4v", "m4f",  "aac", "ac3",
                                                     "cmfv", "cmfa", "cmft", "webm", "vtt", "init", "key"};

std::string extension_of(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const size_t dot = path.rfind('.');
  if (dot == std::string_view::npos || path.find('/', dot) != std::string_view::npos) return {};
  return std::string(path.substr(dot + 1));
}

template <size_t N>
bool has(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// What the type says; of most types nothing.
Priority by_type(std::string_view type) {
  const std::string text = lower(type.substr(0, type.find(';')));
  if (text.ends_with("mpegurl") || text == "application/dash+xml" || text == "application/vnd.ms-sstr+xml") {
    return Priority::kPlaylist;
  }
  const bool is_media = text.starts_with("video/") || text.starts_with("audio/") || text == "text/vtt";
  return is_media ? Priority::kLive : Priority::kAuto;
}

Priority by_path(std::string_view target) {
  const std::string path = lower(target.substr(0, target.find('?')));
  const std::string extension = extension_of(path);
  if (has(kPlaylists, extension) || path.ends_with(".ism/manifest")) return Priority::kPlaylist;
  if (has(kSegments, extension) || path.find("/fragments(") != std::string::npos) return Priority::kLive;
  return is_held_by_design(target) ? Priority::kPlaylist : Priority::kOther;
}

}  // namespace

Priority priority_of(Priority configured, std::string_view target, std::string_view type, bool background) {
  Priority own = configured;
  if (own == Priority::kAuto) own = by_type(type);
  if (own == Priority::kAuto) own = by_path(target);
  // Viewers who get an old playlist meanwhile have no new segment to ask for: they stall, with every segment at hand.
  return background && own != Priority::kPlaylist ? Priority::kBackground : own;
}

bool is_held_by_design(std::string_view target) {
  const size_t query = target.find('?');
  return query != std::string_view::npos && target.find("_HLS_msn=", query) != std::string_view::npos;
}

}  // namespace levee
