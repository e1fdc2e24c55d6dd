#include "proxy/http/request_error.h"

#include <cstdlib>

namespace levee {

int status_of(RequestError error) {
  switch (error) {
    case RequestError::kNone:
      return 200;
    case RequestError::kMethod:
    case RequestError::kTarget:
    case RequestError::kLine:
    case RequestError::kBareLineEnd:
    case RequestError::kFolded:
    case RequestError::kFieldName:
    case RequestError::kFieldValue:
    case RequestError::kHostMissing:
    case RequestError::kHostRepeated:
    case RequestError::kHost:
    case RequestError::kContentLength:
    case RequestError::kTransferEncoding:
    case RequestError::kLengthAndEncoding:
      return 400;
    case RequestError::kConnect:
      return 405;
    case RequestError::kLineTooLong:
      return 414;
    case RequestError::kExpectation:
      return 417;
    case RequestError::kFieldTooLong:
    case RequestError::kTooManyFields:
    case RequestError::kHeadTooLarge:
      return 431;
    case RequestError::kCodingUnknown:
      return 501;
    case RequestError::kVersion:
      return 505;
  }
  std::abort();
}

std::string_view describe(RequestError error) {
  switch (error) {
    case RequestError::kNone:
      return "no error";
    case RequestError::kMethod:
      return "invalid method";
    case RequestError::kTarget:
      return "invalid request target";
    case RequestError::kLine:
      return "invalid request line";
    case RequestError::kVersion:
      return "unsupported HTTP version";
    case RequestError::kConnect:
      return "CONNECT is not supported";
    case RequestError::kLineTooLong:
      return "too long request line";
    case RequestError::kFieldTooLong:
      return "too long header line";
    case RequestError::kTooManyFields:
      return "too many header lines";
    case RequestError::kHeadTooLarge:
      return "too large request header";
    case RequestError::kBareLineEnd:
      return "CR or LF alone in a header line";
    case RequestError::kFolded:
      return "folded header line";
    case RequestError::kFieldName:
      return "invalid header name";
    case RequestError::kFieldValue:
      return "control character in a header value";
    case RequestError::kHostMissing:
      return "no \"Host\" header";
    case RequestError::kHostRepeated:
      return "several \"Host\" headers";
    case RequestError::kHost:
      return "invalid host";
    case RequestError::kContentLength:
      return "invalid \"Content-Length\" header";
    case RequestError::kTransferEncoding:
      return "invalid \"Transfer-Encoding\" header";
    case RequestError::kCodingUnknown:
      return "unknown transfer coding";
    case RequestError::kLengthAndEncoding:
      return "both \"Content-Length\" and \"Transfer-Encoding\"";
    case RequestError::kExpectation:
      return "unknown expectation";
  }
  std::abort();
}

}  // namespace levee
