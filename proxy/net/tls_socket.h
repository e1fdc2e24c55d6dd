// A socket as OpenSSL sees it: OpenSSL's own socket BIO, but that reading and sending are plain system calls.
//
// read() and write() of libc are points of cancellation, which costs a process with threads; and MSG_NOSIGNAL spares
// SIGPIPE. Where the kernel does the encryption (kTLS), OpenSSL's own functions are used.
//
// A record is sent by a call of its own. Where the caller says that another one follows at once, the kernel keeps what
// does not fill a packet for it: a body of many records leaves in full packets, which costs less at both ends.
#pragma once

typedef struct bio_st BIO;

namespace levee {

// Does not own the descriptor. Null: no memory.
BIO* tls_socket(int descriptor);

// Whether what is sent next may wait for what is sent after it (MSG_MORE of send(2)). What was kept back leaves with
// the next bytes that are sent without this, when all before it is acknowledged, or after 200 ms.
void more_will_follow(BIO* bio, bool more);

}  // namespace levee
