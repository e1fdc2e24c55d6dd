#include "bench/origin/site.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

namespace levee::bench {
namespace {

constexpr std::string_view kShort = "max-age=1";  // half a segment
constexpr std::string_view kLong = "max-age=3600";
constexpr std::string_view kPlaylist = "application/vnd.apple.mpegurl";

std::optional<int64_t> to_number(std::string_view word) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc() || end != word.data() + word.size() || value < 0) return std::nullopt;
  return value;
}

// What of the arguments that every path takes is not to be had.
std::optional<std::string_view> wrong_argument(const Request& request) {
  struct Range {
    std::string_view name;
    int64_t least, most;
  };
  for (const Range& range : std::to_array<Range>(
           {{"ttfb", 0, kLongestMs}, {"rate", 0, kMostBytes}, {"status", 200, 999}, {"chunked", 0, 1}})) {
    const auto value = request.number(range.name);
    if (request.argument(range.name) && (!value || *value < range.least || *value > range.most)) return range.name;
  }
  return std::nullopt;
}

// "12.m4s" with ".m4s": 12.
std::optional<int64_t> sequence_of(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return std::nullopt;
  return to_number(name.substr(0, name.size() - suffix.size()));
}

Answer not_found() {
  return text_answer(404, "text/plain", "there is nothing here\n", kShort);
}

// A request that asks for what is not there yet is answered when it is (RFC 8216bis section 6.2.5.2).
struct Hold {
  int64_t until_ms = 0;   // 0: it asks for nothing
  bool is_wrong = false;  // for too much, or for a part of nothing
};
Hold hold_for(const Request& request, const LiveStream& stream, int64_t now_ms) {
  const auto sequence = request.number("_HLS_msn");
  const auto part = request.number("_HLS_part");
  if (stream.parts() == 0) return {};
  if (!sequence) return {.is_wrong = part.has_value()};
  const int64_t wanted = *sequence * stream.parts() + part.value_or(stream.parts() - 1);
  const bool is_far =
      *sequence > stream.newest(now_ms) + 2 || (part && wanted > stream.newest_part(now_ms) + stream.advance_parts());
  return {.until_ms = (wanted + 1) * stream.part_ms, .is_wrong = is_far};
}

Answer playlist_answer(const Request& request, const LiveStream& stream, int64_t now_ms, std::string_view map,
                       std::string_view suffix) {
  const Hold hold = hold_for(request, stream, now_ms);
  if (hold.is_wrong) return text_answer(400, "text/plain", "not for long\n", "no-store");
  now_ms = std::max(now_ms, hold.until_ms);
  Answer answer =
      text_answer(200, kPlaylist, stream.playlist(now_ms, map, suffix), request.argument("cc").value_or(kShort));
  answer.fields += "Last-Modified: " + http_date(now_ms / stream.segment_ms * stream.segment_ms) + "\r\n";
  const int64_t version = stream.part_ms > 0 ? stream.newest_part(now_ms) : stream.newest(now_ms);
  apply_conditions(request, "\"p" + std::to_string(version) + "\"", answer);
  answer.pace.begins_ms = answer.pace.ends_ms = hold.until_ms;
  return answer;
}

// Makes `answer`, a segment's body, one that can be had when the stream has it.
void pace_segment(const Request& request, const LiveStream& stream, int64_t sequence, Answer& answer) {
  answer.fields += "Last-Modified: " + http_date(stream.begins_ms(sequence)) + "\r\n";
  answer.chunked = stream.at_once;
  if (stream.at_once) {
    answer.pace.begins_ms = stream.begins_ms(sequence);
    answer.pace.ends_ms = stream.ends_ms(sequence);
  }
  apply_conditions(request, "\"s" + std::to_string(sequence) + "\"", answer);
}

