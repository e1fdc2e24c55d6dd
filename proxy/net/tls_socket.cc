// The methods of the BIO.
#include "proxy/net/tls_socket.h"

#include <openssl/bio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>

namespace levee {
namespace {

constexpr int kKernelTls = 0xF000;  // BIO flags that bio.h keeps for it

// The BIO's data: twice the descriptor, and one more while more will follow.
intptr_t data_of(BIO* bio) {
  return reinterpret_cast<intptr_t>(BIO_get_data(bio));
}

void set_data(BIO* bio, int descriptor, bool more) {
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(descriptor) * 2 + (more ? 1 : 0)));
}

int descriptor_of(BIO* bio) {
  return static_cast<int>(data_of(bio) / 2);
}

int flags_of(BIO* bio) {
  return data_of(bio) % 2 == 0 ? MSG_NOSIGNAL : MSG_NOSIGNAL | MSG_MORE;
}

bool is_transient(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

// 1: bytes were moved; 0: an end; -1: errno, and the retry flag says whether to try again.
int told(int64_t moved, size_t* count) {
  if (moved > 0) {
    *count = static_cast<size_t>(moved);
    return 1;
  }
  *count = 0;
  return moved == 0 ? 0 : -1;
}

int receive(BIO* bio, char* into, size_t size, size_t* count) {
  if (BIO_test_flags(bio, kKernelTls) != 0) {
    const auto theirs = BIO_meth_get_read(BIO_s_socket());
    return told(theirs(bio, into, static_cast<int>(std::min<size_t>(size, INT_MAX))), count);
  }
  BIO_clear_retry_flags(bio);
  const long got = syscall(SYS_recvfrom, descriptor_of(bio), into, size, 0, nullptr, nullptr);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  if (got < 0 && is_transient(errno)) BIO_set_retry_read(bio);
  return told(got, count);
}

int send(BIO* bio, const char* from, size_t size, size_t* count) {
  if (BIO_test_flags(bio, kKernelTls) != 0) {
    const auto theirs = BIO_meth_get_write(BIO_s_socket());
    return told(theirs(bio, from, static_cast<int>(std::min<size_t>(size, INT_MAX))), count);
  }
  BIO_clear_retry_flags(bio);
  const long sent = syscall(SYS_sendto, descriptor_of(bio), from, size, flags_of(bio), nullptr, 0);
  if (sent < 0 && is_transient(errno)) BIO_set_retry_write(bio);
  return told(sent, count);
}

const BIO_METHOD* method() {
  static const BIO_METHOD* const made = [] {
    BIO_METHOD* mine = BIO_meth_new(BIO_TYPE_SOCKET, "socket");
    if (mine == nullptr) return mine;
    const BIO_METHOD* const theirs = BIO_s_socket();
    BIO_meth_set_read_ex(mine, receive);
    BIO_meth_set_write_ex(mine, send);
    BIO_meth_set_puts(mine, BIO_meth_get_puts(theirs));
    BIO_meth_set_ctrl(mine, BIO_meth_get_ctrl(theirs));
    BIO_meth_set_create(mine, BIO_meth_get_create(theirs));
    BIO_meth_set_destroy(mine, BIO_meth_get_destroy(theirs));
    return mine;
  }();
  return made;
}

}  // namespace

BIO* tls_socket(int descriptor) {
  BIO* const bio = method() != nullptr ? BIO_new(method()) : nullptr;
  if (bio == nullptr) return nullptr;
  BIO_set_fd(bio, descriptor, BIO_NOCLOSE);
  set_data(bio, descriptor, false);
  return bio;
}

void more_will_follow(BIO* bio, bool more) {
  set_data(bio, descriptor_of(bio), more);
}

}  // namespace levee
