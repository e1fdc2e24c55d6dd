#include "bench/live_stream.h"

#include <array>
#include <cstdio>

namespace levee::bench {

std::string LiveStream::playlist(int64_t now_ms, std::string_view map, std::string_view suffix) const {
  std::array<char, 32> seconds{};
  std::snprintf(seconds.data(), seconds.size(), "%.3f", static_cast<double>(segment_ms) / 1000);
  std::string text = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:" + std::to_string((segment_ms + 999) / 1000) +
                     "\n#EXT-X-MEDIA-SEQUENCE:" + std::to_string(oldest(now_ms)) + "\n";
  text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  if (!map.empty()) text.append("#EXT-X-MAP:URI=\"").append(map).append("\"\n");
  for (int64_t sequence = oldest(now_ms); sequence <= newest(now_ms); ++sequence) {
    text.append("#EXTINF:").append(seconds.data()).append(",\n").append(std::to_string(sequence)).append(suffix) +=
        '\n';
  }
  return text;
}

}  // namespace levee::bench
