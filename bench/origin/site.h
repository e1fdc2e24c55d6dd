// What the bundled origin serves, as answers. Pure but for reading its media once.
//
//   /live/index.m3u8, init.mp4, N.m4s            the looped media as fMP4;  /live/ts.m3u8, N.ts  as TS
//   /live/index.mpd, video/..., audio/...        the same for DASH, a track each
//   /live-chunked/...                            the same, each segment delivered while it is being produced
//   /sim/BYTESxMS/index.m3u8, N.bin              a stream without pictures, of any bit rate; /sim-chunked/... likewise
//   /sim/BYTESxMSxPARTMS/index.m3u8, N.P.bin     the same with parts (LL-HLS); _HLS_msn and _HLS_part hold the answer
//   /ladder/BYTES,BYTES,...xMS/index.m3u8        a multivariant playlist of such streams; /ladder-chunked/... likewise
//                                                a folder before the name makes another stream: /sim/BYTESxMS/c7/...
//   /object/SIZE/NAME                            a body of that size that both ends know (bench/pattern.h)
//   /                                            a page with a player; /player/... what it loads
//
// Every path takes ?ttfb=MS, ?rate=BYTES/S, ?status=N, ?cc=CACHE-CONTROL and ?chunked=1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bench/origin/answer.h"
#include "bench/origin/live_stream.h"
#include "bench/origin/media.h"

namespace levee::bench {

struct SiteOptions {
  std::string media = "bench/media";  // the folder with the looped segments
  std::string player = {};            // the folder with the page's script; empty: a plain video element
  int64_t ttfb_ms = 0;
  uint64_t rate = 0;
};

class Site {
 public:
  explicit Site(SiteOptions options);
  bool has_media() const { return media_.has_value(); }

  Answer answer(const Request& request, int64_t now_ms) const;

 private:
  Answer route(const Request& request, int64_t now_ms) const;
  Answer recorded(const Request& request, std::string_view name, bool at_once, int64_t now_ms) const;
  Answer manifest(const Request& request, const LiveStream& stream, int64_t now_ms) const;
  Answer track(const Request& request, const LiveStream& stream, uint32_t track, std::string_view name,
               int64_t now_ms) const;
  Answer simulated(const Request& request, std::string_view rest, bool at_once, int64_t now_ms) const;
  Answer object(const Request& request, std::string_view rest) const;
  Answer page(std::string_view name) const;

  const SiteOptions options_;
  const std::optional<Media> media_;
};

}  // namespace levee::bench
