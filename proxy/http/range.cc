#include "proxy/http/range.h"

#include <algorithm>

#include "proxy/http/field_section.h"

namespace levee {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// 1*DIGIT; what does not fit saturates below kOpen: a position beyond every length.
std::optional<uint64_t> parse_position(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  while (text.size() > 1 && text.front() == '0') text.remove_prefix(1);
  return parse_decimal(text).value_or(INT64_MAX);
}

std::optional<RangeSpec> parse_spec(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view last_text = text.substr(dash + 1);
  RangeSpec spec;
  if (dash == 0) {
    const auto size = parse_position(last_text);
    if (!size) return std::nullopt;
    spec.suffix = true;
    spec.last = *size;
    return spec;
  }
  const auto first = parse_position(text.substr(0, dash));
  if (!first) return std::nullopt;
  spec.first = *first;
  if (!last_text.empty()) {
    const auto last = parse_position(last_text);
    if (!last || *last < *first) return std::nullopt;
    spec.last = *last;
  }
  return spec;
}

// Nothing: it lies beyond the end.
std::optional<ByteRange> resolve_one(const RangeSpec& spec, uint64_t length) {
  if (length == 0) return std::nullopt;
  if (spec.suffix) {
    if (spec.last == 0) return std::nullopt;
    return ByteRange{length - std::min(spec.last, length), length - 1};
  }
  if (spec.first >= length) return std::nullopt;
  return ByteRange{spec.first, std::min(spec.last, length - 1)};
}

size_t decimal_size(uint64_t value) {
  size_t digits = 1;
  for (; value >= 10; value /= 10) ++digits;
  return digits;
}

constexpr std::string_view kType = "\r\nContent-Type: ";
constexpr std::string_view kRange = "\r\nContent-Range: bytes ";

}  // namespace

// ranges-specifier (RFC 9110 section 14.1.1): "bytes=" and a list.
std::optional<RangeSet> parse_range(std::string_view value) {
  constexpr std::string_view kUnit = "bytes";
  if (value.size() <= kUnit.size() || !same_name(value.substr(0, kUnit.size()), kUnit) || value[kUnit.size()] != '=') {
    return std::nullopt;
  }
  RangeSet set;
  ListReader list(value.substr(kUnit.size() + 1));
  while (const auto member = list.next()) {
    const auto spec = parse_spec(*member);
    if (!spec || set.count == kMaxRanges) return std::nullopt;
    set.specs[set.count++] = *spec;
  }
  return set.count > 0 ? std::optional(set) : std::nullopt;
}

ResolvedRanges resolve(const RangeSet& set, uint64_t length) {
  ResolvedRanges resolved;
  resolved.kind = ResolvedRanges::Kind::kParts;
  for (const RangeSpec& spec : set.all()) {
    const auto range = resolve_one(spec, length);
    if (!range) continue;
    // Merges with those it overlaps or touches; the merged one keeps the place of the first of them.
    ByteRange merged = *range;
    size_t place = resolved.count, kept = 0;
    for (size_t i = 0; i < resolved.count; ++i) {
      const ByteRange& other = resolved.ranges[i];
      const bool apart = merged.last + 1 < other.first || other.last + 1 < merged.first;
      if (!apart) {
        merged = {std::min(merged.first, other.first), std::max(merged.last, other.last)};
        if (place == resolved.count) {
          place = kept;
          ++kept;
        }
        continue;
      }
      resolved.ranges[kept++] = other;
    }
    if (place == resolved.count) {
      resolved.ranges[kept++] = merged;
    } else {
      resolved.ranges[place] = merged;
    }
    resolved.count = kept;
  }
  if (resolved.count == 0) resolved.kind = ResolvedRanges::Kind::kUnsatisfiable;
  return resolved;
}

std::optional<RangeSpec> single_without_length(const RangeSet& set) {
  if (set.count != 1 || set.specs[0].suffix) return std::nullopt;
  return set.specs[0];
}

std::optional<ContentRange> parse_content_range(std::string_view value) {
  constexpr std::string_view kUnit = "bytes ";
  if (value.size() < kUnit.size() || !same_name(value.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  value.remove_prefix(kUnit.size());
  const size_t slash = value.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  ContentRange out;
  if (const std::string_view length = value.substr(slash + 1); length != "*") {
    out.length = parse_decimal(length);
    if (!out.length) return std::nullopt;
  }
  const std::string_view range = value.substr(0, slash);
  if (range == "*") return out.length ? std::optional(out) : std::nullopt;
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_decimal(range.substr(0, dash)), last = parse_decimal(range.substr(dash + 1));
  if (!first || !last || *last < *first || (out.length && *last >= *out.length)) return std::nullopt;
  out.range = ByteRange{*first, *last};
  return out;
}

void write_content_range(HeadWriter& out, const ContentRange& range) {
  out.text("Content-Range: bytes ");
  if (range.range) {
    out.number(range.range->first).text("-").number(range.range->last);
  } else {
    out.text("*");
  }
  out.text("/");
  if (range.length) {
    out.number(*range.length);
  } else {
    out.text("*");
  }
  out.text("\r\n");
}

void write_part_head(HeadWriter& out, std::string_view boundary, std::string_view content_type, ByteRange range,
                     uint64_t length, bool first) {
  out.text(first ? "--" : "\r\n--").text(boundary);
  if (!content_type.empty()) out.text(kType).text(content_type);
  out.text(kRange).number(range.first).text("-").number(range.last).text("/").number(length).text("\r\n\r\n");
}

void write_parts_end(HeadWriter& out, std::string_view boundary) {
  out.text("\r\n--").text(boundary).text("--\r\n");
}

uint64_t multipart_size(std::span<const ByteRange> parts, uint64_t length, std::string_view boundary,
                        std::string_view content_type) {
  const uint64_t type_size = content_type.empty() ? 0 : kType.size() + content_type.size();
  uint64_t size = 0;
  for (const ByteRange& part : parts) {
    size += (size == 0 ? 2 : 4) + boundary.size() + type_size + kRange.size() + decimal_size(part.first) + 1 +
            decimal_size(part.last) + 1 + decimal_size(length) + 4 + part.size();
  }
  return size + 4 + boundary.size() + 4;
}

}  // namespace levee
