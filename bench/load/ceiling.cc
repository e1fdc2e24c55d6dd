#include "bench/load/ceiling.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string_view>

#include "bench/client/target.h"

namespace levee::bench {
namespace {

std::atomic<bool> stopped{false};

struct Peer {
  int fd;
  SSL* ssl;
  size_t left = 0;  // of the answer that is being sent
};

class Ceiling {
 public:
  Ceiling(int listener, std::string answer, SSL_CTX* tls)
      : listener_(listener), tls_(tls), answer_(std::move(answer)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(EPOLL_CTL_ADD, listener_, EPOLLIN, nullptr);
  }
  ~Ceiling() { close(epoll_); }
  Ceiling(const Ceiling&) = delete;
  Ceiling& operator=(const Ceiling&) = delete;

  void run() {
    std::array<epoll_event, 512> events{};
    while (!stopped) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), 500);
      for (int i = 0; i < count; ++i) {
        Peer* const peer = static_cast<Peer*>(events[static_cast<size_t>(i)].data.ptr);
        if (peer == nullptr) {
          accept_all();
        } else if (!serve(*peer)) {
          drop(peer);
        }
      }
    }
  }

 private:
  void watch(int how, int fd, uint32_t what, Peer* peer) {
    epoll_event event{};
    event.events = what;
    event.data.ptr = peer;
    epoll_ctl(epoll_, how, fd, &event);
  }
  void accept_all() {
    for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto* const peer = new Peer{fd, tls_ != nullptr ? SSL_new(tls_) : nullptr};
      if (peer->ssl != nullptr) {
        SSL_set_fd(peer->ssl, fd);
        SSL_set_accept_state(peer->ssl);
      }
      watch(EPOLL_CTL_ADD, fd, EPOLLIN, peer);
    }
  }
  void drop(Peer* peer) {
    SSL_free(peer->ssl);
    close(peer->fd);
    delete peer;
  }
  // Whether the connection goes on. A request always comes in one piece here.
  bool serve(Peer& peer) {
    if (peer.left > 0) return send(peer, true);
    std::array<char, 4096> request;
    const auto size = peer.ssl != nullptr ? SSL_read(peer.ssl, request.data(), static_cast<int>(request.size()))
                                          : recv(peer.fd, request.data(), request.size(), 0);
    if (size <= 0)
      return peer.ssl != nullptr ? SSL_get_error(peer.ssl, static_cast<int>(size)) == SSL_ERROR_WANT_READ
                                 : size < 0 && errno == EAGAIN;
    if (!std::string_view(request.data(), static_cast<size_t>(size)).ends_with("\r\n\r\n")) return false;
    peer.left = answer_.size();
    return send(peer, false);
  }
  bool send(Peer& peer, bool was_waiting) {
    while (peer.left > 0) {
      const char* const from = answer_.data() + answer_.size() - peer.left;
      const auto sent = peer.ssl != nullptr ? SSL_write(peer.ssl, from, static_cast<int>(peer.left))
                                            : ::send(peer.fd, from, peer.left, MSG_NOSIGNAL);
      if (sent <= 0) {
        const bool full = peer.ssl != nullptr ? SSL_get_error(peer.ssl, static_cast<int>(sent)) == SSL_ERROR_WANT_WRITE
                                              : errno == EAGAIN;
        if (full && !was_waiting) watch(EPOLL_CTL_MOD, peer.fd, EPOLLOUT, &peer);
        return full;
      }
      peer.left -= static_cast<size_t>(sent);
    }
    if (was_waiting) watch(EPOLL_CTL_MOD, peer.fd, EPOLLIN, &peer);
    return true;
  }

  const int listener_;
  SSL_CTX* const tls_;
  const std::string answer_;
  const int epoll_;
};

int listen_at(const std::string& address) {
  const auto target = parse_target("http://" + address);
  if (!target) return -1;
  const int fd = socket(target->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool good =
      bind(fd, reinterpret_cast<const sockaddr*>(&target->address), target->address_size) == 0 && listen(fd, 4096) == 0;
  return good ? fd : -1;
}

}  // namespace

int run_ceiling(const CeilingOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  for (const int number : {SIGINT, SIGTERM}) std::signal(number, [](int) { stopped = true; });
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls(nullptr, SSL_CTX_free);
  if (!options.certificate.empty()) {
    tls.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_mode(tls.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_CTX_use_certificate_chain_file(tls.get(), options.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls.get(), options.key.c_str(), SSL_FILETYPE_PEM) != 1) {
      std::fprintf(stderr, "levee-bench ceiling: cannot read %s and %s\n", options.certificate.c_str(),
                   options.key.c_str());
      return 1;
    }
  }
  const int listener = listen_at(options.listen);
  if (listener < 0) {
    std::fprintf(stderr, "levee-bench ceiling: cannot listen at %s\n", options.listen.c_str());
    return 1;
  }
  std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nCache-Control: max-age=3600\r\nContent-Length: " +
      std::to_string(options.size) + "\r\n\r\n";
  answer.append(options.size, 'x');
  Ceiling(listener, std::move(answer), tls.get()).run();
  close(listener);
  return 0;
}

}  // namespace levee::bench
