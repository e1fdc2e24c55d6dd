#include "proxy/http/request_head.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace levee {
namespace {

constexpr size_t kLongestMethod = 32;

constexpr std::array<std::string_view, 11> kMethods = {"GET",     "HEAD",  "POST",    "PUT",   "DELETE", "PATCH",
                                                       "OPTIONS", "TRACE", "CONNECT", "PURGE", ""};

Method method_of(std::string_view name) {
  for (size_t i = 0; i < kMethods.size(); ++i) {
    if (name == kMethods[i]) return static_cast<Method>(i);
  }
  return Method::kOther;
}

RequestError error_of(FieldFault fault) {
  switch (fault) {
    case FieldFault::kNone:
    case FieldFault::kMore:
      return RequestError::kNone;
    case FieldFault::kTooLong:
      return RequestError::kFieldTooLong;
    case FieldFault::kTooMany:
      return RequestError::kTooManyFields;
    case FieldFault::kTooLarge:
      return RequestError::kHeadTooLarge;
    case FieldFault::kBareLineEnd:
      return RequestError::kBareLineEnd;
    case FieldFault::kFolded:
      return RequestError::kFolded;
    case FieldFault::kName:
      return RequestError::kFieldName;
    case FieldFault::kValue:
      return RequestError::kFieldValue;
  }
  std::abort();
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Those that say whom a message is for, or where it has been, are nobody's to take out.
bool may_be_named(FieldId id) {
  return id != FieldId::kHost && id != FieldId::kContentLength && id != FieldId::kVia && id != FieldId::kCdnLoop;
}

// The fields without those that Connection names (RFC 9110 section 7.6.1): no origin sees them, and so they must not
// select what is stored either. What belongs to the connection by nature stays, for us to act on.
Fields without_named(const Fields& fields, const char* base) {
  std::array<bool, Fields::kCapacity> named{};
  fields.for_each_member(FieldId::kConnection, [&](std::string_view option) {
    for (size_t i = 0; i < fields.size(); ++i) named[i] = named[i] || same_name(fields[i].name, option);
    return true;
  });
  Fields kept;
  kept.rebase(base);
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field field = fields[i];
    if (!named[i] || is_hop_by_hop(field.id) || !may_be_named(field.id)) kept.add(field.id, field.name, field.value);
  }
  return kept;
}

}  // namespace

std::string_view method_text(Method method) {
  return kMethods[static_cast<size_t>(method)];
}
bool is_safe(Method method) {
  return method == Method::kGet || method == Method::kHead || method == Method::kOptions || method == Method::kTrace;
}

