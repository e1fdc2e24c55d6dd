// Where the body of a message ends (RFC 9112 section 6), as one closed value.
#pragma once

#include <cstdint>

namespace levee {

struct Framing {
  enum class Kind : uint8_t {
    kNone,       // no body
    kLength,     // `length` bytes
    kChunked,    // Transfer-Encoding: chunked
    kUntilClose  // responses only: all until the connection is closed
  } kind = Kind::kNone;
  uint64_t length = 0;
  bool operator==(const Framing&) const = default;
};

// How a head's parse stands. Parsers are called again with the same bytes and more behind them.
enum class Parse : uint8_t { kMore, kDone, kBad };

// Bounds of a head, in bytes; of the count, fields.
struct HeadLimits {
  uint32_t line = 8192;        // the request or status line
  uint32_t field = 8192;       // one field line
  uint32_t total = 32768;      // the whole head, empty lines before it included
  uint32_t field_count = 100;  // at most Fields::kCapacity
};

}  // namespace levee
