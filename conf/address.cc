#include "conf/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace levee {
namespace {

std::optional<uint32_t> parse_decimal(std::string_view text, uint32_t most) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

template <typename T>
T& as(sockaddr_storage& storage) {
  return *reinterpret_cast<T*>(&storage);
}
template <typename T>
const T& as(const sockaddr_storage& storage) {
  return *reinterpret_cast<const T*>(&storage);
}

std::optional<SocketAddress> unix_address(std::string_view path) {
  SocketAddress result;
  auto& address = as<sockaddr_un>(result.storage);
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return std::nullopt;
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.sun_path);
  result.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return result;
}

std::optional<SocketAddress> ip_address(const std::string& host, uint16_t port) {
  SocketAddress result;
  if (auto& v4 = as<sockaddr_in>(result.storage); inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    result.length = sizeof(v4);
    return result;
  }
  if (auto& v6 = as<sockaddr_in6>(result.storage); inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    result.length = sizeof(v6);
    return result;
  }
  return std::nullopt;
}

}  // namespace

std::optional<SocketAddress> parse_socket_address(std::string_view text, uint16_t default_port) {
  if (text.starts_with("unix:")) return unix_address(text.substr(5));
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (host.find(':') == std::string_view::npos || (!port.empty() && port[0] != ':')) return std::nullopt;
  } else if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  } else if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto number = parse_decimal(text, 65535);
    return number && *number > 0 ? ip_address("0.0.0.0", static_cast<uint16_t>(*number)) : std::nullopt;
  }
  uint16_t number = default_port;
  if (!port.empty()) {
    const auto parsed = parse_decimal(port.substr(1), 65535);
    if (!parsed) return std::nullopt;
    number = static_cast<uint16_t>(*parsed);
  }
  if (host == "*") host = "0.0.0.0";
  if (host == "localhost") host = "127.0.0.1";
  return ip_address(std::string(host), number);
}

std::string to_string(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  switch (address.storage.ss_family) {
    case AF_INET: {
      const auto& v4 = as<sockaddr_in>(address.storage);
      inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
      return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
    }
    case AF_INET6: {
      const auto& v6 = as<sockaddr_in6>(address.storage);
      inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
      return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
    }
    case AF_UNIX:
      return std::string("unix:") + as<sockaddr_un>(address.storage).sun_path;
    default:
      return {};
  }
}

std::optional<AddressBlock> parse_address_block(std::string_view text) {
  AddressBlock block;
  if (text == "all") return block;
  if (text == "unix:") {
    block.family = AddressBlock::Family::kUnix;
    return block;
  }
  const size_t slash = text.find('/');
  const std::string host(text.substr(0, slash));
  uint32_t bits = 0;
  if (inet_pton(AF_INET, host.c_str(), block.address.data()) == 1) {
    block.family = AddressBlock::Family::kIpv4;
    bits = 32;
  } else if (inet_pton(AF_INET6, host.c_str(), block.address.data()) == 1) {
    block.family = AddressBlock::Family::kIpv6;
    bits = 128;
  } else {
    return std::nullopt;
  }
  if (slash != std::string_view::npos) {
    const auto prefix = parse_decimal(text.substr(slash + 1), bits);
    if (!prefix) return std::nullopt;
    bits = *prefix;
  }
  block.prefix = static_cast<uint8_t>(bits);
  return block;
}

bool contains(const AddressBlock& block, const sockaddr_storage& peer) {
  if (block.family == AddressBlock::Family::kAny) return true;
  if (peer.ss_family == AF_UNIX) return block.family == AddressBlock::Family::kUnix;

  const void* bytes = nullptr;
  auto family = AddressBlock::Family::kIpv4;
  if (peer.ss_family == AF_INET) {
    bytes = &as<sockaddr_in>(peer).sin_addr;
  } else if (peer.ss_family == AF_INET6) {
    const in6_addr& v6 = as<sockaddr_in6>(peer).sin6_addr;
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6);
    bytes = mapped ? &v6.s6_addr[12] : &v6.s6_addr[0];
    if (!mapped) family = AddressBlock::Family::kIpv6;
  } else {
    return false;
  }
  if (block.family != family) return false;

  const auto* address = static_cast<const uint8_t*>(bytes);
  const size_t whole = block.prefix / 8U;
  if (std::memcmp(address, block.address.data(), whole) != 0) return false;
  const unsigned rest = block.prefix % 8U;
  return rest == 0 || ((address[whole] ^ block.address[whole]) >> (8U - rest)) == 0;
}

}  // namespace levee
