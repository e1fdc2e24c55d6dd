// Eight recorded segments as an endless stream: the same frames, with timestamps that go on.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace levee::bench {

class Media {
 public:
  static constexpr int64_t kSegmentMs = 2000;
  static constexpr int64_t kSegments = 8;

  // The segments in `folder`; nothing when one is missing.
  static std::optional<Media> load(const std::string& folder);

  const std::string& init() const { return init_; }
  // Segment `sequence` of the endless stream.
  std::string fmp4(int64_t sequence) const;
  std::string ts(int64_t sequence) const;

  // The same as two streams of one track each, for DASH.
  static constexpr uint32_t kVideo = 1, kAudio = 2;
  std::string track_init(uint32_t track) const;
  std::string track(int64_t sequence, uint32_t track) const;
  int64_t timescale(uint32_t track) const;
  // The decode time of segment 0.
  int64_t first_time(uint32_t track) const;

 private:
  std::string init_;
  std::array<std::string, kSegments> fmp4_;
  std::array<std::string, kSegments> ts_;
  std::map<uint32_t, uint32_t> timescales_;  // by track
  std::map<uint16_t, uint64_t> ts_packets_;  // in one loop, by PID: where the continuity counters stand after it
};

}  // namespace levee::bench
