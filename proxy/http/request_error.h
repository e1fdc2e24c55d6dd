// What can be wrong with the head of a request, and what its client is told.
#pragma once

#include <cstdint>
#include <string_view>

namespace levee {

enum class RequestError : uint8_t {
  kNone,
  kMethod,   // not a token, or too long
  kTarget,   // empty, control characters, spaces, '#', or a form that the method does not have
  kLine,     // not three parts; HTTP/0.9
  kVersion,  // not HTTP/1.x
  kConnect,  // CONNECT: we are no tunnel
  kLineTooLong,
  kFieldTooLong,
  kTooManyFields,
  kHeadTooLarge,
  kBareLineEnd,  // CR without LF or LF without CR
  kFolded,       // obs-fold
  kFieldName,    // not a token, or whitespace before the colon
  kFieldValue,   // a control character
  kHostMissing,
  kHostRepeated,
  kHost,               // not host[:port]
  kContentLength,      // not a number, or several
  kTransferEncoding,   // not chunked last, or in HTTP/1.0
  kCodingUnknown,      // a coding besides chunked
  kLengthAndEncoding,  // Content-Length with Transfer-Encoding
  kExpectation,        // Expect other than 100-continue
};
// What the client is told; the connection is closed after it.
int status_of(RequestError error);
std::string_view describe(RequestError error);  // for logs

}  // namespace levee