// "5000,9000x2000x500/c7/index.m3u8": bytes of the renditions, times of a segment and a part, and the name at the end.
struct Shape {
  std::vector<int64_t> bytes;
  int64_t segment_ms = 0;
  int64_t part_ms = 0;
  std::string_view folder;  // "c7/"
  std::string_view name;
};
std::optional<Shape> parse_shape(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::string_view spec = text.substr(0, slash);
  const std::string_view rest = text.substr(slash + 1);
  const size_t name = rest.rfind('/') == std::string_view::npos ? 0 : rest.rfind('/') + 1;
  Shape shape{.bytes = {}, .folder = rest.substr(0, name), .name = rest.substr(name)};
  const auto take = [&spec](char until) {
    const size_t end = std::min(spec.find(until), spec.size());
    const std::string_view word = spec.substr(0, end);
    spec.remove_prefix(std::min(end + 1, spec.size()));
    return word;
  };
  for (std::string_view sizes = take('x'); !sizes.empty();) {
    const size_t comma = std::min(sizes.find(','), sizes.size());
    const auto bytes = to_number(sizes.substr(0, comma));
    if (!bytes) return std::nullopt;
    shape.bytes.push_back(*bytes);
    sizes.remove_prefix(std::min(comma + 1, sizes.size()));
  }
  const auto segment = to_number(take('x'));
  const auto part = spec.empty() ? std::optional<int64_t>(0) : to_number(spec);
  if (shape.bytes.empty() || !segment || *segment == 0 || !part || *part > *segment) return std::nullopt;
  shape.segment_ms = *segment;
  shape.part_ms = *part;
  return shape;
}

// "12.3.bin": part 3 of segment 12.
struct PartName {
  int64_t sequence, part;
};
std::optional<PartName> part_of(std::string_view name, std::string_view suffix) {
  const auto sequence = to_number(name.substr(0, name.find('.')));
  if (!sequence) return std::nullopt;
  const auto part = sequence_of(name.substr(name.find('.') + 1), suffix);
  return part ? std::optional(PartName{*sequence, *part}) : std::nullopt;
}

// A body that both ends know.
Answer pattern_answer(const Request& request, int64_t bytes) {
  Answer answer = text_answer(200, "application/octet-stream", "", request.argument("cc").value_or(kLong));
  answer.body = Pattern(request.path);
  answer.length = static_cast<uint64_t>(bytes);
  return answer;
}

// A multivariant playlist, which never changes.
Answer ladder_answer(std::string_view rest, std::string_view streams) {
  const auto shape = parse_shape(rest);
  if (!shape || shape->name != "index.m3u8") return not_found();
  const std::string_view spec = rest.substr(0, rest.find('/'));
  const std::string times(spec.substr(spec.find('x')));
  std::string text = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n";
  for (const int64_t bytes : shape->bytes) {
    text += "#EXT-X-STREAM-INF:BANDWIDTH=" + std::to_string(bytes * 8000 / shape->segment_ms) + "\n";
    text.append(streams).append(std::to_string(bytes)).append(times).append("/").append(shape->folder);
    text += "index.m3u8\n";
  }
  return text_answer(200, kPlaylist, std::move(text), kLong);
}

constexpr std::string_view kPageHead = R"(<!doctype html><meta charset="utf-8"><title>Live through Levee</title>
<style>body{font:16px system-ui;margin:2em auto;max-width:50em}video{width:100%;background:#000}</style>
<h1>Live through Levee</h1><video id="v" controls muted autoplay playsinline src="/live/index.m3u8"></video>
<p><a href="/live/index.m3u8">Playlist</a> for any player; <a href="/levee/status">status</a>.</p>
)";
constexpr std::string_view kPageScript = R"(<script src="/player/hls.min.js"></script><script>
const video = document.getElementById("v");
if (Hls.isSupported()) { const hls = new Hls(); hls.loadSource("/live/index.m3u8"); hls.attachMedia(video); }
</script>
)";

}  // namespace

Site::Site(SiteOptions options) : options_(std::move(options)), media_(Media::load(options_.media)) {}

