// The methods of the BIO.
#include "proxy/net/tls_socket.h"

#include <openssl/bio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace levee {
namespace {

constexpr int kKernelTls = 0xF000;  // BIO flags that bio.h keeps for it
// Bytes of records that leave by one call, but for the last of them: five records, so six leave together. Not a
// multiple of 64 KiB: on loopback, where a packet is as large, the rest would be a small packet of its own each time,
// which costs as much as a large one.
constexpr size_t kGathered = 96 * 1024;

// The BIO's data.
struct Socket {
  int descriptor;
  bool more = false;  // the next record may wait
  std::string unsent = {};
};

// Records of the write that the thread is in. Only in a TlsGathering there are any.
class Gathered {
 public:
  std::string_view bytes() const { return {bytes_.data(), size_}; }
  bool has_room_for(size_t more) const { return more <= bytes_.size() - size_; }
  void add(const char* from, size_t more) {
    std::memcpy(bytes_.data() + size_, from, more);
    size_ += more;
  }
  void clear() { size_ = 0; }

 private:
  std::array<char, kGathered> bytes_;
  size_t size_ = 0;
};
thread_local Gathered gathered;

Socket& socket_of(BIO* bio) {
  return *static_cast<Socket*>(BIO_get_data(bio));
}

iovec part(std::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};
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
  const long got = syscall(SYS_recvfrom, socket_of(bio).descriptor, into, size, 0, nullptr, nullptr);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  if (got < 0 && is_transient(errno)) BIO_set_retry_read(bio);
  return told(got, count);
}

// What is unsent, what is gathered, and the record, by one call. The bytes of the record that were sent; or as told()
// has it.
int64_t send_all(BIO* bio, Socket& socket, std::string_view record) {
  std::array<iovec, 3> parts = {part(socket.unsent), part(gathered.bytes()), part(record)};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const long sent = syscall(SYS_sendmsg, socket.descriptor, &message, MSG_NOSIGNAL);
  const bool full = sent < 0 && is_transient(errno);
  size_t left = sent > 0 ? static_cast<size_t>(sent) : 0;
  const size_t of_unsent = std::min(left, socket.unsent.size());
  left -= of_unsent;
  const size_t of_gathered = std::min(left, gathered.bytes().size());
  left -= of_gathered;
  if (of_unsent == socket.unsent.size()) {
    socket.unsent = {};
  } else {
    socket.unsent.erase(0, of_unsent);
  }
  socket.unsent.append(gathered.bytes().substr(of_gathered));
  gathered.clear();
  if (left > 0) return static_cast<int64_t>(left);
  if (full || sent > 0) BIO_set_retry_write(bio);
  return -1;
}

int send(BIO* bio, const char* from, size_t size, size_t* count) {
  if (BIO_test_flags(bio, kKernelTls) != 0) {
    const auto theirs = BIO_meth_get_write(BIO_s_socket());
    return told(theirs(bio, from, static_cast<int>(std::min<size_t>(size, INT_MAX))), count);
  }
  BIO_clear_retry_flags(bio);
  Socket& socket = socket_of(bio);
  if (socket.more && socket.unsent.empty() && gathered.has_room_for(size)) {
    gathered.add(from, size);
    return told(static_cast<int64_t>(size), count);
  }
  return told(send_all(bio, socket, {from, size}), count);
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
    BIO_meth_set_destroy(mine, [](BIO* bio) {
      delete static_cast<Socket*>(BIO_get_data(bio));
      return BIO_meth_get_destroy(BIO_s_socket())(bio);
    });
    return mine;
  }();
  return made;
}

}  // namespace

BIO* tls_socket(int descriptor) {
  BIO* const bio = method() != nullptr ? BIO_new(method()) : nullptr;
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, new Socket{descriptor});
  BIO_set_fd(bio, descriptor, BIO_NOCLOSE);
  return bio;
}

TlsGathering::~TlsGathering() {
  Socket& socket = socket_of(bio_);
  socket.more = false;
  socket.unsent.append(gathered.bytes());  // there are any only if a later record could not be made
  gathered.clear();
}

void TlsGathering::more_will_follow(bool more) {
  socket_of(bio_).more = more;
}

}  // namespace levee
