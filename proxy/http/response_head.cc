#include "proxy/http/response_head.h"

#include <cstdlib>
#include <optional>

namespace levee {
namespace {

ResponseError error_of(FieldFault fault) {
  switch (fault) {
    case FieldFault::kNone:
    case FieldFault::kMore:
      return ResponseError::kNone;
    case FieldFault::kTooLong:
      return ResponseError::kFieldTooLong;
    case FieldFault::kTooMany:
      return ResponseError::kTooManyFields;
    case FieldFault::kTooLarge:
      return ResponseError::kHeadTooLarge;
    case FieldFault::kBareLineEnd:
      return ResponseError::kBareLineEnd;
    case FieldFault::kFolded:
      return ResponseError::kFolded;
    case FieldFault::kName:
      return ResponseError::kFieldName;
    case FieldFault::kValue:
      return ResponseError::kFieldValue;
  }
  std::abort();
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// How Transfer-Encoding frames a body: nothing if it cannot be told, or if the body would have to be decoded.
//
// A single name that is no coding anybody knows ("identity", of old) says nothing but that the body ends with the
// connection (RFC 9112 section 6.3, item 4). What looks like `chunked` and is not might be read as that by others.
std::optional<Framing> framing_of_coding(const Fields& fields) {
  if (fields.count(FieldId::kTransferEncoding) > 1) return std::nullopt;
  const std::string_view coding = fields.get(FieldId::kTransferEncoding);
  if (same_name(coding, "chunked")) return Framing{Framing::Kind::kChunked, 0};
  if (!is_token(coding)) return std::nullopt;
  for (const std::string_view known : {"gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"}) {
    if (same_name(coding, known)) return std::nullopt;
  }
  constexpr std::string_view kChunked = "chunk";
  for (size_t i = 0; i + kChunked.size() <= coding.size(); ++i) {
    if (same_name(coding.substr(i, kChunked.size()), kChunked)) return std::nullopt;
  }
  return Framing{Framing::Kind::kUntilClose, 0};
}

}  // namespace

std::string_view describe(ResponseError error) {
  switch (error) {
    case ResponseError::kNone:
      return "no error";
    case ResponseError::kVersion:
      return "not HTTP/1.x";
    case ResponseError::kStatus:
      return "invalid status line";
    case ResponseError::kLineTooLong:
      return "too long status line";
    case ResponseError::kFieldTooLong:
      return "too long header line";
    case ResponseError::kTooManyFields:
      return "too many header lines";
    case ResponseError::kHeadTooLarge:
      return "too large response header";
    case ResponseError::kBareLineEnd:
      return "CR or LF alone in a header line";
    case ResponseError::kFolded:
      return "folded header line";
    case ResponseError::kFieldName:
      return "invalid header name";
    case ResponseError::kFieldValue:
      return "control character in a header value";
    case ResponseError::kContentLength:
      return "invalid \"Content-Length\" header";
    case ResponseError::kTransferEncoding:
      return "invalid \"Transfer-Encoding\" header";
    case ResponseError::kLengthAndEncoding:
      return "both \"Content-Length\" and \"Transfer-Encoding\"";
    case ResponseError::kUpgrade:
      return "an upgrade that was not asked for";
  }
  std::abort();
}

void ResponseHead::reset() {
  fields_.clear();
  base_ = nullptr;
  phase_ = Phase::kStart;
  error_ = ResponseError::kNone;
  minor_ = 0;
  keep_alive_ = has_content_length_ = false;
  status_ = 0;
  position_ = {};
  size_ = reason_at_ = reason_size_ = 0;
  content_length_ = 0;
  framing_ = {};
}

void ResponseHead::rebase(const char* base) {
  base_ = base;
  fields_.rebase(base);
}

Parse ResponseHead::fail(ResponseError error) {
  phase_ = Phase::kBad;
  error_ = error;
  return Parse::kBad;
}

Parse ResponseHead::parse(std::string_view bytes, const HeadLimits& limits, Method method, bool upgrade) {
  rebase(bytes.data());
  if (phase_ == Phase::kStart) {
    if (const Parse state = parse_start(bytes, limits); state != Parse::kDone) return state;
    phase_ = Phase::kFields;
  }
  if (phase_ == Phase::kFields) {
    const FieldFault fault = read_fields(bytes, position_, limits, Colon::kStrip, fields_);
    if (fault == FieldFault::kMore) return Parse::kMore;
    if (fault != FieldFault::kNone) return fail(error_of(fault));
    size_ = position_.at;
    if (const ResponseError error = finish(method, upgrade); error != ResponseError::kNone) return fail(error);
    phase_ = Phase::kDone;
  }
  return phase_ == Phase::kDone ? Parse::kDone : Parse::kBad;
}

Parse ResponseHead::parse_start(std::string_view bytes, const HeadLimits& limits) {
  // What does not begin like a response is refused at once: a stray body must not be waited out.
  constexpr std::string_view kBegin = "HTTP/";
  if (bytes.substr(0, kBegin.size()) != kBegin.substr(0, bytes.size())) return fail(ResponseError::kVersion);
  const LineSearch search = find_line(bytes, position_, limits.line, limits.total);
  switch (search.fault) {
    case FieldFault::kNone:
      break;
    case FieldFault::kMore:
      return Parse::kMore;
    case FieldFault::kTooLong:
      return fail(ResponseError::kLineTooLong);
    default:
      return fail(ResponseError::kHeadTooLarge);
  }
  if (!search.line.ends_with("\r\n")) return fail(ResponseError::kBareLineEnd);
  position_.at += static_cast<uint32_t>(search.line.size());
  const ResponseError error = read_status_line(search.line.substr(0, search.line.size() - 2));
  return error == ResponseError::kNone ? Parse::kDone : fail(error);
}

// "HTTP/1.1 200 OK"; the reason, and the space before it, may be missing.
ResponseError ResponseHead::read_status_line(std::string_view line) {
  if (line.size() < 8 || line[5] != '1' || line[6] != '.' || !is_digit(line[7])) return ResponseError::kVersion;
  minor_ = line[7] == '0' ? 0 : 1;
  if (line.size() < 12 || line[8] != ' ' || !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) ||
      line[9] == '0') {
    return ResponseError::kStatus;
  }
  status_ = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (line.size() == 12) return ResponseError::kNone;
  if (line[12] != ' ') return ResponseError::kStatus;
  const std::string_view reason = line.substr(13);
  if (find_control(reason.data(), reason.data() + reason.size()) != reason.data() + reason.size()) {
    return ResponseError::kStatus;
  }
  reason_at_ = static_cast<uint32_t>(reason.data() - base_);
  reason_size_ = static_cast<uint32_t>(reason.size());
  return ResponseError::kNone;
}

// RFC 9112 section 6.3. What could be read in two ways is an error, not a choice.
ResponseError ResponseHead::finish(Method method, bool upgrade) {
  bool close = false, keep_alive = false;
  fields_.for_each_member(FieldId::kConnection, [&](std::string_view option) {
    if (same_name(option, "close")) close = true;
    if (same_name(option, "keep-alive")) keep_alive = true;
    return true;
  });
  keep_alive_ = !close && (minor_ >= 1 || keep_alive);

  // Several equal lengths are one (RFC 9112 section 6.3, item 5).
  bool bad_length = false;
  for (size_t i = fields_.first(FieldId::kContentLength); i < fields_.size(); i = fields_.next(i)) {
    ListReader list(fields_[i].value);
    size_t members = 0;
    while (const auto member = list.next()) {
      const std::optional<uint64_t> length = parse_decimal(*member);
      bad_length |= !length || (has_content_length_ && *length != content_length_);
      content_length_ = length.value_or(0);
      has_content_length_ = true;
      ++members;
    }
    bad_length |= members == 0;
  }
  if (bad_length) return ResponseError::kContentLength;

  const bool encoded = fields_.has(FieldId::kTransferEncoding);
  const std::optional<Framing> coding = encoded ? framing_of_coding(fields_) : std::nullopt;
  if (encoded && (minor_ == 0 || !coding)) return ResponseError::kTransferEncoding;
  if (encoded && has_content_length_) return ResponseError::kLengthAndEncoding;
  if (coding && coding->kind == Framing::Kind::kUntilClose) keep_alive_ = false;

  if (status_ == 101) {
    keep_alive_ = false;
    return upgrade ? ResponseError::kNone : ResponseError::kUpgrade;
  }
  const bool never_a_body = status_ < 200 || status_ == 204;
  if (method == Method::kHead || never_a_body || status_ == 304) {
    // A server that announces a body where there can be none may well send it: its connection is not used again.
    if (never_a_body && (encoded || content_length_ > 0)) keep_alive_ = false;
    return ResponseError::kNone;
  }
  if (coding) {
    framing_ = *coding;
  } else if (has_content_length_) {
    framing_ = {content_length_ > 0 ? Framing::Kind::kLength : Framing::Kind::kNone, content_length_};
  } else {
    framing_ = {Framing::Kind::kUntilClose, 0};
    keep_alive_ = false;
  }
  return ResponseError::kNone;
}

}  // namespace levee
