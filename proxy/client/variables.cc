#include "proxy/client/variables.h"

#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <random>

#include "proxy/client/commons.h"
#include "proxy/client/exchange.h"
#include "proxy/client/slices.h"
#include "proxy/client/upstream_request.h"
#include "proxy/version.h"

namespace levee {
namespace {

// Each of these appends a value, and says whether there is one.
bool append_number(uint64_t number, std::string& out) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  return true;
}

// An empty value is none.
bool append(std::string_view value, std::string& out) {
  out += value;
  return !value.empty();
}

// The value of `name` in "name=value" pairs parted by `separator`; names in any case.
bool append_pair(std::string_view pairs, char separator, std::string_view name, std::string& out) {
  while (!pairs.empty()) {
    const size_t end = std::min(pairs.find(separator), pairs.size());
    std::string_view pair = pairs.substr(0, end);
    pairs.remove_prefix(std::min(end + 1, pairs.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.size() > name.size() && pair[name.size()] == '=' && same_name(pair.substr(0, name.size()), name)) {
      out += pair.substr(name.size() + 1);
      return true;
    }
  }
  return false;
}

// All lines of a field, joined.
bool append_field(const Fields& fields, std::string_view name, std::string& out) {
  bool found = false;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!same_name(fields[i].name, name)) continue;
    if (found) out += same_name(name, "cookie") ? "; " : ", ";
    out += fields[i].value;
    found = true;
  }
  return found;
}

bool append_cookie(const Fields& fields, std::string_view name, std::string& out) {
  for (size_t i = fields.first(FieldId::kCookie); i < fields.size(); i = fields.next(i)) {
    if (append_pair(fields[i].value, ';', name, out)) return true;
  }
  return false;
}

bool append_host(const Exchange& x, std::string& out) {
  const std::string_view host = x.head.host();
  if (host.empty()) return x.server != nullptr && append(x.server->name, out);
  for (const char c : host) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return true;
}

// root or alias; `filename`: and the path below.
bool append_root(const Exchange& x, bool filename, std::string& out) {
  if (x.plan == nullptr) return false;
  x.plan->location->root.append_to(out, Variables(x));
  if (filename) append_below_root(*x.plan->location, x.path, out);
  return true;
}

bool append_remote_user(std::string_view authorization, std::string& out) {
  if (authorization.size() < 6 || !same_name(authorization.substr(0, 6), "Basic ")) return false;
  authorization.remove_prefix(6);
  std::string decoded(authorization.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                   reinterpret_cast<const unsigned char*>(authorization.data()),
                                   static_cast<int>(authorization.size()));
  if (size <= 0) return false;
  const size_t colon = decoded.find(':');
  return colon != std::string::npos && append(std::string_view(decoded).substr(0, colon), out);
}

void append_time(int64_t wall_ms, const char* format, std::string& out) {
  const auto seconds = static_cast<time_t>(wall_ms / 1000);
  tm local{};
  localtime_r(&seconds, &local);
  char text[64];
  size_t size = strftime(text, sizeof text, format, &local);
  if (size > 5 && text[10] == 'T') {  // ISO 8601 has a colon in the zone
    const std::string_view whole(text, size);
    out.append(whole.substr(0, size - 2)).append(":").append(whole.substr(size - 2));
    return;
  }
  out.append(text, size);
}

void append_request_id(std::string& out) {
  thread_local std::mt19937_64 random{std::random_device{}()};
  constexpr char kHex[] = "0123456789abcdef";
  for (int word = 0; word < 2; ++word) {
    uint64_t bits = random();
    for (int i = 0; i < 16; ++i, bits >>= 4U) out += kHex[bits & 15U];
  }
}

sockaddr_storage local_address(const Stream& stream) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  getsockname(stream.descriptor(), reinterpret_cast<sockaddr*>(&address), &length);
  return address;
}

}  // namespace

bool Variables::get(const Variable& variable, std::string& out) const {
  if (variable.id <= Var::kSliceRange) return of_request(variable, out);
  if (variable.id <= Var::kTcpinfoRtt) return of_connection(variable, out);
  if (variable.id <= Var::kCacheStatus) return of_response(variable, out);
  if (variable.id <= Var::kUpstreamCookie) return of_origin(variable, out);
  return of_process(variable, out);
}

