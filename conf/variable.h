// The names that configuration strings may use after `$`. The one table of them is in variable.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace levee {

struct Map;

enum class Var : uint8_t {
  // The request.
  kUri,         // $uri $document_uri: the normalised path, decoded
  kArgs,        // $args $query_string
  kIsArgs,      // "?" if there are arguments, else empty
  kArg,         // $arg_NAME; Variable::name is NAME
  kHost,        // of the request line, else of the Host field, else the server's name; lower case, no port
  kHttp,        // $http_NAME; Variable::name is the field's name in lower case with dashes
  kCookie,      // $cookie_NAME
  kRequestUri,  // the target as the client sent it
  kRequest,     // the request line
  kRequestMethod,
  kRequestLength,      // bytes of line, head and body
  kRequestId,          // 32 hex digits, random
  kRequestFilename,    // root or alias with the path
  kRequestCompletion,  // "OK" or empty
  kDocumentRoot,
  kRealpathRoot,
  kContentType,
  kContentLength,
  kScheme,          // http or https
  kHttps,           // "on" or empty
  kServerProtocol,  // HTTP/1.1
  kRemoteUser,
  kSliceRange,  // the range of the slice that is being fetched
  // The connection.
  kRemoteAddr,
  kRemotePort,
  kBinaryRemoteAddr,
  kServerAddr,
  kServerPort,
  kServerName,  // the server's first name
  kConnection,  // its number
  kConnectionRequests,
  kPipe,  // "p" if pipelined, else "."
  kSslProtocol,
  kSslCipher,
  kSslServerName,
  kSslSessionReused,  // "r" or "."
  kTcpinfoRtt,        // microseconds
  // The response.
  kStatus,
  kBodyBytesSent,
  kBytesSent,
  kRequestTime,  // seconds with three decimals
  kSentHttp,     // $sent_http_NAME; as kHttp
  kCacheStatus,  // our Cache-Status member (RFC 9211)
  // The origin.
  kProxyHost,
  kProxyPort,
  kProxyAddXForwardedFor,
  kUpstreamAddr,
  kUpstreamStatus,
  kUpstreamResponseTime,
  kUpstreamConnectTime,
  kUpstreamHeaderTime,
  kUpstreamResponseLength,
  kUpstreamBytesReceived,
  kUpstreamBytesSent,
  kUpstreamCacheStatus,  // HIT, MISS, EXPIRED, STALE, UPDATING, REVALIDATED, BYPASS
  kUpstreamHttp,         // $upstream_http_NAME; as kHttp
  kUpstreamCookie,       // $upstream_cookie_NAME
  // The process.
  kHostname,
  kPid,
  kVersion,  // $levee_version $nginx_version
  kMsec,     // seconds since 1970 with three decimals
  kTimeIso8601,
  kTimeLocal,
  // Defined by the configuration.
  kCapture,       // $0 to $9: Variable::number
  kNamedCapture,  // (?<name>...): Variable::name
  kMap,           // map: Variable::map; an Expression evaluates it, a VariableSource never sees it
};

// One use of a variable.
struct Variable {
  Var id = Var::kUri;
  uint8_t number = 0;        // kCapture
  std::string name;          // of the families and kNamedCapture
  const Map* map = nullptr;  // kMap; lives in Http::maps
};

// The variable that is always known by this name (without `$`), if any.
std::optional<Variable> find_variable(std::string_view name);

}  // namespace levee
