// A listening socket, and its acceptor on one worker.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "conf/config.h"
#include "proxy/net/loop.h"

namespace levee {

// An open, listening socket; closed when the last holder lets it go. Immutable, so any thread may hold it.
class ListenSocket {
 public:
  // Binds and listens as the configuration says, or says what failed in nginx's words (and leaves errno). `first`: the
  // process has no other on this address, so that finding one there is an error.
  static std::variant<std::shared_ptr<const ListenSocket>, std::string> open(const Listen& listen, bool first);
  ~ListenSocket();
  ListenSocket(const ListenSocket&) = delete;
  ListenSocket& operator=(const ListenSocket&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  explicit ListenSocket(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
  std::string unlink_;  // a unix socket's file
};

// Who gets accepted connections.
class Acceptor {
 public:
  virtual ~Acceptor() = default;
  // Takes the descriptor, which is non-blocking.
  virtual void on_connection(int descriptor, const Listen& listen, const sockaddr_storage& peer) = 0;
  // Whether one more connection may be had; asked before each.
  virtual bool has_room() = 0;
  virtual void on_refused() = 0;
  // accept() failed: descriptors or memory run short.
  virtual void on_trouble(int error) = 0;
};

// Accepts on one loop, a bounded number a turn, so that a crowd that arrives does not starve those who are here. When
// descriptors run out it refuses (accepts and closes, from a spare descriptor) and goes on. Loop thread only.
class Listener {
 public:
  Listener(Loop& loop, std::shared_ptr<const ListenSocket> socket, const Listen& listen, Acceptor& acceptor);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // A new configuration's word on the same address.
  void use(const Listen& listen) { listen_ = &listen; }
  const std::shared_ptr<const ListenSocket>& socket() const { return socket_; }
  // Accepts all that wait, before the socket is closed.
  void accept_rest();

 private:
  bool accept_some();  // true: there may be more
  enum class Refusal : uint8_t { kRefused, kNobody, kFailed };
  Refusal refuse_one();
  void pause();

  Loop& loop_;
  const std::shared_ptr<const ListenSocket> socket_;
  const Listen* listen_;
  Acceptor& acceptor_;
  event* event_;
  Timer resume_;
  int spare_ = -1;
};

}  // namespace levee
