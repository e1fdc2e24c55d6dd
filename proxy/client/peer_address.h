// A client's address in as few bytes as an idle connection should hold. Immutable.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace levee {

class PeerAddress {
 public:
  explicit PeerAddress(const sockaddr_storage& full);

  sockaddr_storage full() const;
  // Appends "1.2.3.4", "2001:db8::1" or "unix:".
  void append_text(std::string& out) const;
  // Appends 4 or 16 bytes ($binary_remote_addr).
  void append_binary(std::string& out) const;
  uint16_t port() const;  // 0: of a unix socket

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } address_;
};

}  // namespace levee
