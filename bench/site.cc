#include "bench/site.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <utility>

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

// "12.m4s" with ".m4s": 12.
std::optional<int64_t> sequence_of(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return std::nullopt;
  return to_number(name.substr(0, name.size() - suffix.size()));
}

Answer not_found() {
  return text_answer(404, "text/plain", "there is nothing here\n", kShort);
}

Answer playlist_answer(const Request& request, const LiveStream& stream, int64_t now_ms, std::string_view map,
                       std::string_view suffix) {
  Answer answer =
      text_answer(200, kPlaylist, stream.playlist(now_ms, map, suffix), request.argument("cc").value_or(kShort));
  answer.fields += "Last-Modified: " + http_date(now_ms / stream.segment_ms * stream.segment_ms) + "\r\n";
  apply_conditions(request, "\"p" + std::to_string(stream.newest(now_ms)) + "\"", answer);
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
  const auto fmp4 = sequence_of(name, ".m4s");
  const auto sequence = fmp4 ? fmp4 : sequence_of(name, ".ts");
  if (!sequence || !stream.exists(*sequence, now_ms)) return not_found();
  Answer answer =
      text_answer(200, fmp4 ? "video/mp4" : "video/mp2t", fmp4 ? media_->fmp4(*sequence) : media_->ts(*sequence),
                  request.argument("cc").value_or(kLong));
  pace_segment(request, stream, *sequence, answer);
  return answer;
}

Answer Site::simulated(const Request& request, std::string_view rest, bool at_once, int64_t now_ms) const {
  const size_t cross = std::min(rest.find('x'), rest.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  if (cross >= slash || slash == rest.size()) return not_found();
  const auto bytes = to_number(rest.substr(0, cross));
  const auto milliseconds = to_number(rest.substr(cross + 1, slash - cross - 1));
  const std::string_view name = rest.substr(slash + 1);
  if (!bytes || !milliseconds || *milliseconds == 0) return not_found();
  const LiveStream stream{.segment_ms = *milliseconds, .at_once = at_once, .produce_ms = *milliseconds * 95 / 100};
  if (name == "index.m3u8") return playlist_answer(request, stream, now_ms, "", ".bin");
  const auto sequence = sequence_of(name, ".bin");
  if (!sequence || !stream.exists(*sequence, now_ms)) return not_found();
  Answer answer = text_answer(200, "application/octet-stream", "", request.argument("cc").value_or(kLong));
  answer.body = Pattern(request.path);
  answer.length = static_cast<uint64_t>(*bytes);
  pace_segment(request, stream, *sequence, answer);
  return answer;
}

Answer Site::object(const Request& request, std::string_view rest) const {
  const auto size = to_number(rest.substr(0, rest.find('/')));
  if (!size) return not_found();
  Answer answer = text_answer(200, "application/octet-stream", "", request.argument("cc").value_or(kLong));
  answer.body = Pattern(request.path);
  answer.length = static_cast<uint64_t>(*size);
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
