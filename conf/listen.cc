// listen and server_name: where a server is found.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "conf/block.h"

namespace levee::conf {
namespace {

// A listen line: what it says of the socket, and of its server there.
struct ListenLine {
  Listen listen;
  bool is_default = false;
};

std::optional<int> buffer_bytes(std::string_view word) {
  const auto value = bytes(word);
  if (!value || *value > INT32_MAX) return std::nullopt;
  return static_cast<int>(*value);
}
std::optional<int> positive(std::string_view word) {
  const auto value = count(word);
  if (!value || *value == 0) return std::nullopt;
  return static_cast<int>(*value);
}

template <auto Member, auto Parse>
bool option(ListenLine& line, std::string_view value) {
  line.listen.has_options = true;
  return take<Member, Parse>(line.listen, value);
}
template <auto Member>
bool mark(ListenLine& line, std::string_view /*value*/) {
  line.listen.*Member = true;
  return true;
}

// on | off | [idle]:[interval]:[count]
bool set_keepalive(ListenLine& line, std::string_view value) {
  line.listen.has_options = true;
  Listen::KeepAlive& keepalive = line.listen.keepalive;
  if (const auto on = flag(value)) {
    keepalive.on = *on;
    return true;
  }
  std::array<std::string_view, 3> parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t colon = value.find(':');
    if ((colon == std::string_view::npos) != (i == 2)) return false;
    parts[i] = value.substr(0, colon);
    value.remove_prefix(i == 2 ? value.size() : colon + 1);
  }
  const auto seconds = [](std::string_view word, int& into) {
    const auto time = word.empty() ? Milliseconds(0) : duration(word);
    if (time && time->count() < INT32_MAX) into = static_cast<int>(time->count() / 1000);
    return time.has_value();
  };
  const auto probes = parts[2].empty() ? 0 : count(parts[2]);
  if (!probes || !seconds(parts[0], keepalive.idle) || !seconds(parts[1], keepalive.interval)) return false;
  keepalive.count = static_cast<int>(*probes);
  keepalive.on = true;
  return true;
}

constexpr Parameter<ListenLine> kParameters[] = {
    {"default_server", switch_on<&ListenLine::is_default>},
    {"default", switch_on<&ListenLine::is_default>},
    {"ssl", mark<&Listen::ssl>},
    {"http2", mark<&Listen::http2>},
    {"reuseport", mark<&Listen::reuseport>},
    {"deferred", mark<&Listen::deferred>},
    {"bind", skip<ListenLine>},
    {"backlog=", option<&Listen::backlog, positive>},
    {"rcvbuf=", option<&Listen::rcvbuf, buffer_bytes>},
    {"sndbuf=", option<&Listen::sndbuf, buffer_bytes>},
    {"fastopen=", option<&Listen::fastopen, positive>},
    {"ipv6only=", option<&Listen::ipv6only, flag>},
    {"so_keepalive=", set_keepalive},
};

// Joins a server's line with what others said of the same address.
Outcome join(Scope& scope, ListenLine line) {
  auto& listens = scope.config.http.listens;
  auto known =
      std::find_if(listens.begin(), listens.end(), [&](const Listen& other) { return other.text == line.listen.text; });
  if (known == listens.end()) {
    known = listens.insert(listens.end(), std::move(line.listen));
  } else {
    if (known->servers.back() == scope.server) return Fault{"a duplicate listen " + known->text};
    if (line.listen.has_options && known->has_options) return Fault{"duplicate listen options for " + known->text};
    line.listen.ssl |= known->ssl;
    line.listen.http2 |= known->http2;
    line.listen.reuseport |= known->reuseport;
    line.listen.deferred |= known->deferred;
    if (line.listen.has_options) {
      line.listen.servers = std::move(known->servers);
      line.listen.default_server = known->default_server;
      *known = std::move(line.listen);
    } else {
      known->ssl = line.listen.ssl;
      known->http2 = line.listen.http2;
      known->reuseport = line.listen.reuseport;
      known->deferred = line.listen.deferred;
    }
  }
  if (line.is_default && known->default_server != nullptr) {
    return Fault{"a duplicate default server for " + known->text};
  }
  if (line.is_default) known->default_server = scope.server;
  known->servers.push_back(scope.server);
  return std::nullopt;
}

bool is_bad_name(std::string_view name) {
  return name.find("..") != std::string_view::npos || name.find('*') != std::string_view::npos ||
         name.find('/') != std::string_view::npos;
}

Parsed<ServerName> parse_name(const std::string& word) {
  using Kind = ServerName::Kind;
  ServerName name;
  if (word.starts_with('~')) {
    if (word.size() == 1) return Fault{"empty regex in server name \"" + word + "\""};
    auto regex = Regex::compile(word.substr(1), true);
    if (auto* error = std::get_if<std::string>(&regex)) return Fault{std::move(*error)};
    name.kind = Kind::kRegex;
    name.text = word;
    name.regex = std::move(std::get<Regex>(regex));
    return name;
  }
  name.text = word;
  if (word == "$hostname") {
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) == 0) name.text = host.data();
  }
  std::transform(name.text.begin(), name.text.end(), name.text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string_view rest = name.text;
  if (rest.starts_with("*.") && rest.size() > 2) {
    name.kind = Kind::kLeading;
    rest.remove_prefix(1);
  } else if (rest.starts_with('.') && rest.size() > 1) {
    name.kind = Kind::kLeading;
    name.or_bare = true;
  } else if (rest.ends_with(".*") && rest.size() > 2) {
    name.kind = Kind::kTrailing;
    rest.remove_suffix(1);
  }
  if (is_bad_name(rest) || rest == ".") return Fault{"server name \"" + word + "\" is invalid"};
  name.text = std::string(rest);
  return name;
}

}  // namespace

