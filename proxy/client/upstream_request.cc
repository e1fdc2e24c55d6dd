#include "proxy/client/upstream_request.h"

#include <algorithm>
#include <array>
#include <functional>
#include <random>

#include "proxy/client/exchange.h"
#include "proxy/client/slices.h"
#include "proxy/client/variables.h"

namespace levee {
namespace {

bool is_condition(FieldId id) {
  switch (id) {
    case FieldId::kIfMatch:
    case FieldId::kIfNoneMatch:
    case FieldId::kIfModifiedSince:
    case FieldId::kIfUnmodifiedSince:
    case FieldId::kIfRange:
      return true;
    default:
      return false;
  }
}

// What the fetch writes itself, whatever proxy_set_header says.
bool is_of_the_fetch(FieldId id) {
  return id == FieldId::kConnection || id == FieldId::kContentLength || id == FieldId::kTransferEncoding ||
         id == FieldId::kKeepAlive || id == FieldId::kUpgrade || id == FieldId::kTe || id == FieldId::kTrailer;
}

bool is_set(const Location& location, const Field& field) {
  return std::ranges::any_of(location.set_headers, [&](const SetHeader& set) {
    const FieldId id = field_id(set.name);
    return id == field.id && (id != FieldId::kOther || same_name(set.name, field.name));
  });
}

// Whether an origin that reads "_" and "-" alike, as CGI does, would take it for a field that we write ourselves.
bool passes_for_ours(const Location& location, const Field& field) {
  if (field.name.find('_') == std::string_view::npos) return false;
  std::string name(field.name);
  std::ranges::replace(name, '_', '-');
  const FieldId id = field_id(name);
  return is_hop_by_hop(id) || is_of_the_fetch(id) || id == FieldId::kHost || is_set(location, {name, {}, id});
}

void append_field(std::string_view name, std::string_view value, std::string& out) {
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_set_fields(const Exchange& x, std::string_view host, std::string& out) {
  const Location& location = *x.plan->location;
  bool has_host = false;
  std::string value;
  for (const SetHeader& set : location.set_headers) {
    const FieldId id = field_id(set.name);
    has_host |= id == FieldId::kHost;
    if (is_of_the_fetch(id) || (id == FieldId::kRange && location.slice > 0)) continue;
    value.clear();
    set.value.append_to(value, Variables(x));
    if (!value.empty()) append_field(set.name, value, out);
  }
  if (!has_host) out.insert(0, std::string("Host: ").append(host).append("\r\n"));
}

void append_client_fields(const Exchange& x, OrderKind kind, std::string& out) {
  const Location& location = *x.plan->location;
  const Fields& fields = x.head.fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field field = fields[i];
    if (is_hop_by_hop(field.id) || is_of_the_fetch(field.id) || is_set(location, field)) continue;
    if (passes_for_ours(location, field)) continue;
    switch (field.id) {
      case FieldId::kHost:
      case FieldId::kExpect:
      case FieldId::kVia:
      case FieldId::kCdnLoop:
      case FieldId::kRange:  // in Order::range
        continue;
      default:
        break;
    }
    if (is_condition(field.id) && kind == OrderKind::kStored) continue;
    if (field.id == FieldId::kIfRange && x.head.method() != Method::kGet) continue;  // means nothing without Range
    append_field(field.name, field.value, out);
  }
}

// "Via: 1.0 fred, 1.1 levee" and "CDN-Loop: ...": the earlier members, and us.
void append_trail(const Exchange& x, std::string& out) {
  const Fields& fields = x.head.fields();
  for (const FieldId id : {FieldId::kVia, FieldId::kCdnLoop}) {
    out.append(field_name(id)).append(": ");
    for (size_t i = fields.first(id); i < fields.size(); i = fields.next(i)) {
      if (!fields[i].value.empty()) out.append(fields[i].value).append(", ");
    }
    if (id == FieldId::kVia) {
      out.append(x.head.minor() == 0 ? "1.0 levee" : "1.1 levee");
    } else {
      out.append(loop_name());
    }
    out.append("\r\n");
  }
}

size_t matched_size(const LocationMatch& match) {
  return match.kind == LocationMatch::Kind::kRegex ? 0 : match.pattern.size();
}

std::string target_of(const Exchange& x, const std::optional<std::string>& uri, bool is_dynamic) {
  const RequestHead& head = x.head;
  if (!uri) {
    if (!head.request_uri().empty() && head.request_uri()[0] == '?') return "/" + std::string(head.request_uri());
    return std::string(head.request_uri());
  }
  if (is_dynamic) return uri->starts_with('/') ? *uri : "/" + *uri;
  return replaced_target(*uri, x.path, matched_size(x.plan->location->match), head.has_query(), head.query());
}

}  // namespace

std::optional<ProxyTarget> parse_proxy_url(std::string_view url) {
  ProxyTarget target;
  if (url.starts_with("https://")) {
    target.tls = true;
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    url.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  const size_t end = std::min(url.find_first_of("/?"), url.size());
  const std::string_view host = url.substr(0, end);
  if (host.empty() || host.find_first_of(" \r\n\t") != std::string_view::npos) return std::nullopt;
  if (end < url.size()) {
    if (url.find_first_of(std::string_view(" \r\n\t\0", 5)) != std::string_view::npos) return std::nullopt;
    target.uri = std::string(url.substr(end));
  }
  target.host = target.upstream = host;
  const size_t colon = host.ends_with(']') ? std::string_view::npos : host.rfind(':');
  target.port = colon == std::string_view::npos ? (target.tls ? "443" : "80") : std::string(host.substr(colon + 1));
  return target;
}

void append_escaped_path(std::string_view path, std::string& out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 32 && byte < 127 && c != '#' && c != '%' && c != '?') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
}

std::string replaced_target(std::string_view uri, std::string_view path, size_t matched, bool has_query,
                            std::string_view query) {
  std::string target(uri);
  append_escaped_path(path.substr(std::min(matched, path.size())), target);
  if (!target.starts_with('/')) target.insert(0, "/");
  if (has_query) target.append("?").append(query);
  return target;
}

std::string origin_target(const Exchange& x) {
  const ProxyPass& pass = *x.plan->pass;
  const ProxyTarget* const target = x.target.get();
  return target_of(x, target != nullptr ? target->uri : pass.uri, pass.is_dynamic);
}

Order make_order(const Exchange& x, OrderKind kind) {
  const Location& location = *x.plan->location;
  const ProxyPass& pass = *x.plan->pass;
  const ProxyTarget* const target = x.target.get();
  Order order;
  order.generation = x.connection->generation();
  order.location = &location;
  order.tls = target != nullptr ? target->tls : pass.tls;
  order.upstream = target != nullptr ? target->upstream : pass.upstream;
  order.host = target != nullptr ? target->host : pass.host;
  if (order.tls) order.tls_name = location.tls.name.evaluate(Variables(x));
  order.target = origin_target(x);
  if (location.method) {
    order.method = location.method->evaluate(Variables(x));
  } else if (kind == OrderKind::kStored && x.head.method() == Method::kHead) {
    order.method = "GET";
  } else {
    order.method = x.head.method_name();
  }
  append_set_fields(x, order.host, order.fields);
  if (location.pass_request_headers) append_client_fields(x, kind, order.fields);
  append_trail(x, order.fields);
  if (x.plan->store != nullptr) order.fields.append("Surrogate-Capability: levee=\"Surrogate/1.0\"\r\n");
  if (kind == OrderKind::kPrivate && x.head.method() == Method::kGet) {
    order.range = x.head.fields().get(FieldId::kRange);
  }
  order.authorized = x.head.fields().has(FieldId::kAuthorization);
  order.may_store = kind == OrderKind::kStored;
  order.wants_trailers = x.head.minor() > 0 && x.head.fields().has_member(FieldId::kTe, "trailers");
  if (kind == OrderKind::kPrivate && x.head.wants_upgrade()) order.upgrade = upgrade_of(x);
  if (kind == OrderKind::kStored && location.slice > 0 && order.method == "GET" && !x.body.has_body()) {
    order.slice = slice_order(x);
  }
  return order;
}

std::string upgrade_of(const Exchange& x) {
  if (!x.head.wants_upgrade() || x.head.method() != Method::kGet || x.body.has_body()) return {};
  if (x.plan->location->http10) return {};
  std::string protocol, connection;
  for (const SetHeader& set : x.plan->location->set_headers) {
    if (field_id(set.name) == FieldId::kUpgrade) protocol = set.value.evaluate(Variables(x));
    if (field_id(set.name) == FieldId::kConnection) connection = set.value.evaluate(Variables(x));
  }
  if (!same_name(connection, "upgrade")) return {};
  // HTTP/2 in clear text would carry requests past everything that is checked here.
  Fields fields;
  const std::string line = "Upgrade: " + protocol + "\r\n";
  if (protocol.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos || !fields.read_lines(line)) return {};
  return fields.has_member(FieldId::kUpgrade, "h2c") ? std::string() : protocol;
}

std::string_view loop_name() {
  static const std::string name = [] {
    std::random_device random;
    constexpr char kHex[] = "0123456789abcdef";
    std::string text = "levee-";
    for (int i = 0; i < 16; ++i) text += kHex[random() & 15U];
    return text;
  }();
  return name;
}

bool loops(const Exchange& x) {
  bool found = false;
  x.head.fields().for_each_member(FieldId::kCdnLoop, [&](std::string_view member) {
    found = member.substr(0, member.find_first_of("; \t")) == loop_name();  // parameters may follow
    return !found;
  });
  return found;
}

}  // namespace levee
