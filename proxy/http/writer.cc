#include "proxy/http/writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "cache/date.h"

namespace levee {
namespace {

struct Reason {
  int status;
  std::string_view text;
};
constexpr std::array kReasons = {
    Reason{100, "Continue"},
    Reason{101, "Switching Protocols"},
    Reason{102, "Processing"},
    Reason{103, "Early Hints"},
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{203, "Non-Authoritative Information"},
    Reason{204, "No Content"},
    Reason{205, "Reset Content"},
    Reason{206, "Partial Content"},
    Reason{207, "Multi-Status"},
    Reason{208, "Already Reported"},
    Reason{226, "IM Used"},
    Reason{300, "Multiple Choices"},
    Reason{301, "Moved Permanently"},
    Reason{302, "Found"},
    Reason{303, "See Other"},
    Reason{304, "Not Modified"},
    Reason{305, "Use Proxy"},
    Reason{307, "Temporary Redirect"},
    Reason{308, "Permanent Redirect"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{402, "Payment Required"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{406, "Not Acceptable"},
    Reason{407, "Proxy Authentication Required"},
    Reason{408, "Request Timeout"},
    Reason{409, "Conflict"},
    Reason{410, "Gone"},
    Reason{411, "Length Required"},
    Reason{412, "Precondition Failed"},
    Reason{413, "Content Too Large"},
    Reason{414, "URI Too Long"},
    Reason{415, "Unsupported Media Type"},
    Reason{416, "Range Not Satisfiable"},
    Reason{417, "Expectation Failed"},
    Reason{421, "Misdirected Request"},
    Reason{422, "Unprocessable Content"},
    Reason{423, "Locked"},
    Reason{424, "Failed Dependency"},
    Reason{425, "Too Early"},
    Reason{426, "Upgrade Required"},
    Reason{428, "Precondition Required"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{451, "Unavailable For Legal Reasons"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{502, "Bad Gateway"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
    Reason{505, "HTTP Version Not Supported"},
    Reason{506, "Variant Also Negotiates"},
    Reason{507, "Insufficient Storage"},
    Reason{508, "Loop Detected"},
    Reason{511, "Network Authentication Required"},
};

// Reasons by status, and the whole line of each, made by the compiler.
constexpr size_t kLineSize = 52;
struct StatusLine {
  std::array<char, kLineSize> text{};
  uint8_t size = 0;
  uint8_t reason = 0xff;
};
constexpr std::array<StatusLine, 512> make_lines() {
  std::array<StatusLine, 512> lines{};
  for (size_t i = 0; i < kReasons.size(); ++i) {
    const Reason& reason = kReasons[i];
    StatusLine& line = lines[static_cast<size_t>(reason.status) - 100];
    line.reason = static_cast<uint8_t>(i);
    const auto put = [&](std::string_view text) {
      for (const char c : text) line.text[line.size++] = c;
    };
    put("HTTP/1.1 ");
    const char digits[] = {static_cast<char>('0' + reason.status / 100),
                           static_cast<char>('0' + reason.status / 10 % 10),
                           static_cast<char>('0' + reason.status % 10)};
    put({digits, 3});
    put(" ");
    put(reason.text);
    put("\r\n");
  }
  return lines;
}
constexpr std::array<StatusLine, 512> kLines = make_lines();

const StatusLine* known(int status) {
  if (status < 100 || status >= 100 + static_cast<int>(kLines.size())) return nullptr;
  const StatusLine& line = kLines[static_cast<size_t>(status - 100)];
  return line.size > 0 ? &line : nullptr;
}

bool breaks_lines(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

}  // namespace

HeadWriter& HeadWriter::number(uint64_t value) {
  const auto [end, error] = std::to_chars(at_, end_, value);
  if (error == std::errc()) {
    at_ = end;
  } else {
    overflowed_ = true;
  }
  return *this;
}
HeadWriter& HeadWriter::signed_number(int64_t value) {
  const auto [end, error] = std::to_chars(at_, end_, value);
  if (error == std::errc()) {
    at_ = end;
  } else {
    overflowed_ = true;
  }
  return *this;
}

HeadWriter& HeadWriter::field(std::string_view name, std::string_view value) {
  if (breaks_lines(value) || breaks_lines(name)) return *this;
  if (name.size() + value.size() + 4 > static_cast<size_t>(end_ - at_)) {
    overflowed_ = true;
    return *this;
  }
  return text(name).text(": ").text(value).text("\r\n");
}
HeadWriter& HeadWriter::field(std::string_view name, uint64_t value) {
  return text(name).text(": ").number(value).text("\r\n");
}

void write_status_line(HeadWriter& out, int status) {
  if (const StatusLine* line = known(status)) {
    out.text({line->text.data(), line->size});
  } else {
    out.text("HTTP/1.1 ").number(static_cast<uint64_t>(status)).text(" \r\n");
  }
}

std::string_view reason_of(int status) {
  const StatusLine* line = known(status);
  return line == nullptr ? std::string_view() : kReasons[line->reason].text;
}

void write_request_line(HeadWriter& out, std::string_view method, std::string_view target, int minor) {
  out.text(method).text(" ").text(target).text(minor == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
}

std::string_view date_text(int64_t wall_seconds) {
  thread_local int64_t made_for = INT64_MIN;
  thread_local std::array<char, kDateSize> text;
  if (made_for != wall_seconds) {
    format_date(wall_seconds, text.data());
    made_for = wall_seconds;
  }
  return {text.data(), text.size()};
}

void write_date(HeadWriter& out, int64_t wall_seconds) {
  out.text("Date: ").text(date_text(wall_seconds)).text("\r\n");
}

void write_age(HeadWriter& out, int64_t age) {
  out.text("Age: ").number(static_cast<uint64_t>(std::max<int64_t>(age, 0)) / 1000).text("\r\n");
}

void write_framing(HeadWriter& out, Framing framing) {
  switch (framing.kind) {
    case Framing::Kind::kLength:
      out.field("Content-Length", framing.length);
      break;
    case Framing::Kind::kChunked:
      out.text("Transfer-Encoding: chunked\r\n");
      break;
    case Framing::Kind::kNone:
    case Framing::Kind::kUntilClose:
      break;
  }
}

void write_connection(HeadWriter& out, bool keep_alive, int minor) {
  if (!keep_alive) {
    out.text("Connection: close\r\n");
  } else if (minor == 0) {
    out.text("Connection: keep-alive\r\n");
  }
}

void write_via(HeadWriter& out, const Fields* received, int received_minor, std::string_view name) {
  out.text("Via: ");
  if (received != nullptr) {
    for (size_t i = received->first(FieldId::kVia); i < received->size(); i = received->next(i)) {
      if (!(*received)[i].value.empty()) out.text((*received)[i].value).text(", ");
    }
  }
  out.text(received_minor == 0 ? "1.0 " : "1.1 ").text(name).text("\r\n");
}

namespace {

std::string_view word(CacheStatus::Forward forward) {
  switch (forward) {
    case CacheStatus::Forward::kNone:
      return {};
    case CacheStatus::Forward::kBypass:
      return "bypass";
    case CacheStatus::Forward::kMethod:
      return "method";
    case CacheStatus::Forward::kUriMiss:
      return "uri-miss";
    case CacheStatus::Forward::kVaryMiss:
      return "vary-miss";
    case CacheStatus::Forward::kMiss:
      return "miss";
    case CacheStatus::Forward::kRequest:
      return "request";
    case CacheStatus::Forward::kStale:
      return "stale";
    case CacheStatus::Forward::kPartial:
      return "partial";
  }
  std::abort();
}

// A Structured Field string (RFC 8941 section 3.3.3): printable ASCII; what is not becomes "?".
void write_string(HeadWriter& out, std::string_view text) {
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  out.text("\"");
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    out.text(text).text("\"");
    return;
  }
  for (const char& c : text) {
    if (c == '"' || c == '\\') {
      out.text("\\");
      out.text({&c, 1});
    } else {
      out.text(c < 0x20 || c > 0x7e ? std::string_view("?") : std::string_view(&c, 1));
    }
  }
  out.text("\"");
}

}  // namespace

void write_cache_status(HeadWriter& out, const CacheStatus& status) {
  out.text("Cache-Status: ");
  if (!status.before.empty()) out.text(status.before).text(", ");
  out.text(status.cache);
  if (status.hit) out.text("; hit");
  if (status.forward != CacheStatus::Forward::kNone) out.text("; fwd=").text(word(status.forward));
  if (status.forward_status != 0) out.text("; fwd-status=").number(static_cast<uint64_t>(status.forward_status));
  // Whole seconds, rounded down: "expires within", and -1 as soon as it is stale.
  if (status.has_ttl) out.text("; ttl=").signed_number((status.ttl - (status.ttl < 0 ? 999 : 0)) / 1000);
  if (status.stored) out.text("; stored");
  if (status.collapsed) out.text("; collapsed");
  if (!status.key.empty()) {
    out.text("; key=");
    write_string(out, status.key);
  }
  if (!status.detail.empty()) out.text("; detail=").text(status.detail);
  out.text("\r\n");
}

}  // namespace levee
