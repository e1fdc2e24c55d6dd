#include "proxy/client/peer_address.h"

#include <arpa/inet.h>

#include <cstring>

namespace levee {

PeerAddress::PeerAddress(const sockaddr_storage& full) : address_{} {
  std::memcpy(&address_, &full, sizeof address_);
}

sockaddr_storage PeerAddress::full() const {
  sockaddr_storage full{};
  std::memcpy(&full, &address_, sizeof address_);
  return full;
}

void PeerAddress::append_text(std::string& out) const {
  char text[INET6_ADDRSTRLEN];
  if (address_.any.sa_family == AF_INET) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(&address_.v4.sin_addr);
    for (int i = 0; i < 4; ++i) {
      if (i > 0) out += '.';
      const unsigned value = bytes[i];
      if (value >= 100) out += static_cast<char>('0' + value / 100);
      if (value >= 10) out += static_cast<char>('0' + value / 10 % 10);
      out += static_cast<char>('0' + value % 10);
    }
  } else if (address_.any.sa_family == AF_INET6) {
    if (inet_ntop(AF_INET6, &address_.v6.sin6_addr, text, sizeof text) != nullptr) out += text;
  } else {
    out += "unix:";
  }
}

void PeerAddress::append_binary(std::string& out) const {
  if (address_.any.sa_family == AF_INET) {
    out.append(reinterpret_cast<const char*>(&address_.v4.sin_addr), sizeof address_.v4.sin_addr);
  } else if (address_.any.sa_family == AF_INET6) {
    out.append(reinterpret_cast<const char*>(&address_.v6.sin6_addr), sizeof address_.v6.sin6_addr);
  }
}

uint16_t PeerAddress::port() const {
  if (address_.any.sa_family == AF_INET) return ntohs(address_.v4.sin_port);
  if (address_.any.sa_family == AF_INET6) return ntohs(address_.v6.sin6_port);
  return 0;
}

}  // namespace levee
