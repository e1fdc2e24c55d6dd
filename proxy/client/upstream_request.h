// What an origin is asked: where, which target, which fields.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "conf/config.h"
#include "proxy/origin/fetch.h"

namespace levee {

class Exchange;

// Where a proxy_pass leads.
struct ProxyTarget {
  bool tls = false;
  std::string upstream;  // a name, or host:port
  std::string host;      // $proxy_host
  std::string port;
  std::optional<std::string> uri;  // nothing: the client's target
};
// Of a URL that variables gave; nothing: it is none.
std::optional<ProxyTarget> parse_proxy_url(std::string_view url);

// The target that nginx would ask for: `uri` in place of the part of the path that the location matched.
std::string replaced_target(std::string_view uri, std::string_view path, size_t matched, bool has_query,
                            std::string_view query);
// Escapes what may not stand in a path: controls, space, `#`, `%`, `?`, 0x7f and above.
void append_escaped_path(std::string_view path, std::string& out);

enum class OrderKind : uint8_t {
  kStored,   // a fetch for the cache: GET for HEAD, no conditions, no Range
  kPrivate,  // for this client alone: as it asked
};
// The protocol that the request asks for and the configuration lets through (proxy_set_header Upgrade and Connection);
// empty: none.
std::string upgrade_of(const Exchange& exchange);
// What to ask for this request; without key, stale, body and limits of the cache.
// What the origin is asked for: a path and query.
std::string origin_target(const Exchange& exchange);
Order make_order(const Exchange& exchange, OrderKind kind);

// This process in CDN-Loop (RFC 8586): a token drawn at its start.
std::string_view loop_name();
bool loops(const Exchange& exchange);

}  // namespace levee
