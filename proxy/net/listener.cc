// Opening listening sockets, accepting, and what happens when descriptors run out.
#include "proxy/net/listener.h"

#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "proxy/net/errno_text.h"

namespace levee {
namespace {

constexpr int kAcceptsATurn = 32;
constexpr int64_t kPause = 50;  // ms without accepting when not even refusing works

int open_spare() {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool set(int descriptor, int level, int option, int value) {
  return setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}

// Accepted sockets inherit these from the listening one, which saves system calls for each.
void set_inherited_options(int descriptor, const Listen& listen) {
  if (listen.rcvbuf > 0) set(descriptor, SOL_SOCKET, SO_RCVBUF, listen.rcvbuf);
  if (listen.sndbuf > 0) set(descriptor, SOL_SOCKET, SO_SNDBUF, listen.sndbuf);
  if (listen.address.get()->sa_family == AF_UNIX) return;
  set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  if (listen.fastopen > 0) set(descriptor, IPPROTO_TCP, TCP_FASTOPEN, listen.fastopen);
  if (listen.deferred) set(descriptor, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
  if (!listen.keepalive.on) return;
  set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (listen.keepalive.idle > 0) set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, listen.keepalive.idle);
  if (listen.keepalive.interval > 0) set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, listen.keepalive.interval);
  if (listen.keepalive.count > 0) set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, listen.keepalive.count);
}

// A socket file that a dead process left behind is in the way; one that somebody listens on is not ours to take.
void remove_stale_unix_socket(const Listen& listen) {
  const auto& address = reinterpret_cast<const sockaddr_un&>(listen.address.storage);
  struct stat status {};
  if (address.sun_path[0] == '\0' || lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) return;
  if (connect(probe, listen.address.get(), listen.address.length) != 0 && errno == ECONNREFUSED) {
    unlink(address.sun_path);
  }
  close(probe);
}

// SO_REUSEPORT lets a second process of the same user share our ports without a word. A socket without it finds out
// whether somebody listens there.
bool is_taken(const Listen& listen) {
  const int family = listen.address.get()->sa_family;
  const int probe = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  set(probe, SOL_SOCKET, SO_REUSEADDR, 1);
  if (family == AF_INET6) set(probe, IPPROTO_IPV6, IPV6_V6ONLY, listen.ipv6only ? 1 : 0);
  const bool taken = bind(probe, listen.address.get(), listen.address.length) != 0 && errno == EADDRINUSE;
  close(probe);
  return taken;
}

}  // namespace

std::variant<std::shared_ptr<const ListenSocket>, std::string> ListenSocket::open(const Listen& listen, bool first) {
  const int family = listen.address.get()->sa_family;
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const std::shared_ptr<ListenSocket> socket(new ListenSocket(descriptor));
  const auto failed = [&](const char* call) {
    const int error = errno;
    std::string text = std::string(call) + listen.text + " failed " + errno_text(error);
    errno = error;
    return text;
  };
  if (descriptor < 0) return failed("socket() ");
  if (family == AF_UNIX) {
    remove_stale_unix_socket(listen);
  } else {
    if (first && is_taken(listen)) {
      errno = EADDRINUSE;
      return failed("bind() to ");
    }
    if (!set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)) return failed("setsockopt(SO_REUSEADDR) ");
    if (!set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1)) return failed("setsockopt(SO_REUSEPORT) ");
  }
  if (family == AF_INET6) set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, listen.ipv6only ? 1 : 0);
  set_inherited_options(descriptor, listen);
  if (bind(descriptor, listen.address.get(), listen.address.length) != 0) return failed("bind() to ");
  if (family == AF_UNIX) {
    const auto& address = reinterpret_cast<const sockaddr_un&>(listen.address.storage);
    if (address.sun_path[0] != '\0') {
      socket->unlink_ = address.sun_path;
      chmod(address.sun_path, 0666);
    }
  }
  if (::listen(descriptor, listen.backlog) != 0) return failed("listen() to ");
  return socket;
}

ListenSocket::~ListenSocket() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!unlink_.empty()) unlink(unlink_.c_str());
}

Listener::Listener(Loop& loop, std::shared_ptr<const ListenSocket> socket, const Listen& listen, Acceptor& acceptor)
    : loop_(loop),
      socket_(std::move(socket)),
      listen_(&listen),
      acceptor_(acceptor),
      resume_(
          loop, [](void* self) { event_add(static_cast<Listener*>(self)->event_, nullptr); }, this),
      spare_(open_spare()) {
  event_ = event_new(
      loop.base(), socket_->descriptor(), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<Listener*>(self)->accept_some(); }, this);
  event_add(event_, nullptr);
}

Listener::~Listener() {
  event_free(event_);
  if (spare_ >= 0) close(spare_);
}

bool Listener::accept_some() {
  for (int i = 0; i < kAcceptsATurn; ++i) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    const int descriptor =
        accept4(socket_->descriptor(), reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      if (acceptor_.has_room()) {
        acceptor_.on_connection(descriptor, *listen_, peer);
        loop_.settle();
      } else {
        close(descriptor);
        acceptor_.on_refused();
      }
      continue;
    }
    switch (errno) {
      case EAGAIN:
        return false;
      case EMFILE:
      case ENFILE:
        acceptor_.on_trouble(errno);
        switch (refuse_one()) {
          case Refusal::kRefused:
            continue;
          case Refusal::kNobody:
            return false;
          case Refusal::kFailed:
            pause();
            return false;
        }
        return false;
      case ENOBUFS:
      case ENOMEM:
      case EBADF:
      case EINVAL:
      case ENOTSOCK:
        acceptor_.on_trouble(errno);
        pause();
        return false;
      default:
        continue;  // that connection's own trouble: aborted, or a network error that it carried
    }
  }
  return true;
}

void Listener::accept_rest() {
  constexpr int kTurns = 64;  // more may come as fast as we take them
  for (int i = 0; i < kTurns && accept_some(); ++i) {
  }
}

// The descriptor kept aside makes room to take one connection and close it, so that its client knows at once.
Listener::Refusal Listener::refuse_one() {
  if (spare_ >= 0) close(spare_);
  const int descriptor = accept4(socket_->descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
  const bool nobody = descriptor < 0 && errno == EAGAIN;
  if (descriptor >= 0) {
    close(descriptor);
    acceptor_.on_refused();
  }
  spare_ = open_spare();
  if (nobody) return Refusal::kNobody;
  return descriptor >= 0 && spare_ >= 0 ? Refusal::kRefused : Refusal::kFailed;
}

void Listener::pause() {
  event_del(event_);
  resume_.set(kPause);
}

}  // namespace levee
