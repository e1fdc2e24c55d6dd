// Where requests go: "https://127.0.0.1:8443/live/index.m3u8". Literal addresses and localhost only, so that nothing is
// loaded by accident.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

namespace levee::bench {

struct Target {
  sockaddr_storage address{};
  socklen_t address_size = 0;
  std::string authority;    // of the Host field
  std::string server_name;  // that TLS asks for (SNI, RFC 6066 section 3); empty: none, as for an address
  bool tls = false;
  std::string path = "/";  // with the query
  bool is_loopback = false;
};

std::optional<Target> parse_target(std::string_view url);

// What a server is asked for that has more than one name: "live.example.com", with ":8443" where the port is not the
// scheme's own.
struct HostName {
  std::string authority, name;  // with the port, and without
};
std::optional<HostName> parse_host(std::string_view word);

// The path that `reference`, a URI in a document at `base` of the same server, means.
std::string resolve_path(std::string_view base, std::string_view reference);

}  // namespace levee::bench