Answer Site::answer(const Request& request, int64_t now_ms) const {
  if (const auto wrong = wrong_argument(request)) {
    return text_answer(400, "text/plain", "invalid " + std::string(*wrong) + "\n", "no-store");
  }
  Answer answer = request.method == "GET" || request.method == "HEAD"
                      ? route(request, now_ms)
                      : text_answer(405, "text/plain", "only GET and HEAD\n", "no-store");
  answer.fields += "Access-Control-Allow-Origin: *\r\n";
  if (const auto status = request.number("status")) answer.status = static_cast<int>(*status);
  if (request.number("chunked").value_or(0) > 0 && answer.status == 200) answer.chunked = true;
  answer.pace.ttfb_ms = request.number("ttfb").value_or(options_.ttfb_ms);
  answer.pace.rate = static_cast<uint64_t>(request.number("rate").value_or(static_cast<int64_t>(options_.rate)));
  return answer;
}

Answer Site::route(const Request& request, int64_t now_ms) const {
  const std::string_view path = request.path;
  const auto below = [path](std::string_view prefix) {
    return path.starts_with(prefix) ? std::optional(path.substr(prefix.size())) : std::nullopt;
  };
  if (const auto name = below("/live/")) return recorded(request, *name, false, now_ms);
  if (const auto name = below("/live-chunked/")) return recorded(request, *name, true, now_ms);
  if (const auto rest = below("/sim/")) return simulated(request, *rest, false, now_ms);
  if (const auto rest = below("/sim-chunked/")) return simulated(request, *rest, true, now_ms);
  if (const auto rest = below("/ladder/")) return ladder_answer(*rest, "/sim/");
  if (const auto rest = below("/ladder-chunked/")) return ladder_answer(*rest, "/sim-chunked/");
  if (const auto rest = below("/object/")) return object(request, *rest);
  if (path == "/") return page("");
  if (const auto name = below("/player/")) return page(*name);
  return not_found();
}

Answer Site::recorded(const Request& request, std::string_view name, bool at_once, int64_t now_ms) const {
  if (!media_) return not_found();
  const LiveStream stream{.segment_ms = Media::kSegmentMs, .at_once = at_once};
  if (name == "index.m3u8") return playlist_answer(request, stream, now_ms, "init.mp4", ".m4s");
  if (name == "ts.m3u8") return playlist_answer(request, stream, now_ms, "", ".ts");
  if (name == "init.mp4") {
    Answer answer = text_answer(200, "video/mp4", media_->init(), kLong);
    apply_conditions(request, "\"init\"", answer);
    return answer;
  }
  if (name == "index.mpd") return manifest(request, stream, now_ms);
  if (name.starts_with("video/")) return track(request, stream, Media::kVideo, name.substr(6), now_ms);
  if (name.starts_with("audio/")) return track(request, stream, Media::kAudio, name.substr(6), now_ms);
  const auto fmp4 = sequence_of(name, ".m4s");
  const auto sequence = fmp4 ? fmp4 : sequence_of(name, ".ts");
  if (!sequence || !stream.exists(*sequence, now_ms)) return not_found();
  Answer answer =
      text_answer(200, fmp4 ? "video/mp4" : "video/mp2t", fmp4 ? media_->fmp4(*sequence) : media_->ts(*sequence),
                  request.argument("cc").value_or(kLong));
  pace_segment(request, stream, *sequence, answer);
  return answer;
}

