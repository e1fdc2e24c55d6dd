#include "proxy/origin/priority.h"

#include <algorithm>
#include <array>

#include "cache/fields.h"

namespace levee {
namespace {

constexpr std::array<std::string_view, 3> kPlaylists{"m3u8", "mpd", "f4m"};
constexpr std::array<std::string_view, 15> kSegments{"ts",   "m4s",  "mp4",  "m4a",  "m4v", "m4f",  "aac", "ac3",
                                                     "cmfv", "cmfa", "cmft", "webm", "vtt", "init", "key"};

// Behind the last point of the last part of a path.
std::string_view extension_of(std::string_view path) {
  const size_t dot = path.find_last_of("./");
  return dot == std::string_view::npos || path[dot] == '/' ? std::string_view() : path.substr(dot + 1);
}

template <size_t N>
bool has(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::ranges::any_of(list, [&](std::string_view one) { return same_name(one, word); });
}

bool begins(std::string_view text, std::string_view with) {
  return same_name(text.substr(0, with.size()), with);
}
bool ends(std::string_view text, std::string_view with) {
  return text.size() >= with.size() && same_name(text.substr(text.size() - with.size()), with);
}

// "fragments(" of Smooth Streaming.
bool names_fragment(std::string_view path) {
  constexpr std::string_view kName = "/fragments(";
  const size_t open = path.rfind('(');
  return open != std::string_view::npos && ends(path.substr(0, open + 1), kName);
}

// What the type says; of most types nothing.
Priority by_type(std::string_view type) {
  const std::string_view text = type.substr(0, type.find(';'));
  if (ends(text, "mpegurl") || same_name(text, "application/dash+xml") ||
      same_name(text, "application/vnd.ms-sstr+xml")) {
    return Priority::kPlaylist;
  }
  const bool is_media = begins(text, "video/") || begins(text, "audio/") || same_name(text, "text/vtt");
  return is_media ? Priority::kLive : Priority::kAuto;
}

Priority by_path(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view extension = extension_of(path);
  if (has(kPlaylists, extension) || ends(path, ".ism/manifest")) return Priority::kPlaylist;
  if (has(kSegments, extension) || names_fragment(path)) return Priority::kLive;
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
