// The head of an origin's response: strict, incremental parser (RFC 9112) and what it found.
//
// Called like RequestHead. After an interim response (1xx but 101) reset() and parse on behind size().
#pragma once

#include <cstdint>
#include <string_view>

#include "cache/fields.h"
#include "proxy/http/field_section.h"
#include "proxy/http/framing.h"
#include "proxy/http/request_head.h"

namespace levee {

// Why a response is not HTTP as it should be: 502, nothing stored.
enum class ResponseError : uint8_t {
  kNone,
  kVersion,
  kStatus,
  kLineTooLong,
  kFieldTooLong,
  kTooManyFields,
  kHeadTooLarge,
  kBareLineEnd,
  kFolded,
  kFieldName,
  kFieldValue,
  kContentLength,     // not a number, or differing ones
  kTransferEncoding,  // chunked other than exactly, a coding that would have to be undone, or in HTTP/1.0
  kLengthAndEncoding,
  kUpgrade,  // 101 that nobody asked for
};
std::string_view describe(ResponseError error);

class ResponseHead {
 public:
  void reset();
  // `method`: of the request; HEAD has no body. `upgrade`: 101 was asked for.
  Parse parse(std::string_view bytes, const HeadLimits& limits, Method method, bool upgrade = false);
  void rebase(const char* base);

  ResponseError error() const { return error_; }
  size_t size() const { return size_; }

  int status() const { return status_; }
  std::string_view reason() const { return {base_ + reason_at_, reason_size_}; }
  int minor() const { return minor_; }
  const Fields& fields() const { return fields_; }
  Framing framing() const { return framing_; }
  // Content-Length as declared, also where there is no body (HEAD, 304).
  bool has_content_length() const { return has_content_length_; }
  uint64_t content_length() const { return content_length_; }
  bool is_interim() const { return status_ >= 100 && status_ < 200 && status_ != 101; }
  // Whether the connection may be used again once the body is over (it is not chunked-until-close and not refused).
  bool keep_alive() const { return keep_alive_; }

 private:
  enum class Phase : uint8_t { kStart, kFields, kDone, kBad };
  Parse fail(ResponseError error);
  Parse parse_start(std::string_view bytes, const HeadLimits& limits);
  ResponseError read_status_line(std::string_view line);
  ResponseError finish(Method method, bool upgrade);

  const char* base_ = nullptr;
  Phase phase_ = Phase::kStart;
  ResponseError error_ = ResponseError::kNone;
  uint8_t minor_ = 0;
  bool keep_alive_ = false, has_content_length_ = false;
  int status_ = 0;
  LinePosition position_;
  uint32_t size_ = 0;
  uint32_t reason_at_ = 0, reason_size_ = 0;
  uint64_t content_length_ = 0;
  Framing framing_;
  Fields fields_;
};

}  // namespace levee
