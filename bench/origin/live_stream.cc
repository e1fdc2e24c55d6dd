#include "bench/origin/live_stream.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace levee::bench {
namespace {

std::string seconds(int64_t milliseconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(milliseconds) / 1000);
  return text.data();
}

std::string xml_date(int64_t unix_ms) {
  const std::time_t time = unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 40> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

// The parts of one segment that can be had already.
void add_parts(const LiveStream& stream, int64_t sequence, int64_t now_ms, std::string_view suffix, std::string& text) {
  for (int64_t part = 0; part < stream.parts() && stream.part_ready_ms(sequence, part) <= now_ms; ++part) {
    text.append("#EXT-X-PART:DURATION=").append(seconds(stream.part_ms)).append(",INDEPENDENT=YES,URI=\"");
    text.append(std::to_string(sequence)).append(".").append(std::to_string(part)).append(suffix).append("\"\n");
  }
}

}  // namespace

std::string LiveStream::playlist(int64_t now_ms, std::string_view map, std::string_view suffix) const {
  std::string text = "#EXTM3U\n#EXT-X-VERSION:" + std::string(part_ms > 0 ? "9" : "7");
  text += "\n#EXT-X-TARGETDURATION:" + std::to_string((segment_ms + 999) / 1000) +
          "\n#EXT-X-MEDIA-SEQUENCE:" + std::to_string(oldest(now_ms)) + "\n";
  text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  if (part_ms > 0) {
    text += "#EXT-X-PART-INF:PART-TARGET=" + seconds(part_ms) +
            "\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=" + seconds(3 * part_ms) + "\n";
  }
  if (!map.empty()) text.append("#EXT-X-MAP:URI=\"").append(map).append("\"\n");
  for (int64_t sequence = oldest(now_ms); sequence <= newest(now_ms); ++sequence) {
    // Only the newest segments are listed by their parts too, RFC 8216bis section 4.4.4.9.
    if (part_ms > 0 && sequence > newest(now_ms) - 2) add_parts(*this, sequence, now_ms, suffix, text);
    text += "#EXTINF:" + seconds(segment_ms) + ",\n" + std::to_string(sequence);
    text.append(suffix) += '\n';
  }
  const int64_t each = parts();
  if (each == 0) return text;
  add_parts(*this, newest(now_ms) + 1, now_ms, suffix, text);
  const int64_t hinted = newest_part(now_ms) + 1;
  text += "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"" + std::to_string(hinted / each) + "." + std::to_string(hinted % each);
  return text.append(suffix).append("\"\n");
}

// ISO/IEC 23009-1, numbers by the clock: the manifest itself never changes, but for the time that it tells.
std::string LiveStream::manifest(int64_t now_ms, const std::vector<Track>& tracks) const {
  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" "
      "type=\"dynamic\" availabilityStartTime=\"1970-01-01T00:00:00Z\" publishTime=\"" +
      xml_date(now_ms) + "\" minimumUpdatePeriod=\"PT" + seconds(segment_ms) + "S\" minBufferTime=\"PT" +
      seconds(segment_ms) + "S\" timeShiftBufferDepth=\"PT" + seconds(window * segment_ms) +
      "S\" suggestedPresentationDelay=\"PT" + seconds(3 * segment_ms) + "S\">\n <Period id=\"1\" start=\"PT0S\">\n";
  for (const Track& track : tracks) {
    text.append("  <AdaptationSet mimeType=\"").append(track.mime_type).append("\" segmentAlignment=\"true\" ");
    text.append("startWithSAP=\"1\">\n   <SegmentTemplate timescale=\"").append(std::to_string(track.timescale));
    text.append("\" presentationTimeOffset=\"").append(std::to_string(track.offset));
    text.append("\" duration=\"").append(std::to_string(track.timescale * segment_ms / 1000));
    text.append("\" startNumber=\"0\" initialization=\"$RepresentationID$/init.mp4\" ");
    text.append("media=\"$RepresentationID$/$Number$.m4s\"/>\n   <Representation id=\"").append(track.name);
    text.append("\" codecs=\"").append(track.codecs).append("\" bandwidth=\"");
    text.append(std::to_string(track.bandwidth)).append("\" ").append(track.more).append("/>\n  </AdaptationSet>\n");
  }
  text += " </Period>\n <UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" value=\"" + xml_date(now_ms) +
          "\"/>\n</MPD>\n";
  return text;
}

}  // namespace levee::bench
