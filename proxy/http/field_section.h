// Reads field lines up to the empty line (RFC 9112 section 5), for request and response heads and trailers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cache/fields.h"
#include "proxy/http/framing.h"

namespace levee {

enum class FieldFault : uint8_t {
  kNone,
  kMore,  // the section is not complete
  kTooLong,
  kTooMany,
  kTooLarge,  // the whole head
  kBareLineEnd,
  kFolded,
  kName,
  kValue,
};

// Where an incremental reader stands: the line being read begins at `at`; no line end before `scanned`. Both count from
// the first byte of the message.
struct LinePosition {
  uint32_t at = 0;
  uint32_t scanned = 0;
};

// A complete line including its LF, or nothing yet. `limit` is the line's bound; `total` the head's.
struct LineSearch {
  FieldFault fault = FieldFault::kNone;  // kMore, kTooLong, kTooLarge
  std::string_view line;
};
LineSearch find_line(std::string_view bytes, LinePosition& position, uint32_t limit, uint32_t total);

enum class Colon : bool {
  kStrict,  // whitespace before it is an error (requests)
  kStrip,   // ... is dropped (responses: RFC 9112 section 5.1)
};

// Adds fields to `fields`, whose base is bytes.data(), until the empty line. kNone: position.at is behind it.
FieldFault read_fields(std::string_view bytes, LinePosition& position, const HeadLimits& limits, Colon colon,
                       Fields& fields);

// One complete line including CRLF.
struct FieldLine {
  FieldFault fault = FieldFault::kNone;
  FieldId id = FieldId::kOther;
  std::string_view name, value;
  size_t size = 0;  // with CRLF
};
FieldLine read_field_line(const char* at, const char* end, Colon colon);

// The first byte that is a control character other than HTAB; `end` if there is none.
const char* find_control(const char* at, const char* end);
// The first byte that is a control character or a space; `end` if there is none.
const char* find_not_visible(const char* at, const char* end);

// 1*DIGIT below 2^63; nothing else.
std::optional<uint64_t> parse_decimal(std::string_view text);

}  // namespace levee
