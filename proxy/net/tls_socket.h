// A socket as OpenSSL sees it: OpenSSL's own socket BIO, but that reading and sending are plain system calls.
//
// read() and write() of libc are points of cancellation, which costs a process with threads; and MSG_NOSIGNAL spares
// SIGPIPE. Where the kernel does the encryption (kTLS), OpenSSL's own functions are used.
//
// OpenSSL sends each record by a call of its own. Where the caller says that another one follows at once, records are
// gathered and leave together: a body of many records takes a sixth of the system calls. A reader that is slow can make
// a stream keep what was gathered, up to 96 KiB besides what the socket holds.
#pragma once

typedef struct bio_st BIO;

namespace levee {

// Does not own the descriptor. Null: no memory. To be used by one thread at a time, and by its write calls alone while
// a TlsGathering lives.
BIO* tls_socket(int descriptor);

// One write of an application's bytes, which may be many records. What was gathered and could not be sent, since the
// socket was full, is the BIO's and leaves before all that comes after it; then the record that was to send it is told
// to try again, so that a write is done only if the socket has all of it.
class TlsGathering {
 public:
  explicit TlsGathering(BIO* bio) : bio_(bio) {}
  ~TlsGathering();
  TlsGathering(const TlsGathering&) = delete;
  TlsGathering& operator=(const TlsGathering&) = delete;

  // Whether the next record may wait for the one after it. The last one must not.
  void more_will_follow(bool more);

 private:
  BIO* bio_;
};

}  // namespace levee