std::optional<size_t> host_size(std::string_view authority) {
  size_t end = 0;
  if (authority.starts_with('[')) {
    end = authority.find(']');
    if (end == std::string_view::npos || end < 3) return std::nullopt;
    for (const char c : authority.substr(1, end - 1)) {
      const bool hex = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      if (!hex && c != ':' && c != '.') return std::nullopt;
    }
    ++end;
  } else {
    // Names in DNS have no more than this; what else RFC 3986 allows in a reg-name only ever comes from attackers.
    static constexpr auto kOfNames = [] {
      std::array<bool, 256> table{};
      for (const char c : std::string_view("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._")) {
        table[static_cast<unsigned char>(c)] = true;
      }
      return table;
    }();
    while (end < authority.size() && kOfNames[static_cast<unsigned char>(authority[end])]) ++end;
    if (end == 0 || (end < authority.size() && authority[end] != ':')) return std::nullopt;
  }
  if (end == authority.size()) return end;
  if (authority[end] != ':' || authority.size() - end > 6) return std::nullopt;
  unsigned port = 0;
  for (const char c : authority.substr(end + 1)) {
    if (!is_digit(c)) return std::nullopt;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  if (port > 65535) return std::nullopt;
  return end;
}

void RequestHead::reset() {
  fields_.clear();
  base_ = nullptr;
  phase_ = Phase::kStart;
  error_ = RequestError::kNone;
  method_ = Method::kOther;
  minor_ = 0;
  begun_ = has_query_ = keep_alive_ = expects_continue_ = wants_upgrade_ = false;
  position_ = {};
  size_ = 0;
  method_name_ = line_ = target_ = request_uri_ = path_ = query_ = host_ = authority_ = Part{};
  framing_ = {};
}

void RequestHead::rebase(const char* base) {
  base_ = base;
  fields_.rebase(base);
}

RequestHead::Part RequestHead::part(std::string_view text) const {
  return {static_cast<uint32_t>(text.data() - base_), static_cast<uint32_t>(text.size())};
}

Parse RequestHead::fail(RequestError error) {
  phase_ = Phase::kBad;
  error_ = error;
  return Parse::kBad;
}

Parse RequestHead::parse(std::string_view bytes, const HeadLimits& limits) {
  rebase(bytes.data());
  if (phase_ == Phase::kStart) {
    if (const Parse state = parse_start(bytes, limits); state != Parse::kDone) return state;
    phase_ = Phase::kFields;
  }
  if (phase_ == Phase::kFields) {
    const FieldFault fault = read_fields(bytes, position_, limits, Colon::kStrict, fields_);
    if (fault == FieldFault::kMore) return Parse::kMore;
    if (fault != FieldFault::kNone) return fail(error_of(fault));
    size_ = position_.at;
    if (const RequestError error = finish(); error != RequestError::kNone) return fail(error);
    phase_ = Phase::kDone;
  }
  return phase_ == Phase::kDone ? Parse::kDone : Parse::kBad;
}

// Empty lines before the head are skipped (RFC 9112 section 2.2); they count towards its total size.
Parse RequestHead::parse_start(std::string_view bytes, const HeadLimits& limits) {
  while (!begun_) {
    if (position_.at + 2 > limits.total) return fail(RequestError::kHeadTooLarge);
    const std::string_view rest = bytes.substr(position_.at, 2);
    if (rest == "\r\n") {
      position_.at += 2;
    } else if (rest.empty() || rest == "\r") {
      return Parse::kMore;
    } else if (!is_token(rest.substr(0, 1))) {
      // What does not even begin like a request (a TLS hello on a plain port) need not send a whole line to be told.
      return fail(RequestError::kMethod);
    } else {
      begun_ = true;
    }
  }
  const LineSearch search = find_line(bytes, position_, limits.line, limits.total);
  switch (search.fault) {
    case FieldFault::kNone:
      break;
    case FieldFault::kMore:
      return Parse::kMore;
    case FieldFault::kTooLong:
      return fail(RequestError::kLineTooLong);
    default:
      return fail(RequestError::kHeadTooLarge);
  }
  if (!search.line.ends_with("\r\n")) return fail(RequestError::kBareLineEnd);
  position_.at += static_cast<uint32_t>(search.line.size());
  const RequestError error = read_request_line(search.line.substr(0, search.line.size() - 2));
  return error == RequestError::kNone ? Parse::kDone : fail(error);
}

RequestError RequestHead::read_request_line(std::string_view line) {
  line_ = part(line);
  const size_t space = line.substr(0, kLongestMethod + 1).find(' ');
  if (space == std::string_view::npos) {
    return line.find(' ') == std::string_view::npos ? RequestError::kLine : RequestError::kMethod;
  }
  const std::string_view name = line.substr(0, space);
  method_ = method_of(name);
  if (method_ == Method::kOther && !is_token(name)) return RequestError::kMethod;
  method_name_ = part(name);

  const char* const target = line.data() + space + 1;
  const char* const end = line.data() + line.size();
  const char* const stop = find_not_visible(target, end);
  if (stop == target) return RequestError::kTarget;
  if (stop == end) return RequestError::kLine;  // HTTP/0.9
  if (*stop != ' ') return RequestError::kTarget;
  target_ = part({target, static_cast<size_t>(stop - target)});

  const std::string_view version(stop + 1, static_cast<size_t>(end - stop - 1));
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) || version[6] != '.' ||
      !is_digit(version[7])) {
    return version.find(' ') == std::string_view::npos ? RequestError::kLine : RequestError::kTarget;
  }
  if (version[5] != '1') return RequestError::kVersion;
  minor_ = version[7] == '0' ? 0 : 1;  // a higher minor version is ours to the one that sent it (RFC 9110 section 2.5)
  return read_target();
}

// The four forms of RFC 9112 section 3.2.
RequestError RequestHead::read_target() {
  const std::string_view raw = target();
  if (std::memchr(raw.data(), '#', raw.size()) != nullptr) return RequestError::kTarget;
  if (method_ == Method::kConnect) return RequestError::kConnect;
  if (raw == "*") {
    if (method_ != Method::kOptions) return RequestError::kTarget;
    request_uri_ = path_ = target_;
    return RequestError::kNone;
  }
  if (raw.front() != '/') return read_absolute(raw);
  request_uri_ = path_ = target_;
  if (const void* mark = std::memchr(raw.data(), '?', raw.size()); mark != nullptr) {
    const auto at = static_cast<size_t>(static_cast<const char*>(mark) - raw.data());
    path_ = part(raw.substr(0, at));
    query_ = part(raw.substr(at + 1));
    has_query_ = true;
  }
  return RequestError::kNone;
}

