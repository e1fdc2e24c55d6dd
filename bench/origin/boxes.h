// ISO/IEC 14496-12 boxes, as far as the bundled media needs them. Pure; trusts its input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace levee::bench {

// Big-endian numbers.
uint64_t read_bytes(std::string_view from, size_t at, size_t size);
void write_bytes(std::string& to, size_t at, size_t size, uint64_t value);

// Calls `visit(type, start of the payload)` for the boxes from `begin` to `end`, and those inside of containers.
using Visit = std::function<void(std::string_view type, size_t payload)>;
void walk_boxes(std::string_view data, size_t begin, size_t end, const Visit& visit);

// An initialization segment with only this track.
std::string track_of_init(std::string_view init, uint32_t track);
// A media segment with only this track.
std::string track_of_segment(std::string_view segment, uint32_t track);

}  // namespace levee::bench
