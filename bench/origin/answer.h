// A request that the origin has read, and what it answers. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "bench/origin/pattern.h"

namespace levee::bench {

struct Request {
  std::string method, path, query;
  std::string fields;  // the field lines as they came

  // The value of a field; its name in any case.
  std::optional<std::string_view> field(std::string_view name) const;
  // The value of a query argument.
  std::optional<std::string_view> argument(std::string_view name) const;
  // The same as a number; nothing when it is none.
  std::optional<int64_t> number(std::string_view name) const;
};

// "/a?b" and the head's lines after the first. Nothing for what is not HTTP/1.
std::optional<Request> parse_request(std::string_view head);

// The most that it can be told: of a delay, and of bytes, or bytes a second.
inline constexpr int64_t kLongestMs = int64_t{24} * 3600 * 1000;
inline constexpr int64_t kMostBytes = int64_t{1} << 40;

// When which bytes may be sent.
struct Pace {
  int64_t ttfb_ms = 0;    // from the request to the first byte
  uint64_t rate = 0;      // bytes a second; 0: as fast as it goes
  int64_t begins_ms = 0;  // by the wall clock, of the whole body; 0: not so
  int64_t ends_ms = 0;

  // How much of `length` bytes may be on its way, `elapsed_ms` after the first byte and at `now_ms` of the wall clock.
  uint64_t allowed(uint64_t length, int64_t elapsed_ms, int64_t now_ms) const;
};

struct Answer {
  enum class Fate : unsigned char { kWhole, kHang, kReset, kCut };
  int status = 200;
  std::string fields;  // lines that end in CRLF; without Content-Length
  std::variant<std::shared_ptr<const std::string>, Pattern> body = std::make_shared<const std::string>();
  uint64_t offset = 0;  // of the first byte that is sent
  uint64_t length = 0;  // how many are sent
  bool chunked = false;
  Pace pace;
  Fate fate = Fate::kWhole;
  uint64_t cut_after = 0;  // for kReset (RST) and kCut (FIN): after how many bytes of the body

  // A run of the body's bytes, from `position` of those that are sent.
  std::string_view run(uint64_t position) const;
};

Answer text_answer(int status, std::string_view type, std::string text, std::string_view cache_control);
// Adds the validator, and applies If-None-Match, Range and If-Range of `request` to a whole 200.
void apply_conditions(const Request& request, std::string_view etag, Answer& answer);

std::string_view reason_of(int status);
// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(int64_t unix_ms);

}  // namespace levee::bench
