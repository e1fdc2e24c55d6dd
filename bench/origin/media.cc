#include "bench/origin/media.h"

#include <fstream>
#include <iterator>
#include <string_view>

#include "bench/origin/boxes.h"

namespace levee::bench {
namespace {

constexpr int64_t kLoopSeconds = Media::kSegments * Media::kSegmentMs / 1000;

// ISO/IEC 14496-12: the timescale of each track.
std::map<uint32_t, uint32_t> read_timescales(std::string_view init) {
  std::map<uint32_t, uint32_t> scales;
  uint32_t track = 0;
  walk_boxes(init, 0, init.size(), [&](std::string_view type, size_t at) {
    const bool wide = init[at] == 1;  // version 1: 64-bit times before the field
    if (type == "tkhd") track = static_cast<uint32_t>(read_bytes(init, at + (wide ? 20 : 12), 4));
    if (type == "mdhd") scales[track] = static_cast<uint32_t>(read_bytes(init, at + (wide ? 20 : 12), 4));
  });
  return scales;
}

// The 33-bit time stamp of a PES header, ISO/IEC 13818-1 section 2.4.3.6.
void shift_pes_time(std::string& data, size_t at, uint64_t ticks) {
  const uint64_t raw = read_bytes(data, at, 5);
  const uint64_t time = ((raw >> 33 & 7) << 30 | (raw >> 17 & 0x7fff) << 15 | (raw >> 1 & 0x7fff)) + ticks;
  const uint64_t marks = raw & 0xf100010001U;
  write_bytes(data, at, 5, marks | (time >> 30 & 7) << 33 | (time >> 15 & 0x7fff) << 17 | (time & 0x7fff) << 1);
}

struct TsPacket {
  uint16_t pid;
  bool starts_pes, has_adaptation, has_payload;
  size_t payload;  // where it begins
};
constexpr size_t kTsPacket = 188;

TsPacket read_packet(std::string_view data, size_t at) {
  TsPacket packet{};
  packet.pid = static_cast<uint16_t>(read_bytes(data, at + 1, 2) & 0x1fff);
  packet.starts_pes = (data[at + 1] & 0x40) != 0;
  packet.has_adaptation = (data[at + 3] & 0x20) != 0;
  packet.has_payload = (data[at + 3] & 0x10) != 0;
  packet.payload = at + 4 + (packet.has_adaptation ? 1 + read_bytes(data, at + 4, 1) : 0);
  return packet;
}

void shift_packet(std::string& data, size_t at, uint64_t ticks, uint64_t counts) {
  const TsPacket packet = read_packet(data, at);
  data[at + 3] = static_cast<char>((data[at + 3] & 0xf0) | ((static_cast<uint64_t>(data[at + 3]) + counts) & 0x0f));
  const bool has_clock = packet.has_adaptation && read_bytes(data, at + 4, 1) >= 7 && (data[at + 5] & 0x10) != 0;
  if (has_clock) {  // 33 bits of 90 kHz, 6 reserved, 9 bits of 27 MHz
    const uint64_t raw = read_bytes(data, at + 6, 6);
    write_bytes(data, at + 6, 6, ((raw >> 15) + ticks) << 15 | (raw & 0x7fff));
  }
  const size_t pes = packet.payload;
  if (!packet.starts_pes || !packet.has_payload || pes + 19 > at + kTsPacket) return;
  if (read_bytes(data, pes, 3) != 1) return;  // a table, not a PES
  if ((data[pes + 7] & 0x80) != 0) shift_pes_time(data, pes + 9, ticks);
  if ((data[pes + 7] & 0x40) != 0) shift_pes_time(data, pes + 14, ticks);
}

bool read_file(const std::string& path, std::string& into) {
  std::ifstream file(path, std::ios::binary);
  into.assign(std::istreambuf_iterator<char>(file), {});
  return !into.empty();
}

}  // namespace

std::optional<Media> Media::load(const std::string& folder) {
  Media media;
  if (!read_file(folder + "/init.mp4", media.init_)) return std::nullopt;
  media.timescales_ = read_timescales(media.init_);
  for (size_t i = 0; i < kSegments; ++i) {
    const std::string name = folder + "/" + std::to_string(i);
    if (!read_file(name + ".m4s", media.fmp4_[i]) || !read_file(name + ".ts", media.ts_[i])) return std::nullopt;
    for (size_t at = 0; at + kTsPacket <= media.ts_[i].size(); at += kTsPacket) {
      const TsPacket packet = read_packet(media.ts_[i], at);
      if (packet.has_payload) ++media.ts_packets_[packet.pid];
    }
  }
  return media;
}

std::string Media::fmp4(int64_t sequence) const {
  std::string data = fmp4_[static_cast<size_t>(sequence % kSegments)];
  const auto seconds = static_cast<uint64_t>(sequence / kSegments * kLoopSeconds);
  uint32_t track = 0;
  walk_boxes(data, 0, data.size(), [&](std::string_view type, size_t at) {
    if (type == "mfhd") write_bytes(data, at + 4, 4, static_cast<uint64_t>(sequence));
    if (type == "tfhd") track = static_cast<uint32_t>(read_bytes(data, at + 4, 4));
    uint64_t scale = 0;
    if (type == "sidx") scale = read_bytes(data, at + 8, 4);
    if (type == "tfdt") scale = timescales_.at(track);
    if (scale == 0) return;
    const size_t time = type == "sidx" ? at + 12 : at + 4;  // both are of version 1: 64 bits
    write_bytes(data, time, 8, read_bytes(data, time, 8) + seconds * scale);
  });
  return data;
}

std::string Media::track_init(uint32_t track) const {
  return track_of_init(init_, track);
}

std::string Media::track(int64_t sequence, uint32_t track) const {
  return track_of_segment(fmp4(sequence), track);
}

int64_t Media::timescale(uint32_t track) const {
  const auto found = timescales_.find(track);
  return found == timescales_.end() ? 1 : static_cast<int64_t>(found->second);
}

int64_t Media::first_time(uint32_t track) const {
  int64_t time = 0;
  uint32_t current = 0;
  walk_boxes(fmp4_[0], 0, fmp4_[0].size(), [&](std::string_view type, size_t at) {
    if (type == "tfhd") current = static_cast<uint32_t>(read_bytes(fmp4_[0], at + 4, 4));
    if (type == "tfdt" && current == track) time = static_cast<int64_t>(read_bytes(fmp4_[0], at + 4, 8));
  });
  return time;
}

std::string Media::ts(int64_t sequence) const {
  std::string data = ts_[static_cast<size_t>(sequence % kSegments)];
  const auto loop = static_cast<uint64_t>(sequence / kSegments);
  for (size_t at = 0; at + kTsPacket <= data.size(); at += kTsPacket) {
    const auto counted = ts_packets_.find(read_packet(data, at).pid);
    shift_packet(data, at, loop * kLoopSeconds * 90000, counted == ts_packets_.end() ? 0 : loop * counted->second);
  }
  return data;
}

}  // namespace levee::bench
