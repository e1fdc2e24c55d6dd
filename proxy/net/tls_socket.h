// A socket as OpenSSL sees it: OpenSSL's own socket BIO, but that reading and sending are plain system calls.
//
// read() and write() of libc are points of cancellation, which costs a process with threads; and MSG_NOSIGNAL spares
// SIGPIPE. Where the kernel does the encryption (kTLS), OpenSSL's own functions are used.
#pragma once

typedef struct bio_st BIO;

namespace levee {

// Does not own the descriptor. Null: no memory.
BIO* tls_socket(int descriptor);

}  // namespace levee
