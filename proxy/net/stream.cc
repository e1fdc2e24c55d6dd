// Sockets, TLS records and readiness.
#include "proxy/net/stream.h"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "proxy/net/tls_socket.h"

namespace levee {
namespace {

constexpr size_t kGathered = 4096;     // bytes that are copied together rather than sent in parts
constexpr size_t kRecord = 16 * 1024;  // the most that a TLS record carries

constexpr Stream::Wait operator|(Stream::Wait a, Stream::Wait b) {
  return static_cast<Stream::Wait>(static_cast<uint8_t>(a) | static_cast<uint8_t>(b));
}
constexpr bool has(Stream::Wait set, Stream::Wait one) {
  return (static_cast<uint8_t>(set) & static_cast<uint8_t>(one)) != 0;
}

bool is_transient(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

// recv() and sendmsg() are points of cancellation in glibc, which costs a process with threads a tenth of what we do
// for a small hit. Nobody cancels our threads, so the system calls are made directly.
ssize_t receive(int descriptor, void* into, size_t size) {
  return syscall(SYS_recvfrom, descriptor, into, size, 0, nullptr, nullptr);
}
ssize_t send_parts(int descriptor, std::span<const iovec> parts) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  return syscall(SYS_sendmsg, descriptor, &message, MSG_NOSIGNAL);
}
// Few bytes are cheaper to copy here than to describe to the kernel part by part.
ssize_t send_gathered(int descriptor, std::span<const iovec> parts) {
  std::array<std::byte, kGathered> bytes;
  size_t size = 0;
  for (const iovec& part : parts) {
    std::memcpy(bytes.data() + size, part.iov_base, part.iov_len);
    size += part.iov_len;
  }
  return syscall(SYS_sendto, descriptor, bytes.data(), size, MSG_NOSIGNAL, nullptr, 0);
}

// OpenSSL takes an old error for one of the next call. Clearing frees sixteen of them whether there are any or not.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

IoResult from_errno(size_t count = 0) {
  return {is_transient(errno) ? Io::kAgain : Io::kFailed, count};
}

}  // namespace

bool is_own_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS || error == EADDRNOTAVAIL;
}

Stream::Stream(Loop& loop, int descriptor, StreamOwner& owner)
    : owner_(&owner),
      timer_(
          loop, [](void* self) { static_cast<Stream*>(self)->owner_->on_timeout(); }, this),
      descriptor_(descriptor) {
  event_assign(
      &read_event_, loop.base(), descriptor, EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<Stream*>(self)->on_event(Wait::kRead); }, this);
  ++loop.streams_;
}

