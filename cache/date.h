// HTTP dates (RFC 9110 section 5.6.7): strict parse of the three forms, and IMF-fixdate. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace levee {

// Seconds since 1970 of an IMF-fixdate, RFC 850 or asctime date; nothing if it is none exactly, down to the weekday's
// name (that it fits the day is not asked), but for upper and lower case (RFC 9111 section 4.2). `now` (seconds) gives
// two-digit years their century: not more than 50 years ahead.
std::optional<int64_t> parse_date(std::string_view text, int64_t now = 0);

inline constexpr size_t kDateSize = 29;
// "Sun, 06 Nov 1994 08:49:37 GMT" to `out` (kDateSize bytes). Years 0 to 9999; others are clamped.
void format_date(int64_t seconds, char* out);

}  // namespace levee
