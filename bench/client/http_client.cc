#include "bench/client/http_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <utility>

namespace levee::bench {
namespace {
constexpr uint64_t kSkipAtOnce = 1024 * 1024;  // nothing is written, but a checker of memory counts it as if it were
constexpr size_t kReadAtOnce = 256 * 1024;
constexpr int64_t kPauseUs = 20'000;        // a line is not waited for in smaller steps
constexpr int kSlowLineBuffer = 64 * 1024;  // of the socket, so that the sender notices

bool is_own_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EADDRNOTAVAIL;
}

// libevent's usual clock moves in steps of the kernel's tick (4 ms at 250 Hz), and a request that is sent so late is
// an answer so late: what is measured must not be the generator's own sleep.
event_base* new_base() {
  event_config* const config = event_config_new();
  event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
  event_base* const base = event_base_new_with_config(config);
  event_config_free(config);
  if (base == nullptr) throw std::bad_alloc();
  return base;
}
}  // namespace

int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

ClientLoop::ClientLoop(int64_t patience_ms)
    : base_(new_base(), event_base_free), tls_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), buffer_(kSkipAtOnce) {
  const timeval patience{patience_ms / 1000, static_cast<suseconds_t>(patience_ms % 1000 * 1000)};
  patience_ = event_base_init_common_timeout(base_.get(), &patience);
  SSL_CTX_set_verify(tls_.get(), SSL_VERIFY_NONE, nullptr);  // what is measured has a certificate of its own
  SSL_CTX_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(tls_.get(), 1);  // a record in one call of read(), not two
}

HttpClient::HttpClient(ClientLoop& loop, const Target& target, Observer& observer)
    : loop_(loop), target_(&target), observer_(observer) {}

HttpClient::~HttpClient() {
  close();
}

void HttpClient::close() {
  if (event_ != nullptr) event_free(std::exchange(event_, nullptr));
  if (ssl_ != nullptr) SSL_free(std::exchange(ssl_, nullptr));
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  waiting_for_ = 0;
  is_reused_ = false;
  step_ = Step::kIdle;
}

void HttpClient::turn_to(const Target& target) {
  if (target_ == &target) return;
  close();
  target_ = &target;
}

void HttpClient::send(std::string_view method, std::string_view path, std::string_view fields) {
  request_.assign(method)
      .append(" ")
      .append(path)
      .append(" HTTP/1.1\r\nHost: ")
      .append(target_->authority)
      .append("\r\n");
  request_.append(fields).append("\r\n");
  written_ = 0;
  reader_.reset();
  if (step_ == Step::kConnecting) return;  // open() has begun it
  if (fd_ >= 0) {
    step_ = Step::kSending;
    return write();
  }
  if (connect() != 0) {  // told from the loop, as every other failure
    close();
    step_ = Step::kConnecting;
    event_ = event_new(&loop_.base(), -1, 0, on_event, this);
    event_active(event_, EV_TIMEOUT, 0);
  }
}

bool HttpClient::open() {
  if (fd_ >= 0) return true;
  const int wrong = connect();
  if (wrong == 0) return true;
  close();
  errno = wrong;
  return !is_own_shortage(wrong);
}

int HttpClient::connect() {
  fd_ = socket(target_->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return errno;
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (line_->rate > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &kSlowLineBuffer, sizeof kSlowLineBuffer);
  const int result = ::connect(fd_, reinterpret_cast<const sockaddr*>(&target_->address), target_->address_size);
  if (result != 0 && errno != EINPROGRESS) return errno;
  step_ = Step::kConnecting;
  event_ = event_new(&loop_.base(), fd_, EV_WRITE, on_event, this);
  wait(EV_WRITE);
  return 0;
}

void HttpClient::wait(short what) {
  if (what == waiting_for_) return;
  if (waiting_for_ != 0) event_del(event_);
  event_assign(event_, &loop_.base(), fd_, static_cast<short>(what | EV_PERSIST), on_event, this);
  event_add(event_, loop_.patience());
  waiting_for_ = what;
}

void HttpClient::advance(short what) {
  if (step_ == Step::kPaused) {
    step_ = Step::kReading;
    wait(EV_READ);
    return read();
  }
  if ((what & EV_TIMEOUT) != 0) {
    if (step_ == Step::kIdle) return;
    return failed(step_ == Step::kConnecting && fd_ < 0 ? Failure::kConnect : Failure::kTimeout);
  }
  switch (step_) {
    case Step::kIdle:
      return close();  // the server has closed, or says what nobody asked
    case Step::kConnecting: {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) return failed(Failure::kConnect);
      step_ = target_->tls ? Step::kHandshake : Step::kSending;
      if (!target_->tls) return write();
      ssl_ = SSL_new(&loop_.tls());
      SSL_set_fd(ssl_, fd_);
      if (!target_->server_name.empty()) SSL_set_tlsext_host_name(ssl_, target_->server_name.c_str());
      SSL_set_connect_state(ssl_);
      return shake_hands();
    }
    case Step::kHandshake:
      return shake_hands();
    case Step::kSending:
      return write();
    case Step::kReading:
    case Step::kPaused:
      return read();
  }
}