bool Variables::of_request(const Variable& variable, std::string& out) const {
  const Exchange& x = exchange_;
  const RequestHead& head = x.head;
  switch (variable.id) {
    case Var::kUri:
      return append(x.path, out);
    case Var::kArgs:
      return append(head.query(), out);
    case Var::kIsArgs:
      append(head.query().empty() ? "" : "?", out);
      return true;
    case Var::kArg:
      return append_pair(head.query(), '&', variable.name, out);
    case Var::kHost:
      return append_host(x, out);
    case Var::kHttp:
      return append_field(head.fields(), variable.name, out);
    case Var::kCookie:
      return append_cookie(head.fields(), variable.name, out);
    case Var::kRequestUri:
      return append(head.request_uri(), out);
    case Var::kRequest:
      return append(head.line(), out);
    case Var::kRequestMethod:
      return append(head.method_name(), out);
    case Var::kRequestLength:
      return append_number(head.size() + x.body.size(), out);
    case Var::kRequestId:
      if (x.request_id.empty()) append_request_id(x.request_id);
      return append(x.request_id, out);
    case Var::kRequestFilename:
    case Var::kDocumentRoot:
    case Var::kRealpathRoot:
      return append_root(x, variable.id == Var::kRequestFilename, out);
    case Var::kRequestCompletion:
      return append(x.completed ? "OK" : "", out);
    case Var::kContentType:
      return append(head.fields().get(FieldId::kContentType), out);
    case Var::kContentLength:
      return append(head.fields().get(FieldId::kContentLength), out);
    case Var::kScheme:
      return append(x.connection->stream.tls() != nullptr ? "https" : "http", out);
    case Var::kHttps:
      return append(x.connection->stream.tls() != nullptr ? "on" : "", out);
    case Var::kServerProtocol:
      return !head.line().empty() && append(head.minor() == 0 ? "HTTP/1.0" : "HTTP/1.1", out);
    case Var::kSliceRange:  // empty in a key too: Levee tells slices apart itself
      if (x.slicing.of != nullptr) append_slice_range(x, out);
      return x.slicing.of != nullptr;
    case Var::kRemoteUser:
      return append_remote_user(head.fields().get(FieldId::kAuthorization), out);
    default:
      return false;
  }
}

bool Variables::of_connection(const Variable& variable, std::string& out) const {
  const Connection& connection = *exchange_.connection;
  SSL* const ssl = connection.stream.tls();
  switch (variable.id) {
    case Var::kRemoteAddr:
      connection.peer.append_text(out);
      return true;
    case Var::kRemotePort:
      append_number(connection.peer.port(), out);
      return true;
    case Var::kBinaryRemoteAddr:
      connection.peer.append_binary(out);
      return true;
    case Var::kServerAddr:
      PeerAddress(local_address(connection.stream)).append_text(out);
      return true;
    case Var::kServerPort:
      append_number(PeerAddress(local_address(connection.stream)).port(), out);
      return true;
    case Var::kServerName:
      return exchange_.server != nullptr && append(exchange_.server->name, out);
    case Var::kConnection:
      append_number(connection.number, out);
      return true;
    case Var::kConnectionRequests:
      append_number(connection.requests, out);
      return true;
    case Var::kPipe:
      out += exchange_.pipelined ? 'p' : '.';
      return true;
    case Var::kSslProtocol:
      return ssl != nullptr && append(SSL_get_version(ssl), out);
    case Var::kSslCipher:
      return ssl != nullptr && append(SSL_get_cipher_name(ssl), out);
    case Var::kSslServerName: {
      const char* name = ssl != nullptr ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : nullptr;
      return name != nullptr && append(name, out);
    }
    case Var::kSslSessionReused:
      if (ssl == nullptr) return false;
      out += SSL_session_reused(ssl) == 1 ? 'r' : '.';
      return true;
    case Var::kTcpinfoRtt: {
      tcp_info info{};
      socklen_t length = sizeof info;
      if (getsockopt(connection.stream.descriptor(), IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return false;
      append_number(info.tcpi_rtt, out);
      return true;
    }
    default:
      return false;
  }
}

bool Variables::of_process(const Variable& variable, std::string& out) const {
  const Exchange& x = exchange_;
  switch (variable.id) {
    case Var::kHostname: {
      char name[256] = {};
      return gethostname(name, sizeof name - 1) == 0 && append(name, out);
    }
    case Var::kPid:
      append_number(static_cast<uint64_t>(getpid()), out);
      return true;
    case Var::kVersion:
      out += kVersion;
      return true;
    case Var::kMsec:
      append_seconds(x.connection->worker.wall_ms(), out);
      return true;
    case Var::kTimeIso8601:
      append_time(x.connection->worker.wall_ms(), "%Y-%m-%dT%H:%M:%S%z", out);
      return true;
    case Var::kTimeLocal:
      append_time(x.connection->worker.wall_ms(), "%d/%b/%Y:%H:%M:%S %z", out);
      return true;
    case Var::kCapture:
      return append(x.captures.group(variable.number), out);
    case Var::kNamedCapture:
      return append(x.captures.named(variable.name), out);
    default:
      return false;
  }
}

bool any_is_true(const std::vector<Expression>& conditions, const Exchange& exchange) {
  const Variables values(exchange);
  return std::any_of(conditions.begin(), conditions.end(), [&](const Expression& one) { return one.is_true(values); });
}

}  // namespace levee