Answer Site::manifest(const Request& request, const LiveStream& stream, int64_t now_ms) const {
  const LiveStream::Track video{.name = "video",
                                .mime_type = "video/mp4",
                                .codecs = "avc1.4d4015",
                                .more = "width=\"480\" height=\"270\" frameRate=\"25\"",
                                .timescale = media_->timescale(Media::kVideo),
                                .offset = media_->first_time(Media::kVideo),
                                .bandwidth = 200'000};
  const LiveStream::Track audio{.name = "audio",
                                .mime_type = "audio/mp4",
                                .codecs = "mp4a.40.2",
                                .more = "audioSamplingRate=\"48000\"",
                                .timescale = media_->timescale(Media::kAudio),
                                .offset = media_->first_time(Media::kAudio),
                                .bandwidth = 40'000};
  Answer answer = text_answer(200, "application/dash+xml", stream.manifest(now_ms, {video, audio}),
                              request.argument("cc").value_or(kShort));
  apply_conditions(request, "\"m" + std::to_string(now_ms / 1000) + "\"", answer);
  return answer;
}

Answer Site::track(const Request& request, const LiveStream& stream, uint32_t track, std::string_view name,
                   int64_t now_ms) const {
  const std::string_view type = track == Media::kVideo ? "video/mp4" : "audio/mp4";
  if (name == "init.mp4") {
    Answer answer = text_answer(200, type, media_->track_init(track), kLong);
    apply_conditions(request, "\"init\"", answer);
    return answer;
  }
  const auto sequence = sequence_of(name, ".m4s");
  if (!sequence || !stream.exists(*sequence, now_ms)) return not_found();
  Answer answer = text_answer(200, type, media_->track(*sequence, track), request.argument("cc").value_or(kLong));
  pace_segment(request, stream, *sequence, answer);
  return answer;
}

Answer Site::simulated(const Request& request, std::string_view rest, bool at_once, int64_t now_ms) const {
  const auto shape = parse_shape(rest);
  if (!shape || shape->bytes.size() != 1) return not_found();
  const LiveStream stream{.segment_ms = shape->segment_ms,
                          .at_once = at_once,
                          .produce_ms = shape->segment_ms * 95 / 100,
                          .part_ms = shape->part_ms};
  if (shape->name == "index.m3u8") return playlist_answer(request, stream, now_ms, "", ".bin");
  if (const auto part = part_of(shape->name, ".bin"); part && stream.parts() > 0) {
    // The hinted part is held until it is whole, section 6.2.6.
    const bool is_there = part->part < stream.parts() && part->sequence > stream.newest(now_ms) - 3 * stream.window &&
                          part->sequence * stream.parts() + part->part <= stream.newest_part(now_ms) + 1;
    if (!is_there) return not_found();
    Answer answer = pattern_answer(request, shape->bytes[0] / stream.parts());
    answer.pace.begins_ms = answer.pace.ends_ms = stream.part_ready_ms(part->sequence, part->part);
    const std::string name = std::to_string(part->sequence) + "." + std::to_string(part->part);
    apply_conditions(request, "\"" + name + "\"", answer);
    return answer;
  }
  const auto sequence = sequence_of(shape->name, ".bin");
  if (!sequence || !stream.exists(*sequence, now_ms)) return not_found();
  Answer answer = pattern_answer(request, shape->bytes[0]);
  pace_segment(request, stream, *sequence, answer);
  return answer;
}

Answer Site::object(const Request& request, std::string_view rest) const {
  const auto size = to_number(rest.substr(0, rest.find('/')));
  if (!size) return not_found();
  Answer answer = pattern_answer(request, *size);
  answer.chunked = request.number("chunked").value_or(0) > 0;
  answer.fields += "Last-Modified: Sun, 01 Nov 2026 00:00:00 GMT\r\n";
  apply_conditions(request, "\"o" + std::to_string(*size) + "\"", answer);
  return answer;
}

Answer Site::page(std::string_view name) const {
  const std::string script = options_.player + "/hls.min.js";
  std::ifstream file(script, std::ios::binary);
  const bool has_player = !options_.player.empty() && file.good();
  if (name.empty()) {
    return text_answer(200, "text/html", std::string(kPageHead) + std::string(has_player ? kPageScript : ""),
                       "max-age=10");
  }
  if (name != "hls.min.js" || !has_player) return not_found();
  return text_answer(200, "text/javascript", {std::istreambuf_iterator<char>(file), {}}, kLong);
}

}  // namespace levee::bench
