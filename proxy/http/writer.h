// Writes heads into memory that the caller gives. Never allocates; what does not fit is left out and overflowed() says
// so.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "cache/fields.h"
#include "proxy/http/framing.h"

namespace levee {

// Appends to a fixed buffer.
class HeadWriter {
 public:
  explicit HeadWriter(std::span<char> buffer) : begin_(buffer.data()), at_(begin_), end_(begin_ + buffer.size()) {}

  HeadWriter& text(std::string_view text) {
    if (text.size() > static_cast<size_t>(end_ - at_)) {
      overflowed_ = true;
      return *this;
    }
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  HeadWriter& number(uint64_t value);
  HeadWriter& signed_number(int64_t value);
  // "Name: value\r\n", whole or not at all. One with CR, LF or NUL in it (from a variable) is left out.
  HeadWriter& field(std::string_view name, std::string_view value);
  HeadWriter& field(std::string_view name, uint64_t value);
  HeadWriter& end() { return text("\r\n"); }

  std::string_view written() const { return {begin_, static_cast<size_t>(at_ - begin_)}; }
  size_t size() const { return static_cast<size_t>(at_ - begin_); }
  bool overflowed() const { return overflowed_; }
  // Forgets what was written after `size`.
  void cut(size_t size) { at_ = begin_ + size; }

 private:
  char* begin_;
  char* at_;
  char* end_;
  bool overflowed_ = false;
};

// "HTTP/1.1 200 OK\r\n", from a table; unknown statuses (100 to 999) have no reason.
void write_status_line(HeadWriter& out, int status);
std::string_view reason_of(int status);  // empty: unknown
// "GET /path HTTP/1.1\r\n".
void write_request_line(HeadWriter& out, std::string_view method, std::string_view target, int minor = 1);

// "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n"; the text is made once a second for each thread.
void write_date(HeadWriter& out, int64_t wall_seconds);
// The value alone; good until the next call on this thread.
std::string_view date_text(int64_t wall_seconds);
// "Age: 12\r\n". `age` in ms, rounded down; negative counts as 0.
void write_age(HeadWriter& out, int64_t age);
// Framing of a message: Content-Length, Transfer-Encoding: chunked, or nothing.
void write_framing(HeadWriter& out, Framing framing);
// "Connection: keep-alive\r\n" or close; nothing where the version implies it.
void write_connection(HeadWriter& out, bool keep_alive, int minor);
// "Via: 1.1 name\r\n", behind those of an earlier hop.
void write_via(HeadWriter& out, const Fields* received, int received_minor, std::string_view name);

// Cache-Status (RFC 9211), appended to an upstream's member list.
struct CacheStatus {
  enum class Forward : uint8_t { kNone, kBypass, kMethod, kUriMiss, kVaryMiss, kMiss, kRequest, kStale, kPartial };
  std::string_view cache = "levee";  // a token
  bool hit = false;
  Forward forward = Forward::kNone;
  int forward_status = 0;  // the origin's, if it differs from what is sent
  bool has_ttl = false;
  int64_t ttl = 0;  // ms; negative: stale since
  bool stored = false, collapsed = false;
  std::string_view key;     // empty: not shown; quoted as a Structured Field string
  std::string_view detail;  // a token, empty: none
  std::string_view before;  // members of an upstream's Cache-Status, or empty
};
void write_cache_status(HeadWriter& out, const CacheStatus& status);

// The fields that are forwarded: all of `fields` but hop-by-hop ones, those named in Connection, framing, and those for
// which drop(field) is true.
template <class Drop>
void write_forwarded(HeadWriter& out, const Fields& fields, Drop drop) {
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field field = fields[i];
    if (field.id == FieldId::kContentLength || fields.is_hop_by_hop(field) || drop(field)) continue;
    out.field(field.name, field.value);
  }
}

}  // namespace levee
