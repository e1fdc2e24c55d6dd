// Range requests (RFC 9110 section 14): parse, resolve against a length, Content-Range, multipart/byteranges. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "proxy/http/writer.h"

namespace levee {

// Bytes first to last, both included.
struct ByteRange {
  uint64_t first = 0;
  uint64_t last = 0;
  uint64_t size() const { return last - first + 1; }
  bool operator==(const ByteRange&) const = default;
};

// A Range field as asked, before the length is known.
struct RangeSpec {
  static constexpr uint64_t kOpen = UINT64_MAX;
  bool suffix = false;  // the last `last` bytes
  uint64_t first = 0;
  uint64_t last = kOpen;  // kOpen: to the end
  bool operator==(const RangeSpec&) const = default;
};
inline constexpr size_t kMaxRanges = 16;
struct RangeSet {
  std::array<RangeSpec, kMaxRanges> specs;
  size_t count = 0;
  std::span<const RangeSpec> all() const { return {specs.data(), count}; }
};
// Nothing: no bytes range, malformed, or more than kMaxRanges: the field is ignored and the whole is sent.
std::optional<RangeSet> parse_range(std::string_view value);

struct ResolvedRanges {
  enum class Kind : uint8_t {
    kWhole,          // ignore the field: overlapping or many small ranges that together ask for more than there is
    kParts,          // 206 with these, in the order asked; one: not multipart
    kUnsatisfiable,  // 416
  } kind = Kind::kWhole;
  std::array<ByteRange, kMaxRanges> ranges;
  size_t count = 0;
  std::span<const ByteRange> parts() const { return {ranges.data(), count}; }
};
// Against a known length. Overlapping and touching ranges are merged (RFC 9110 section 15.3.7.2).
ResolvedRanges resolve(const RangeSet& set, uint64_t length);
// While the length is not known: the range, if the set is a single one that can be cut from what will come: its last
// byte may turn out beyond the end. Nothing: wait for the length.
std::optional<RangeSpec> single_without_length(const RangeSet& set);

struct ContentRange {
  std::optional<ByteRange> range;  // nothing: unsatisfied, "bytes */length"
  std::optional<uint64_t> length;  // nothing: "*"
  bool operator==(const ContentRange&) const = default;
};
std::optional<ContentRange> parse_content_range(std::string_view value);
// "Content-Range: bytes 0-4/10\r\n".
void write_content_range(HeadWriter& out, const ContentRange& range);

// multipart/byteranges: the head of one part, "\r\n--BOUNDARY\r\nContent-Type: ...\r\nContent-Range: ...\r\n\r\n"
// (without the first CRLF for the first part), and the end "\r\n--BOUNDARY--\r\n".
void write_part_head(HeadWriter& out, std::string_view boundary, std::string_view content_type, ByteRange range,
                     uint64_t length, bool first);
void write_parts_end(HeadWriter& out, std::string_view boundary);
// Bytes of the whole multipart body.
uint64_t multipart_size(std::span<const ByteRange> parts, uint64_t length, std::string_view boundary,
                        std::string_view content_type);

}  // namespace levee
