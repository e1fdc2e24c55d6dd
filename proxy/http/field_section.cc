#include "proxy/http/field_section.h"

#include <algorithm>
#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace levee {
namespace {

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t';
}
constexpr bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

#ifdef __SSE2__
__m128i load16(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}
// A bit for each byte that is at most `most`.
__m128i at_most(__m128i bytes, char most) {
  return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(most)), bytes);
}
unsigned mask(__m128i bytes) {
  return static_cast<unsigned>(_mm_movemask_epi8(bytes));
}
#endif

// A name that needs no look at each byte: one of the known, with its colon within the first 16 bytes.
bool read_known_name(const char* at, const char* end, FieldLine& out) {
#ifdef __SSE2__
  if (end - at < 16) return false;
  const __m128i bytes = load16(at);
  const unsigned colons = mask(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(':')));
  if (colons == 0) return false;
  const auto size = static_cast<unsigned>(std::countr_zero(colons));
  // field_id() wants a token; of all bytes that it could mistake for a letter only controls are in doubt here.
  if (size == 0 || (mask(at_most(bytes, 0x1f)) & ((1U << size) - 1)) != 0) return false;
  out.name = {at, size};
  out.id = field_id(out.name);
  return out.id != FieldId::kOther;
#else
  (void)at, (void)end, (void)out;
  return false;
#endif
}

// Any name up to its colon. `next` is where the colon is.
FieldFault read_name(const char* at, const char* end, Colon colon, FieldLine& out, const char*& next) {
  if (read_known_name(at, end, out)) {
    next = at + out.name.size();
    return FieldFault::kNone;
  }
  const void* found = std::memchr(at, ':', static_cast<size_t>(end - at));
  if (found == nullptr) return FieldFault::kName;
  next = static_cast<const char*>(found);
  const char* stop = next;
  if (colon == Colon::kStrip) {
    while (stop > at && is_space(stop[-1])) --stop;
  }
  out.name = {at, static_cast<size_t>(stop - at)};
  if (out.name.size() > UINT16_MAX || !is_token(out.name)) return FieldFault::kName;
  out.id = field_id(out.name);
  return FieldFault::kNone;
}

}  // namespace

const char* find_control(const char* at, const char* end) {
#ifdef __SSE2__
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = load16(at);
    const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
    const __m128i bad =
        _mm_or_si128(_mm_andnot_si128(tab, at_most(bytes, 0x1f)), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
    if (const unsigned bits = mask(bad); bits != 0) return at + std::countr_zero(bits);
  }
#endif
  while (at < end && !is_control(*at)) ++at;
  return at;
}

const char* find_not_visible(const char* at, const char* end) {
#ifdef __SSE2__
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = load16(at);
    const __m128i bad = _mm_or_si128(at_most(bytes, 0x20), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
    if (const unsigned bits = mask(bad); bits != 0) return at + std::countr_zero(bits);
  }
#endif
  while (at < end && !is_control(*at) && !is_space(*at)) ++at;
  return at;
}

FieldLine read_field_line(const char* at, const char* end, Colon colon) {
  FieldLine line;
  if (at == end || is_space(*at)) {
    line.fault = at == end ? FieldFault::kName : FieldFault::kFolded;
    return line;
  }
  const char* next = at;
  line.fault = read_name(at, end, colon, line, next);
  if (line.fault != FieldFault::kNone) return line;
  const char* value = next + 1;
  while (value < end && is_space(*value)) ++value;
  const char* stop = find_control(value, end);
  if (end - stop < 2 || stop[0] != '\r' || stop[1] != '\n') {
    const bool line_end = stop < end && (*stop == '\r' || *stop == '\n');
    line.fault = line_end || stop == end ? FieldFault::kBareLineEnd : FieldFault::kValue;
    return line;
  }
  line.size = static_cast<size_t>(stop + 2 - at);
  while (stop > value && is_space(stop[-1])) --stop;
  line.value = {value, static_cast<size_t>(stop - value)};
  return line;
}

LineSearch find_line(std::string_view bytes, LinePosition& position, uint32_t limit, uint32_t total) {
  // Whichever bound comes first decides, complete line or not, so that the split of the input does not matter.
  const uint64_t line_bound = uint64_t{position.at} + limit;
  const uint64_t bound = std::min<uint64_t>(line_bound, total);
  const FieldFault too_much = line_bound <= total ? FieldFault::kTooLong : FieldFault::kTooLarge;
  const size_t from = std::max(position.at, position.scanned);
  const size_t until = static_cast<size_t>(std::min<uint64_t>(bytes.size(), bound));
  const void* found = from < until ? std::memchr(bytes.data() + from, '\n', until - from) : nullptr;
  if (found == nullptr) {
    position.scanned = static_cast<uint32_t>(until);
    return {bytes.size() > bound ? too_much : FieldFault::kMore, {}};
  }
  const char* begin = bytes.data() + position.at;
  return {FieldFault::kNone, {begin, static_cast<size_t>(static_cast<const char*>(found) + 1 - begin)}};
}

FieldFault read_fields(std::string_view bytes, LinePosition& position, const HeadLimits& limits, Colon colon,
                       Fields& fields) {
  const size_t most = std::min<size_t>(limits.field_count, Fields::kCapacity);
  const char* const end = bytes.data() + bytes.size();
  for (;;) {
    const char* at = bytes.data() + position.at;
    FieldLine line;
    // Most lines are complete and right, and are read in one pass. All else is first looked up as a whole line, because
    // what is wrong with it must not depend on what has arrived behind it.
    bool right = false;
    if (position.scanned <= position.at && at < end && *at != '\r') {
      line = read_field_line(at, end, colon);
      right = line.fault == FieldFault::kNone && line.size <= limits.field && position.at + line.size <= limits.total;
    }
    if (!right) {
      const LineSearch search = find_line(bytes, position, limits.field, limits.total);
      if (search.fault != FieldFault::kNone) return search.fault;
      if (search.line == "\r\n") {
        position.at += 2;
        return FieldFault::kNone;
      }
      if (search.line == "\n") return FieldFault::kBareLineEnd;
      line = read_field_line(search.line.data(), search.line.data() + search.line.size(), colon);
      if (line.fault != FieldFault::kNone) return line.fault;
      if (line.size != search.line.size()) return FieldFault::kBareLineEnd;
    }
    if (fields.size() >= most) return FieldFault::kTooMany;
    fields.add(line.id, line.name, line.value);
    position.at += static_cast<uint32_t>(line.size);
  }
}

std::optional<uint64_t> parse_decimal(std::string_view text) {
  if (text.empty() || text.size() > 19) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  if (value > INT64_MAX) return std::nullopt;
  return value;
}

}  // namespace levee
