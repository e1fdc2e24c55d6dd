#include "conf/variable.h"

#include <algorithm>

namespace levee {
namespace {

struct Known {
  std::string_view name;
  Var id;
};

constexpr Known kKnown[] = {
    {"uri", Var::kUri},
    {"document_uri", Var::kUri},
    {"args", Var::kArgs},
    {"query_string", Var::kArgs},
    {"is_args", Var::kIsArgs},
    {"host", Var::kHost},
    {"request_uri", Var::kRequestUri},
    {"request", Var::kRequest},
    {"request_method", Var::kRequestMethod},
    {"request_length", Var::kRequestLength},
    {"request_id", Var::kRequestId},
    {"request_filename", Var::kRequestFilename},
    {"request_completion", Var::kRequestCompletion},
    {"document_root", Var::kDocumentRoot},
    {"realpath_root", Var::kRealpathRoot},
    {"content_type", Var::kContentType},
    {"content_length", Var::kContentLength},
    {"scheme", Var::kScheme},
    {"https", Var::kHttps},
    {"server_protocol", Var::kServerProtocol},
    {"remote_user", Var::kRemoteUser},
    {"slice_range", Var::kSliceRange},
    {"remote_addr", Var::kRemoteAddr},
    {"remote_port", Var::kRemotePort},
    {"binary_remote_addr", Var::kBinaryRemoteAddr},
    {"server_addr", Var::kServerAddr},
    {"server_port", Var::kServerPort},
    {"server_name", Var::kServerName},
    {"connection", Var::kConnection},
    {"connection_requests", Var::kConnectionRequests},
    {"pipe", Var::kPipe},
    {"ssl_protocol", Var::kSslProtocol},
    {"ssl_cipher", Var::kSslCipher},
    {"ssl_server_name", Var::kSslServerName},
    {"ssl_session_reused", Var::kSslSessionReused},
    {"tcpinfo_rtt", Var::kTcpinfoRtt},
    {"status", Var::kStatus},
    {"body_bytes_sent", Var::kBodyBytesSent},
    {"bytes_sent", Var::kBytesSent},
    {"request_time", Var::kRequestTime},
    {"cache_status", Var::kCacheStatus},
    {"proxy_host", Var::kProxyHost},
    {"proxy_port", Var::kProxyPort},
    {"proxy_add_x_forwarded_for", Var::kProxyAddXForwardedFor},
    {"upstream_addr", Var::kUpstreamAddr},
    {"upstream_status", Var::kUpstreamStatus},
    {"upstream_response_time", Var::kUpstreamResponseTime},
    {"upstream_connect_time", Var::kUpstreamConnectTime},
    {"upstream_header_time", Var::kUpstreamHeaderTime},
    {"upstream_response_length", Var::kUpstreamResponseLength},
    {"upstream_bytes_received", Var::kUpstreamBytesReceived},
    {"upstream_bytes_sent", Var::kUpstreamBytesSent},
    {"upstream_cache_status", Var::kUpstreamCacheStatus},
    {"hostname", Var::kHostname},
    {"pid", Var::kPid},
    {"levee_version", Var::kVersion},
    {"nginx_version", Var::kVersion},
    {"msec", Var::kMsec},
    {"time_iso8601", Var::kTimeIso8601},
    {"time_local", Var::kTimeLocal},
};

// A name that starts so is a variable, whatever follows.
struct Family {
  std::string_view prefix;
  Var id;
  bool is_field;  // what follows is a field's name: x_forwarded_for for X-Forwarded-For
};

constexpr Family kFamilies[] = {
    {"arg_", Var::kArg, false},
    {"http_", Var::kHttp, true},
    {"cookie_", Var::kCookie, false},
    {"sent_http_", Var::kSentHttp, true},
    {"upstream_http_", Var::kUpstreamHttp, true},
    {"upstream_cookie_", Var::kUpstreamCookie, false},
};

char to_field(char c) {
  if (c == '_') return '-';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

}  // namespace

std::optional<Variable> find_variable(std::string_view name) {
  for (const Known& known : kKnown) {
    if (known.name == name) return Variable{known.id, 0, {}, nullptr};
  }
  for (const Family& family : kFamilies) {
    if (!name.starts_with(family.prefix) || name.size() == family.prefix.size()) continue;
    Variable variable{family.id, 0, std::string(name.substr(family.prefix.size())), nullptr};
    if (family.is_field) std::transform(variable.name.begin(), variable.name.end(), variable.name.begin(), to_field);
    return variable;
  }
  return std::nullopt;
}

}  // namespace levee