void HttpClient::shake_hands() {
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    step_ = Step::kSending;
    return write();
  }
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_WANT_READ) return wait(EV_READ);
  if (error == SSL_ERROR_WANT_WRITE) return wait(EV_WRITE);
  failed(Failure::kConnect);
}

void HttpClient::write() {
  const char* const from = request_.data() + written_;
  const size_t size = request_.size() - written_;
  const ssize_t sent =
      ssl_ != nullptr ? SSL_write(ssl_, from, static_cast<int>(size)) : ::send(fd_, from, size, MSG_NOSIGNAL);
  if (sent <= 0) {
    const bool full =
        ssl_ != nullptr ? SSL_get_error(ssl_, static_cast<int>(sent)) == SSL_ERROR_WANT_WRITE : errno == EAGAIN;
    return full ? wait(EV_WRITE) : failed(Failure::kCut);
  }
  written_ += static_cast<size_t>(sent);
  if (written_ < request_.size()) return wait(EV_WRITE);
  step_ = Step::kReading;
  wait(EV_READ);
}

// At most a few buffers at a time, since others want to be served too; but of what OpenSSL has read ahead no event
// tells.
void HttpClient::read() {
  std::vector<char>& buffer = loop_.buffer();
  for (int turn = 0; turn < (ssl_ != nullptr ? 64 : 4) || (ssl_ != nullptr && SSL_has_pending(ssl_) == 1); ++turn) {
    // Linux throws bytes of a TCP stream away, without a copy, when told to truncate.
    const bool skips = ssl_ == nullptr && !observer_.wants_body() && reader_.skippable() > 0;
    size_t most = skips ? std::min<uint64_t>(reader_.skippable(), kSkipAtOnce) : kReadAtOnce;
    if (line_->rate > 0) most = std::min(most, std::max<size_t>(line_->rate * kPauseUs / 1'000'000, 1460));
    const ssize_t size = ssl_ != nullptr ? SSL_read(ssl_, buffer.data(), static_cast<int>(most))
                                         : recv(fd_, buffer.data(), most, skips ? MSG_TRUNC : 0);
    if (size <= 0) {
      const int error = ssl_ != nullptr ? SSL_get_error(ssl_, static_cast<int>(size)) : 0;
      const bool dry = ssl_ != nullptr ? error == SSL_ERROR_WANT_READ : size < 0 && errno == EAGAIN;
      if (dry) return;
      return reader_.close() == ResponseReader::State::kEnd ? ended() : failed(Failure::kCut);
    }
    const auto count = static_cast<size_t>(size);
    const auto state = skips ? reader_.skip(count, observer_) : reader_.feed({buffer.data(), count}, observer_);
    if (state == ResponseReader::State::kEnd) return ended();
    if (state == ResponseReader::State::kBroken) return failed(Failure::kCut);
    if (line_->rate > 0 && pause_after(count)) return;
    if (ssl_ == nullptr && count < most) return;  // all that was there
  }
}

bool HttpClient::pause_after(uint64_t count) {
  const int64_t now = now_us();
  line_->free_us = std::max(line_->free_us, now) + static_cast<int64_t>(count * 1'000'000 / line_->rate);
  const int64_t left = line_->free_us - now;
  if (left < kPauseUs) return false;
  event_del(event_);
  event_assign(event_, &loop_.base(), -1, 0, on_event, this);
  const timeval delay{left / 1'000'000, static_cast<suseconds_t>(left % 1'000'000)};
  event_add(event_, &delay);
  waiting_for_ = 0;
  step_ = Step::kPaused;
  return true;
}

void HttpClient::ended() {
  step_ = Step::kIdle;
  is_reused_ = true;
  if (!reader_.keeps_alive()) close();
  observer_.on_end();
}

void HttpClient::failed(Failure failure) {
  // A server may close an idle connection just when it is used again: that is nobody's fault.
  const bool again = failure == Failure::kCut && is_reused_ && !reader_.began();
  close();
  written_ = 0;
  if (again) {
    const int wrong = connect();
    if (wrong == 0) return;
    if (is_own_shortage(wrong)) failure = Failure::kNoSocket;
    close();
    errno = wrong;
  }
  observer_.on_failure(failure);
}

}  // namespace levee::bench
