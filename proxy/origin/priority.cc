#include "proxy/origin/priority.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace levee {
namespace {

constexpr std::array<std::string_view, 3> kPlaylists{"m3u8", "mpd", "f4m"};
constexpr std::array<std::string_view, 14> kSegments{"ts",  "m4s",  "mp4",  "m4a",  "m4v",  "m4f", "aac",
                                                     "ac3", "cmfv", "cmfa", "cmft", "webm", "vtt", "init"};

std::string extension_of(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const size_t dot = path.rfind('.');
  if (dot == std::string_view::npos || path.find('/', dot) != std::string_view::npos) return {};
  std::string extension(path.substr(dot + 1));
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

template <size_t N>
bool has(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

Priority priority_of(Priority configured, std::string_view target, bool background) {
  if (background) return Priority::kBackground;
  if (configured != Priority::kAuto) return configured;
  const std::string extension = extension_of(target);
  if (has(kPlaylists, extension)) return Priority::kPlaylist;
  return has(kSegments, extension) ? Priority::kLive : Priority::kOther;
}

}  // namespace levee
