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

// Where something is: a path with its query, and the server's authority where a URI named one, in lower case.
struct Location {
  std::string authority, path;  // authority empty: of the server that was asked; path empty: nowhere
  bool operator==(const Location&) const = default;
};
// What `reference`, a URI in a document at `base`, means (RFC 3986 section 5). Its scheme and its fragment are left
// out.
Location resolve(const Location& base, std::string_view reference);

}  // namespace levee::bench
