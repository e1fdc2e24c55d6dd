// proxy_pass and the addresses of origins.
#include <algorithm>

#include "conf/block.h"

namespace levee::conf {
namespace {

struct Url {
  bool tls = false;
  std::string_view authority;  // host[:port] or unix:path
  std::optional<std::string_view> uri;
};

std::optional<Url> split_url(std::string_view text) {
  Url url;
  if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else if (text.starts_with("https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else {
    return std::nullopt;
  }
  if (text.starts_with("unix:")) {  // unix:/path[:/uri]
    const size_t colon = text.find(':', 5);
    url.authority = text.substr(0, colon);
    if (colon != std::string_view::npos) url.uri = text.substr(colon + 1);
    return url;
  }
  const size_t end = text.find_first_of("/?");
  url.authority = text.substr(0, end);
  if (end != std::string_view::npos) url.uri = text.substr(end);
  return url;
}

// The upstream for an authority: one of the configuration's, or an implicit one.
Parsed<const Upstream*> find_upstream(Scope& scope, const Url& url, const Place& place) {
  auto& upstreams = scope.config.http.upstreams;
  const std::string authority(url.authority);
  if (const auto it = upstreams.find(authority); it != upstreams.end()) return &it->second;
  if (const size_t colon = authority.rfind(':'); colon != std::string::npos && !authority.starts_with("unix:")) {
    const auto it = upstreams.find(authority.substr(0, colon));
    if (it != upstreams.end() && !it->second.implicit) {
      return Fault{"upstream \"" + it->first + "\" may not have port " + authority.substr(colon + 1)};
    }
  }
  UpstreamServer server;
  if (auto fault = parse_origin(authority, url.tls ? 443 : 80, server)) return std::move(*fault);
  const bool v6 = server.host.find(':') != std::string::npos;
  const std::string name = !server.unix_path.empty()
                               ? "unix:" + server.unix_path
                               : (v6 ? "[" + server.host + "]" : server.host) + ":" + std::to_string(server.port);
  const auto [it, is_new] = upstreams.try_emplace(name);
  if (is_new) {
    Scope inner{kUpstream, scope.config, scope.names, nullptr, nullptr, &it->second, &scope, {}};
    apply_presets(inner, kUpstream);
    it->second.name = name;
    it->second.implicit = true;
    it->second.place = place;
    it->second.servers.push_back(std::move(server));
  }
  return &it->second;
}

}  // namespace

Outcome parse_origin(std::string_view text, uint16_t default_port, UpstreamServer& server) {
  const std::string quoted = "\"" + std::string(text) + "\"";
  server.text = text;
  server.port = default_port;
  if (text.starts_with("unix:")) {
    server.unix_path = text.substr(5);
    if (!parse_socket_address(text, 0)) return Fault{"invalid unix socket path in upstream " + quoted};
    return std::nullopt;
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return Fault{"invalid host in upstream " + quoted};
    server.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!parse_socket_address(text.substr(0, end + 1), 1) || (!port.empty() && port[0] != ':')) {
      return Fault{"invalid IPv6 address in upstream " + quoted};
    }
  } else {
    const size_t colon = std::min(text.find(':'), text.size());
    server.host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (server.host.empty()) return Fault{"no host in upstream " + quoted};
  if (server.host.find_first_of("/?#@ \t\r\n") != std::string::npos) return Fault{"invalid host in upstream " + quoted};
  if (!port.empty()) {
    const auto number = port_number(port.substr(1));
    if (!number) return Fault{"invalid port in upstream " + quoted};
    server.port = *number;
  }
  return std::nullopt;
}

Outcome set_proxy_pass(Scope& scope, const Line& line) {
  auto url_text = expression_word(scope, line);
  if (auto* fault = std::get_if<Fault>(&url_text)) return std::move(*fault);
  ProxyPass pass;
  pass.url = std::move(std::get<Expression>(url_text));
  const bool returns = std::holds_alternative<Return>(scope.location->answer);  // return goes before proxy_pass
  if (!pass.url.is_literal()) {
    pass.is_dynamic = true;
    if (!returns) scope.location->answer = std::move(pass);
    return std::nullopt;
  }
  const auto url = split_url(line[1]);
  if (!url) return Fault{"invalid URL prefix"};
  if (url->uri && scope.location->match.kind == LocationMatch::Kind::kRegex) {
    return Fault{"\"proxy_pass\" cannot have URI part in location given by regular expression"};
  }
  auto upstream = find_upstream(scope, *url, line.node.place);
  if (auto* fault = std::get_if<Fault>(&upstream)) return std::move(*fault);
  const Upstream& found = *std::get<const Upstream*>(upstream);
  pass.tls = url->tls;
  pass.upstream = found.name;
  pass.host = url->authority.starts_with("unix:") ? "localhost" : url->authority;
  pass.port = std::to_string(found.implicit ? found.servers[0].port : url->tls ? 443 : 80);
  if (url->uri) pass.uri = std::string(*url->uri);
  if (!returns) scope.location->answer = std::move(pass);
  return std::nullopt;
}

}  // namespace levee::conf