Outcome add_listen(Scope& scope, const Line& line) {
  scope.is_first("listen");
  ListenLine parsed;
  const auto address = parse_socket_address(line[1], 80);
  if (!address) return Fault{"invalid address \"" + line[1] + "\" of the \"listen\" directive"};
  parsed.listen.address = *address;
  parsed.listen.text = to_string(*address);
  if (auto fault = apply_parameters<ListenLine>(parsed, kParameters, line.from(2))) return fault;
  return join(scope, std::move(parsed));
}

Outcome add_default_listen(Scope& scope) {
  ListenLine parsed;
  parsed.listen.address = *parse_socket_address("80", 80);
  parsed.listen.text = to_string(parsed.listen.address);
  return join(scope, std::move(parsed));
}

// What a peer's question may take: the viewer's head, and its key, of which each byte may be written as three.
decltype(Server::large_client_header_buffers) room_for_questions(const Http& http) {
  constexpr uint64_t kOwn = 4096, kMost = 16U << 20U;  // bytes; of what peers add, and of one line
  uint64_t head = 0;
  for (const auto& server : http.servers) {
    const auto& buffers = server->large_client_header_buffers;
    head = std::max(head, buffers.size * std::max(buffers.count, 1U));
  }
  return {2, std::min(3 * head + kOwn, kMost)};
}

// It inherits what http says of time-outs and TLS, and nothing that is meant for viewers.
Outcome add_peer_server(Scope& scope) {
  Cluster& cluster = scope.config.http.cluster;
  if (!cluster.peer_listen) return std::nullopt;
  ListenLine parsed;
  parsed.listen.address = *cluster.peer_listen;
  parsed.listen.text = to_string(parsed.listen.address);
  parsed.listen.ssl = cluster.advertise.starts_with("https://");
  for (const Listen& other : scope.config.http.listens) {
    if (other.text == parsed.listen.text) return Fault{"\"peer_listen\" has the address of a server, " + other.text};
  }
  if (parsed.listen.ssl && scope.server->tls.certificates.empty()) {
    return Fault{"no \"ssl_certificate\" is defined in \"http\" for the https:// address of \"node\""};
  }
  const auto room = room_for_questions(scope.config.http);
  Server& server = *scope.config.http.servers.emplace_back(std::make_unique<Server>(*scope.server));
  server.names.emplace_back();
  server.large_client_header_buffers = room;
  Location& base = server.base;
  base.match = {LocationMatch::Kind::kPrefix, "/", std::nullopt};
  base.answer = LeveePeer{};
  base.access.clear();
  base.add_headers.clear();
  base.expires = {};
  base.access_logs.clear();
  cluster.peer_location = &base;
  Scope inner{kServer, scope.config, scope.names, &server, &base, nullptr, &scope, {}};
  return join(inner, std::move(parsed));
}

Outcome add_server_names(Scope& scope, const Line& line) {
  for (const std::string& word : line.from(1)) {
    auto name = parse_name(word);
    if (auto* fault = std::get_if<Fault>(&name)) return std::move(*fault);
    const ServerName& parsed = std::get<ServerName>(name);
    if (scope.server->names.empty()) {
      scope.server->name = parsed.kind == ServerName::Kind::kExact ? parsed.text : word.substr(parsed.or_bare ? 1 : 0);
    }
    scope.server->names.push_back(std::move(std::get<ServerName>(name)));
  }
  return std::nullopt;
}

}  // namespace levee::conf
