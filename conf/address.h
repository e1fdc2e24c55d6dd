// Addresses as a configuration writes them.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace levee {

// A socket address: IPv4, IPv6 or unix.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// "1.2.3.4:80", "[::1]:80", "unix:/path"; a port alone or "*:port" is any IPv4 address. Never asks a name server.
std::optional<SocketAddress> parse_socket_address(std::string_view text, uint16_t default_port);
// "1.2.3.4:80" and the like, "unix:/path" for unix sockets.
std::string to_string(const SocketAddress& address);

// A block of addresses: 10.0.0.0/8, 2001:db8::/32, or all unix sockets.
struct AddressBlock {
  enum class Family : uint8_t { kAny, kIpv4, kIpv6, kUnix } family = Family::kAny;
  std::array<uint8_t, 16> address{};
  uint8_t prefix = 0;  // bits
};

std::optional<AddressBlock> parse_address_block(std::string_view text);
// An IPv4 address mapped into IPv6 counts as IPv4.
bool contains(const AddressBlock& block, const sockaddr_storage& peer);

}  // namespace levee
