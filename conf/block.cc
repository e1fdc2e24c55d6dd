#include "conf/block.h"

#include <algorithm>

namespace levee::conf {
namespace {

Outcome apply_lines(Scope& scope, const Line& line) {
  if (auto error = apply_block(scope, line.node.children))
    return Fault{std::move(error->text), std::move(error->place)};
  return std::nullopt;
}

// location [= | ~ | ~* | ^~] pattern: the modifier may be glued to the pattern.
Parsed<LocationMatch> parse_match(const Line& line) {
  using Kind = LocationMatch::Kind;
  static constexpr std::pair<std::string_view, Kind> kModifiers[] = {
      {"=", Kind::kExact}, {"^~", Kind::kPrefixNoRegex}, {"~*", Kind::kRegex}, {"~", Kind::kRegex}};
  LocationMatch match;
  std::string_view modifier;
  match.pattern = line[line.size() - 1];
  for (const auto& [word, kind] : kModifiers) {
    if (line.size() == 3 ? line[1] != word : !line[1].starts_with(word)) continue;
    modifier = word;
    match.kind = kind;
    if (line.size() == 2) match.pattern.erase(0, word.size());
    break;
  }
  if (line.size() == 3 && modifier.empty()) return Fault{"invalid location modifier \"" + line[1] + "\""};
  if (match.pattern.starts_with('@') && match.kind == Kind::kPrefix) {
    return Fault{"named location \"" + match.pattern + "\" is not supported"};
  }
  if (match.kind == Kind::kRegex) {
    auto regex = Regex::compile(match.pattern, modifier == "~*");
    if (auto* error = std::get_if<std::string>(&regex)) return Fault{std::move(*error)};
    match.regex = std::move(std::get<Regex>(regex));
  }
  return match;
}

bool same_requests(const LocationMatch& a, const LocationMatch& b) {
  using Kind = LocationMatch::Kind;
  const auto kind = [](const LocationMatch& match) {
    return match.kind == Kind::kPrefixNoRegex ? Kind::kPrefix : match.kind;
  };
  return kind(a) == kind(b) && a.pattern == b.pattern && a.kind != Kind::kRegex;
}

Outcome check_nesting(const Scope& scope, const LocationMatch& match) {
  using Kind = LocationMatch::Kind;
  const std::string name = "location \"" + match.pattern + "\"";
  for (const Location& sibling : scope.location->locations) {
    if (same_requests(sibling.match, match)) return Fault{"duplicate " + name};
  }
  if (scope.context != kLocation) return std::nullopt;
  const LocationMatch& outer = scope.location->match;
  if (outer.kind == Kind::kExact) {
    return Fault{name + " cannot be inside the exact location \"" + outer.pattern + "\""};
  }
  if (outer.kind != Kind::kRegex && match.kind != Kind::kRegex && !match.pattern.starts_with(outer.pattern)) {
    return Fault{name + " is outside location \"" + outer.pattern + "\""};
  }
  return std::nullopt;
}

// What a location's proxy_pass and its other lines mean together.
void finish_location(Scope& scope, Location& location) {
  const auto* pass = std::get_if<ProxyPass>(&location.answer);
  if (pass == nullptr || pass->is_dynamic) return;
  Upstream& upstream = scope.config.http.upstreams.find(pass->upstream)->second;
  if (location.health_check) {
    location.health_check->tls = pass->tls;
    upstream.health_check = location.health_check;
  }
  if (upstream.implicit && upstream.resolver.servers.empty()) {
    upstream.resolver = location.resolver;
    upstream.resolver_timeout = location.resolver_timeout;
  }
}

Outcome check_certificates(const Scope& scope) {
  const ServerTls& tls = scope.server->tls;
  for (const Certificate& pair : tls.certificates) {
    if (pair.key.empty()) {
      return Fault{"no \"ssl_certificate_key\" is defined for certificate \"" + pair.certificate + "\""};
    }
    if (pair.certificate.empty()) return Fault{"no \"ssl_certificate\" is defined for key \"" + pair.key + "\""};
  }
  for (const Listen& listen : scope.config.http.listens) {
    const bool ours = std::find(listen.servers.begin(), listen.servers.end(), scope.server) != listen.servers.end();
    if (ours && listen.ssl && tls.certificates.empty()) {
      return Fault{"no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive"};
    }
  }
  return std::nullopt;
}

}  // namespace

Outcome enter_events(Scope& scope, const Line& line) {
  Scope inner{kEvents, scope.config, scope.names, nullptr, nullptr, nullptr, &scope, {}};
  return apply_lines(inner, line);
}

Outcome enter_http(Scope& scope, const Line& line) {
  Server model;  // what servers and locations start from
  Scope inner{kHttp, scope.config, scope.names, &model, &model.base, nullptr, &scope, {}};
  apply_presets(inner, kAny);
  model.base.types = streaming_types();
  if (auto fault = apply_lines(inner, line)) return fault;
  scope.config.http.places = model.base.places;
  for (auto& [name, upstream] : scope.config.http.upstreams) {
    if (!upstream.resolver.servers.empty()) continue;
    upstream.resolver = model.base.resolver;
    upstream.resolver_timeout = model.base.resolver_timeout;
  }
  return add_peer_server(inner);
}

Outcome enter_server(Scope& scope, const Line& line) {
  Server& server = *scope.config.http.servers.emplace_back(std::make_unique<Server>(*scope.server));
  server.base.match = {LocationMatch::Kind::kPrefix, "/", std::nullopt};
  server.base.place = line.node.place;
  Scope inner{kServer, scope.config, scope.names, &server, &server.base, nullptr, &scope, {}};
  if (auto fault = apply_lines(inner, line)) return fault;
  if (!inner.seen.contains("listen")) add_default_listen(inner);
  if (server.names.empty()) server.names.emplace_back();
  return check_certificates(inner);
}

Outcome enter_location(Scope& scope, const Line& line) {
  auto match = parse_match(line);
  if (auto* fault = std::get_if<Fault>(&match)) return std::move(*fault);
  if (auto fault = check_nesting(scope, std::get<LocationMatch>(match))) return fault;

  Location location = *scope.location;
  location.match = std::move(std::get<LocationMatch>(match));
  location.place = line.node.place;
  location.answer = Files{};
  location.locations.clear();
  location.health_check.reset();
  Scope inner{kLocation, scope.config, scope.names, scope.server, &location, nullptr, &scope, {}};
  if (auto fault = apply_lines(inner, line)) return fault;
  finish_location(scope, location);
  scope.location->locations.push_back(std::move(location));
  return std::nullopt;
}

Outcome enter_upstream(Scope& scope, const Line& line) {
  Upstream upstream;
  upstream.name = line[1];
  upstream.place = line.node.place;
  Scope inner{kUpstream, scope.config, scope.names, nullptr, nullptr, &upstream, &scope, {}};
  apply_presets(inner, kUpstream);
  if (auto fault = apply_lines(inner, line)) return fault;
  if (upstream.servers.empty()) return Fault{"no servers are inside upstream"};
  if (!scope.config.http.upstreams.emplace(line[1], std::move(upstream)).second) {
    return Fault{"duplicate upstream \"" + line[1] + "\""};
  }
  return std::nullopt;
}

}  // namespace levee::conf
