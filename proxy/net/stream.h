// A connected socket, plain or TLS, that never blocks. Loop thread only.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct event_base;
struct event;
typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

namespace levee {

enum class Io : uint8_t { kDone, kAgain, kClosed, kFailed };
struct IoResult {
  Io state = Io::kDone;
  size_t count = 0;  // bytes moved
};

// Told when a stream can go on. Exactly one owner; it must not destroy the stream inside the call (Worker::reap does).
class StreamOwner {
 public:
  virtual ~StreamOwner() = default;
  virtual void on_ready() = 0;    // readable or writable, as was asked for
  virtual void on_timeout() = 0;  // the time given to wait() is over
};

class Stream {
 public:
  enum class Wait : uint8_t { kNothing, kRead, kWrite, kBoth };

  // Takes the descriptor. With an SSL object: TLS, the handshake is made by handshake().
  Stream(event_base* base, int descriptor, StreamOwner& owner);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void start_tls(SSL_CTX* context, bool server, const std::string& server_name = {});
  IoResult handshake();                       // kDone when through; kAgain: wait(), then call again
  IoResult read(std::span<std::byte> into);   // plain recv or SSL_read
  IoResult write(std::span<const iovec> from);  // plain sendmsg (MSG_NOSIGNAL) or SSL_write
  IoResult send_file(int file, off_t& offset, size_t count);  // sendfile; over TLS read and SSL_write
  void shutdown_write();

  // What to be told of next. Cheap when nothing changes: no system call is made for the same interest again.
  // timeout: ms from now until on_timeout(); 0: none. A later call replaces it.
  void wait(Wait what, int64_t timeout);
  // TLS asked for the other direction in the last call; wait() honours it by itself.

  // False: memory that an idle connection does not need is given back (TLS buffers).
  void idle();
  int descriptor() const { return descriptor_; }
  SSL* tls() const { return ssl_; }
  // Reads peeked without consuming: whether the other side has closed (client gone while we wait).
  bool peer_closed();

 private:
  int descriptor_;
  SSL* ssl_ = nullptr;
  StreamOwner& owner_;
  event_base* base_;
  event* event_ = nullptr;
  Wait armed_ = Wait::kNothing;
};

}  // namespace levee
