// A plain HTTP/1.1 server on one event loop that sends each answer at the pace it asks for.
#pragma once

#include <event2/event.h>
#include <event2/listener.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "bench/origin/answer.h"

namespace levee::bench {

int64_t wall_ms();

// Whoever answers. An exchange is one request with its answer; its number is never used again.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Calls HttpServer::reply at once or later, or never.
  virtual void on_request(uint64_t exchange, const Request& request) = 0;
  // The answer is sent, or the client has gone.
  virtual void on_done(uint64_t exchange) = 0;
};

class HttpServer {
 public:
  HttpServer(event_base& base, HttpHandler& handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // `address`: "127.0.0.1:8081"; port 0 takes a free one. Returns what is wrong, or nothing.
  std::string listen(const std::string& address);
  uint16_t port() const { return port_; }

  // Does nothing when the client has gone.
  void reply(uint64_t exchange, Answer answer);
  size_t connections() const { return connections_.size(); }
  uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  class Connection;
  friend class Connection;
  static void on_accept(evconnlistener* listener, evutil_socket_t fd, sockaddr* from, int size, void* self);
  void drop(Connection& connection);

  event_base& base_;
  HttpHandler& handler_;
  evconnlistener* listener_ = nullptr;
  uint16_t port_ = 0;
  uint64_t next_exchange_ = 1;
  uint64_t bytes_sent_ = 0;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::unordered_map<uint64_t, Connection*> exchanges_;  // not yet done
};

}  // namespace levee::bench
