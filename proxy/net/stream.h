// A connected socket, plain or TLS, that never blocks. Loop thread only.
//
// Cost: a read is one recv, a write one sendmsg. Interest in reading is registered once and stays (level-triggered); it
// is taken back only if bytes arrive while nobody wants them. Interest in writing is registered only after a short
// write. Timeouts are one store each (see Loop). An idle stream holds this object and nothing else.
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "conf/address.h"
#include "proxy/net/loop.h"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

namespace levee {

class TlsGathering;

// Whether it is descriptors, memory or ports that we have none of.
bool is_own_shortage(int error);

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
  enum class Wait : uint8_t { kNothing = 0, kRead = 1, kWrite = 2, kBoth = 3 };

  // Takes the descriptor, which must be non-blocking. `owner` may be changed by hand_to().
  Stream(Loop& loop, int descriptor, StreamOwner& owner);
  ~Stream();  // closes; TLS: says so to the other side, unless abort() was called
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // A new socket on its way to the address: wait for kWrite, then ask connect_error(). Null: errno says why at once;
  // is_own_shortage() tells whether that says nothing on the other side.
  static std::unique_ptr<Stream> connect(Loop& loop, const SocketAddress& address, StreamOwner& owner);
  // The errno of the connection attempt; 0: connected.
  int connect_error();
  // A kept connection changes hands (an origin connection that goes back to the pool).
  void hand_to(StreamOwner& owner) { owner_ = &owner; }

  // From here on TLS; handshake() makes the handshake. server_name: for SNI, as a client; empty: none.
  // False: OpenSSL has no memory.
  bool start_tls(SSL_CTX* context, bool server, const std::string& server_name = {});
  IoResult handshake();                      // kDone when through; kAgain: wait(), then call again
  IoResult read(std::span<std::byte> into);  // plain recv or SSL_read; kClosed: the other side ended cleanly
  IoResult write(
      std::span<const iovec> from);  // plain sendmsg (MSG_NOSIGNAL) or SSL_write; kAgain with count > 0: short
  // Sends a file's bytes from `offset` on, and moves it. sendfile; over TLS read and SSL_write.
  IoResult send_file(int file, off_t& offset, size_t count);
  void shutdown_write();
  // The close will be a reset: the other side must not take what it got for the whole.
  void abort() { abort_ = true; }

  // What to be told of next. Cheap when nothing changes: no system call is made for the same interest again.
  // timeout: ms from now until on_timeout(); 0: none. A later call replaces it.
  // After kAgain from a TLS call the direction that TLS needs is waited for, whatever is said here.
  void wait(Wait what, int64_t timeout);

  // Memory that an idle connection does not need is given back, of TLS when Loop::kWarm others have become idle since.
  void idle();
  int descriptor() const { return descriptor_; }
  SSL* tls() const { return ssl_; }
  Loop& loop() const { return timer_.loop(); }
  // Whether the other side has closed, without consuming anything (client gone while we wait).
  bool peer_closed();

 private:
  void on_event(Wait what);
  void arm(Wait what);
  void keep_warm();
  IoResult tls_result(int returned, size_t count);
  IoResult write_tls(std::span<const iovec> from);
  IoResult write_tls(TlsGathering& gathering, const void* bytes, size_t count, bool more);

  StreamOwner* owner_;
  SSL* ssl_ = nullptr;
  event* write_event_ = nullptr;  // made when first needed
  Timer timer_;
  event read_event_;
  int descriptor_;
  int16_t warm_ = -1;  // its place among those that keep their buffers; negative: none
  Wait wanted_ = Wait::kNothing;
  Wait armed_ = Wait::kNothing;
  Wait tls_needs_ = Wait::kNothing;  // the last TLS call was for one direction and needs the other, or a handshake's
  bool dry_ = false;                 // TLS: the last read or handshake found no whole record
  bool abort_ = false;
};

}  // namespace levee
