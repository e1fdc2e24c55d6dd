// Memory for OpenSSL's objects, cut to their sizes. Thread-safe.
//
// A TLS connection is one object of 7.6 KB, two of 960 bytes and some of a few hundred; jemalloc rounds these up by
// 900 bytes together, which is 9 MB for 10,000 idle connections. Here a size is rounded up to 16 bytes.
#pragma once

namespace levee {

// To be called before anything else of OpenSSL is. Without it, or where address space is limited, OpenSSL uses malloc.
void use_exact_memory_for_tls();

}  // namespace levee