Stream::~Stream() {
  --loop().streams_;
  if (has(armed_, Wait::kRead)) event_del(&read_event_);
  if (write_event_ != nullptr) event_free(write_event_);
  if (ssl_ != nullptr) {
    if (warm_ >= 0) loop().warm_[static_cast<size_t>(warm_)] = nullptr;
    forget_errors();
    if (!abort_ && SSL_is_init_finished(ssl_)) SSL_shutdown(ssl_);
    SSL_free(ssl_);
    forget_errors();
  }
  if (abort_) {
    const linger now{1, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  close(descriptor_);
}

std::unique_ptr<Stream> Stream::connect(Loop& loop, const SocketAddress& address, StreamOwner& owner) {
  const int descriptor = socket(address.get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return nullptr;
  if (address.get()->sa_family != AF_UNIX) {
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (::connect(descriptor, address.get(), address.length) != 0 && errno != EINPROGRESS) {
    const int error = errno;
    close(descriptor);
    errno = error;
    return nullptr;
  }
  return std::make_unique<Stream>(loop, descriptor, owner);
}

int Stream::connect_error() {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

bool Stream::start_tls(SSL_CTX* context, bool server, const std::string& server_name) {
  forget_errors();
  ssl_ = SSL_new(context);
  BIO* const socket = ssl_ != nullptr ? tls_socket(descriptor_) : nullptr;
  if (socket == nullptr) return false;
  SSL_set_bio(ssl_, socket, socket);
  if (server) {
    SSL_set_accept_state(ssl_);
  } else {
    SSL_set_connect_state(ssl_);
    if (!server_name.empty()) SSL_set_tlsext_host_name(ssl_, server_name.c_str());
  }
  return true;
}

// kAgain remembers the direction; an end without close_notify is a failure, since the bytes before it may be cut.
IoResult Stream::tls_result(int returned, size_t count) {
  tls_needs_ = Wait::kNothing;
  if (returned > 0) return {Io::kDone, count};
  switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ:
      tls_needs_ = Wait::kRead;
      return {Io::kAgain, count};
    case SSL_ERROR_WANT_WRITE:
      tls_needs_ = Wait::kWrite;
      return {Io::kAgain, count};
    case SSL_ERROR_ZERO_RETURN:
      return {Io::kClosed, count};
    default:
      abort_ = true;  // no close_notify may follow a fatal error
      return {Io::kFailed, count};
  }
}

IoResult Stream::handshake() {
  if (ssl_ == nullptr) return {};
  forget_errors();
  const IoResult result = tls_result(SSL_do_handshake(ssl_), 0);
  dry_ = tls_needs_ == Wait::kRead;
  return result;
}

IoResult Stream::read(std::span<std::byte> into) {
  if (ssl_ == nullptr) {
    const ssize_t count = receive(descriptor_, into.data(), into.size());
    if (count > 0) return {Io::kDone, static_cast<size_t>(count)};
    return count == 0 ? IoResult{Io::kClosed, 0} : from_errno();
  }
  size_t total = 0;
  forget_errors();
  do {  // all that OpenSSL holds, since the socket will not call again for it
    size_t count = 0;
    const IoResult result = tls_result(SSL_read_ex(ssl_, into.data() + total, into.size() - total, &count), 0);
    dry_ = tls_needs_ == Wait::kRead;
    if (dry_) tls_needs_ = Wait::kNothing;
    if (result.state != Io::kDone) return total > 0 ? IoResult{Io::kDone, total} : result;
    total += count;
  } while (total < into.size() && SSL_has_pending(ssl_) != 0);
  return {Io::kDone, total};
}

IoResult Stream::write(std::span<const iovec> from) {
  if (ssl_ != nullptr) return write_tls(from);
  size_t wanted = 0;
  for (const iovec& part : from) wanted += part.iov_len;
  const ssize_t count = wanted <= kGathered ? send_gathered(descriptor_, from) : send_parts(descriptor_, from);
  if (count < 0) return from_errno();
  return {static_cast<size_t>(count) == wanted ? Io::kDone : Io::kAgain, static_cast<size_t>(count)};
}

// more: other bytes follow at once. OpenSSL is given a record's bytes each time: a call that finishes an earlier record
// goes on with what else it is given, and whether that is the last must be known before.
IoResult Stream::write_tls(TlsGathering& gathering, const void* bytes, size_t count, bool more) {
  size_t total = 0;
  forget_errors();
  while (total < count) {
    const size_t offered = std::min(count - total, kRecord);
    size_t written = 0;
    gathering.more_will_follow(more || offered < count - total);
    const IoResult result =
        tls_result(SSL_write_ex(ssl_, static_cast<const char*>(bytes) + total, offered, &written), total);
    if (tls_needs_ == Wait::kWrite) tls_needs_ = Wait::kNothing;
    if (result.state != Io::kDone) return result;
    total += written;
  }
  return {Io::kDone, total};
}

// Parts smaller than a record are gathered, so that a head and a small body are one record and one system call; what is
// large enough by itself is encrypted from where it lies. After kAgain the same bytes must be offered again.
IoResult Stream::write_tls(std::span<const iovec> from) {
  std::array<std::byte, kRecord> gathered;
  TlsGathering gathering(SSL_get_wbio(ssl_));
  size_t wanted = 0;
  for (const iovec& each : from) wanted += each.iov_len;
  size_t total = 0, part = 0, skip = 0;  // skip: bytes of from[part] already written
  while (part < from.size()) {
    const size_t rest = from[part].iov_len - skip;
    IoResult result;
    if (rest >= kRecord || part + 1 == from.size()) {
      result = write_tls(gathering, static_cast<const char*>(from[part].iov_base) + skip, rest, total + rest < wanted);
    } else {
      size_t size = 0, offset = skip;
      for (size_t i = part; i < from.size() && size < kRecord; ++i, offset = 0) {
        const size_t take = std::min(kRecord - size, from[i].iov_len - offset);
        std::memcpy(gathered.data() + size, static_cast<const char*>(from[i].iov_base) + offset, take);
        size += take;
      }
      result = write_tls(gathering, gathered.data(), size, total + size < wanted);
    }
    total += result.count;
    if (result.state != Io::kDone) return {result.state, total};
    for (skip += result.count; part < from.size() && skip >= from[part].iov_len; ++part) skip -= from[part].iov_len;
  }
  return {Io::kDone, total};
}

IoResult Stream::send_file(int file, off_t& offset, size_t count) {
  if (ssl_ == nullptr) {
    const ssize_t sent = sendfile(descriptor_, file, &offset, count);
    if (sent < 0) return from_errno();
    if (sent == 0 && count > 0) return {Io::kFailed, 0};  // the file became shorter
    return {static_cast<size_t>(sent) == count ? Io::kDone : Io::kAgain, static_cast<size_t>(sent)};
  }
  std::array<std::byte, kRecord> bytes;
  TlsGathering gathering(SSL_get_wbio(ssl_));
  size_t total = 0;
  while (total < count) {
    const ssize_t got = pread(file, bytes.data(), std::min(bytes.size(), count - total), offset);
    if (got <= 0) return {Io::kFailed, total};
    const IoResult result =
        write_tls(gathering, bytes.data(), static_cast<size_t>(got), total + static_cast<size_t>(got) < count);
    total += result.count;
    offset += static_cast<off_t>(result.count);
    if (result.state != Io::kDone) return {result.state, total};
  }
  return {Io::kDone, total};
}

void Stream::shutdown_write() {
  if (ssl_ != nullptr && !abort_ && SSL_is_init_finished(ssl_)) {
    forget_errors();
    SSL_shutdown(ssl_);
  }
  ::shutdown(descriptor_, SHUT_WR);
}

void Stream::wait(Wait what, int64_t timeout) {
  if (timeout > 0) {
    timer_.set(timeout);
  } else {
    timer_.clear();
  }
  wanted_ = what == Wait::kNothing || tls_needs_ == Wait::kNothing ? what : tls_needs_;
  arm(wanted_);
  // Bytes that OpenSSL has taken from the socket already make the stream readable.
  if (ssl_ != nullptr && has(wanted_, Wait::kRead) && !dry_ && SSL_has_pending(ssl_)) {
    event_active(&read_event_, EV_READ, 0);
  }
}

// Reading is registered once and left so; writing is registered as long as it is wanted.
void Stream::arm(Wait what) {
  if (has(what, Wait::kRead) && !has(armed_, Wait::kRead)) {
    event_add(&read_event_, nullptr);
    armed_ = armed_ | Wait::kRead;
  }
  if (has(what, Wait::kWrite) == has(armed_, Wait::kWrite)) return;
  if (has(what, Wait::kWrite)) {
    if (write_event_ == nullptr) {
      write_event_ = event_new(
          loop().base(), descriptor_, EV_WRITE | EV_PERSIST,
          [](evutil_socket_t, short, void* self) { static_cast<Stream*>(self)->on_event(Wait::kWrite); }, this);
    }
    event_add(write_event_, nullptr);
    armed_ = armed_ | Wait::kWrite;
  } else {
    event_del(write_event_);
    armed_ = static_cast<Wait>(static_cast<uint8_t>(armed_) & ~static_cast<uint8_t>(Wait::kWrite));
  }
}

void Stream::on_event(Wait what) {
  if (has(wanted_, what)) {
    Loop& loop = this->loop();  // the stream may be gone after settle()
    owner_->on_ready();
    loop.settle();
    return;
  }
  // Bytes, or the end, have come before anybody wants them: no more calls until somebody does.
  if (what == Wait::kRead) {
    event_del(&read_event_);
    armed_ = static_cast<Wait>(static_cast<uint8_t>(armed_) & ~static_cast<uint8_t>(Wait::kRead));
  } else {
    arm(Wait::kNothing);
  }
}

// The last few keep their buffers: a connection that is asked all the time does not make them anew for each request.
void Stream::keep_warm() {
  if (warm_ >= 0) return;
  size_t& next = loop().next_warm_;
  Stream*& seat = loop().warm_[next];
  if (seat != nullptr) {
    SSL_free_buffers(seat->ssl_);  // fails, and may, while a record is on its way
    seat->warm_ = -1;
  }
  seat = this;
  warm_ = static_cast<int16_t>(next);
  next = (next + 1) % Loop::kWarm;
}

void Stream::idle() {
  if (ssl_ != nullptr) keep_warm();
  if (write_event_ != nullptr && !has(armed_, Wait::kWrite)) {
    event_free(write_event_);
    write_event_ = nullptr;
  }
}

bool Stream::peer_closed() {
  char byte = 0;
  const ssize_t count = recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count == 0) return true;
  if (count < 0) return !is_transient(errno);
  if (ssl_ == nullptr) return false;
  forget_errors();
  const int peeked = SSL_peek(ssl_, &byte, 1);
  if (peeked > 0) return false;
  const int error = SSL_get_error(ssl_, peeked);
  return error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
}

}  // namespace levee