RequestError RequestHead::read_absolute(std::string_view target) {
  const size_t colon = target.find("://");
  if (colon == std::string_view::npos) return RequestError::kTarget;
  const std::string_view scheme = target.substr(0, colon);
  if (!same_name(scheme, "http") && !same_name(scheme, "https")) return RequestError::kTarget;
  const std::string_view slash = target.substr(colon + 1, 1);  // a "/" in memory, for a path that has none
  std::string_view rest = target.substr(colon + 3);
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const std::optional<size_t> name_size = host_size(rest.substr(0, end));
  if (!name_size) return RequestError::kTarget;
  authority_ = part(rest.substr(0, end));
  host_ = part(rest.substr(0, *name_size));
  rest.remove_prefix(end);
  request_uri_ = part(rest.empty() ? slash : rest);
  const size_t mark = rest.find('?');
  has_query_ = mark != std::string_view::npos;
  if (has_query_) query_ = part(rest.substr(mark + 1));
  const std::string_view path = rest.substr(0, mark);
  path_ = part(path.empty() ? slash : path);
  return RequestError::kNone;
}

RequestError RequestHead::finish() {
  if (const RequestError error = read_host(); error != RequestError::kNone) return error;
  if (const RequestError error = read_framing(); error != RequestError::kNone) return error;
  bool close = false, keep_alive = false, upgrade = false, names_fields = false;
  fields_.for_each_member(FieldId::kConnection, [&](std::string_view option) {
    if (same_name(option, "close")) {
      close = true;
    } else if (same_name(option, "keep-alive")) {
      keep_alive = true;
    } else if (same_name(option, "upgrade")) {
      upgrade = true;
    } else {
      names_fields = true;
    }
    return true;
  });
  keep_alive_ = !close && (minor_ >= 1 || keep_alive);
  wants_upgrade_ = upgrade && minor_ >= 1 && fields_.has(FieldId::kUpgrade);
  if (fields_.has(FieldId::kExpect) && minor_ >= 1) {  // RFC 9110 section 10.1.1: ignored in HTTP/1.0
    if (fields_.count(FieldId::kExpect) > 1 || !same_name(fields_.get(FieldId::kExpect), "100-continue")) {
      return RequestError::kExpectation;
    }
    expects_continue_ = framing_.kind == Framing::Kind::kChunked || framing_.length > 0;
  }
  if (names_fields) fields_ = without_named(fields_, base_);
  return RequestError::kNone;
}

RequestError RequestHead::read_host() {
  const size_t lines = fields_.count(FieldId::kHost);
  if (lines > 1) return RequestError::kHostRepeated;
  if (lines == 0) return minor_ == 0 ? RequestError::kNone : RequestError::kHostMissing;
  const std::string_view host = fields_.get(FieldId::kHost);
  const std::optional<size_t> name_size = host_size(host);
  if (!name_size) return RequestError::kHost;
  if (authority_.size != 0) return RequestError::kNone;  // the target's counts
  authority_ = part(host);
  host_ = part(host.substr(0, *name_size));
  return RequestError::kNone;
}

// RFC 9112 section 6.
RequestError RequestHead::read_framing() {
  const bool has_length = fields_.has(FieldId::kContentLength);
  if (fields_.has(FieldId::kTransferEncoding)) {
    if (minor_ == 0) return RequestError::kTransferEncoding;
    if (has_length) return RequestError::kLengthAndEncoding;
    if (fields_.count(FieldId::kTransferEncoding) == 1 &&
        same_name(fields_.get(FieldId::kTransferEncoding), "chunked")) {
      framing_ = {Framing::Kind::kChunked, 0};
      return RequestError::kNone;
    }
    size_t chunked = 0, others = 0;
    bool chunked_last = false;
    fields_.for_each_member(FieldId::kTransferEncoding, [&](std::string_view coding) {
      chunked_last = same_name(coding, "chunked");
      ++(chunked_last ? chunked : others);
      return true;
    });
    return chunked_last && chunked == 1 && others > 0 ? RequestError::kCodingUnknown : RequestError::kTransferEncoding;
  }
  if (has_length) {
    const std::optional<uint64_t> length = parse_decimal(fields_.get(FieldId::kContentLength));
    if (!length || fields_.count(FieldId::kContentLength) > 1) return RequestError::kContentLength;
    framing_ = {*length > 0 ? Framing::Kind::kLength : Framing::Kind::kNone, *length};
  }
  return RequestError::kNone;
}

}  // namespace levee
