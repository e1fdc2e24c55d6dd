#include "bench/origin/boxes.h"

namespace levee::bench {
namespace {

constexpr size_t kHead = 8;  // of a box: its size and its type

// Calls `each(type, whole box)` for the boxes of one level.
void each_box(std::string_view data, const std::function<void(std::string_view type, std::string_view box)>& each) {
  while (data.size() >= kHead) {
    const size_t size = read_bytes(data, 0, 4);
    if (size < kHead || size > data.size()) return;
    each(data.substr(4, 4), data.substr(0, size));
    data.remove_prefix(size);
  }
}

std::string make_box(std::string_view type, std::string_view payload) {
  std::string box(4, '\0');
  write_bytes(box, 0, 4, payload.size() + kHead);
  return box.append(type).append(payload);
}

// The number of the track that a trak or traf box is of; 0: none.
uint32_t track_of(std::string_view box) {
  uint32_t track = 0;
  walk_boxes(box, 0, box.size(), [&](std::string_view type, size_t at) {
    if (type == "tkhd") track = static_cast<uint32_t>(read_bytes(box, at + (box[at] == 1 ? 20 : 12), 4));
    if (type == "tfhd") track = static_cast<uint32_t>(read_bytes(box, at + 4, 4));
  });
  return track;
}

// A trun box with the offset of its first byte, and how many bytes its samples have.
struct Run {
  size_t offset_at = 0;  // where the offset stands in the traf box
  size_t offset = 0;
  size_t bytes = 0;
};
Run read_run(std::string_view traf) {
  Run run;
  walk_boxes(traf, 0, traf.size(), [&](std::string_view type, size_t at) {
    if (type != "trun") return;
    const uint64_t flags = read_bytes(traf, at + 1, 3);
    const size_t samples = read_bytes(traf, at + 4, 4);
    run.offset_at = at + 8;
    run.offset = read_bytes(traf, at + 8, 4);
    size_t place = at + 12 + ((flags & 0x4) != 0 ? 4 : 0);
    for (size_t i = 0; i < samples; ++i) {
      if ((flags & 0x100) != 0) place += 4;
      run.bytes += read_bytes(traf, place, 4);
      place += 4 + ((flags & 0x400) != 0 ? 4 : 0) + ((flags & 0x800) != 0 ? 4 : 0);
    }
  });
  return run;
}

}  // namespace

uint64_t read_bytes(std::string_view from, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(from[at + i]);
  return value;
}

void write_bytes(std::string& to, size_t at, size_t size, uint64_t value) {
  for (size_t i = size; i-- > 0; value >>= 8) to[at + i] = static_cast<char>(value & 0xff);
}

void walk_boxes(std::string_view data, size_t begin, size_t end, const Visit& visit) {
  while (begin + kHead <= end) {
    const size_t size = read_bytes(data, begin, 4);
    const std::string_view type = data.substr(begin + 4, 4);
    if (size < kHead || size > end - begin) return;
    visit(type, begin + kHead);
    for (const std::string_view container : {"moov", "trak", "mdia", "moof", "traf"}) {
      if (type == container) walk_boxes(data, begin + kHead, begin + size, visit);
    }
    begin += size;
  }
}

std::string track_of_init(std::string_view init, uint32_t track) {
  std::string made;
  each_box(init, [&](std::string_view type, std::string_view box) {
    if (type != "moov") {
      made += box;
      return;
    }
    std::string moov;
    each_box(box.substr(kHead), [&](std::string_view inner, std::string_view part) {
      if (inner == "trak" && track_of(part) != track) return;
      if (inner != "mvex") {
        moov += part;
        return;
      }
      std::string defaults;
      each_box(part.substr(kHead), [&](std::string_view of, std::string_view trex) {
        if (of != "trex" || read_bytes(trex, kHead + 4, 4) == track) defaults += trex;
      });
      moov += make_box("mvex", defaults);
    });
    made += make_box("moov", moov);
  });
  return made;
}

std::string track_of_segment(std::string_view segment, uint32_t track) {
  std::string made;
  each_box(segment, [&](std::string_view type, std::string_view box) {
    if (type == "styp") made += box;
    if (type != "moof") return;  // an index would be wrong, and the data goes with its moof
    std::string inside, traf;
    each_box(box.substr(kHead), [&](std::string_view inner, std::string_view part) {
      if (inner == "mfhd") inside += part;
      if (inner == "traf" && track_of(part) == track) traf = part;
    });
    const Run run = read_run(traf);
    write_bytes(traf, run.offset_at, 4, kHead + inside.size() + traf.size() + kHead);
    const auto from = static_cast<size_t>(box.data() - segment.data()) + run.offset;
    made += make_box("moof", inside + traf);
    made += make_box("mdat", segment.substr(from, run.bytes));
  });
  return made;
}

}  // namespace levee::bench
