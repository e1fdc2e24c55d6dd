#include "bench/origin/http_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

namespace levee::bench {
namespace {

constexpr size_t kHeadLimit = 64 * 1024;
constexpr size_t kOutputLimit = 1024 * 1024;  // how much of an answer lies in a connection's buffer
constexpr timeval kTick{0, 10'000};           // of paced answers

int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// One client: reads a request, waits for its answer, sends that, and begins again. Bytes of the next request stay in
// the input buffer until then. May die in any call to the server's drop(), which is always the last thing a method
// does.
class HttpServer::Connection {
 public:
  Connection(HttpServer& server, evutil_socket_t fd)
      : server_(server),
        stream_(bufferevent_socket_new(&server.base_, fd, BEV_OPT_CLOSE_ON_FREE)),
        timer_(evtimer_new(&server.base_, on_timer, this)) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bufferevent_setcb(stream_, on_read, on_written, on_event, this);
    bufferevent_setwatermark(stream_, EV_WRITE, kOutputLimit / 4, 0);
    bufferevent_setwatermark(stream_, EV_READ, 0, 2 * kHeadLimit);
    bufferevent_enable(stream_, EV_READ | EV_WRITE);
  }
  ~Connection() {
    event_free(timer_);
    bufferevent_free(stream_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  uint64_t exchange() const { return exchange_; }
  void answer(Answer answer);

 private:
  enum class Step : unsigned char { kReadHead, kWaitAnswer, kWaitFirstByte, kSendBody, kFlush };

  static void on_read(bufferevent*, void* self) { static_cast<Connection*>(self)->read_head(); }
  static void on_written(bufferevent*, void* self) { static_cast<Connection*>(self)->written(); }
  static void on_timer(evutil_socket_t, short, void* self) { static_cast<Connection*>(self)->timer_fired(); }
  static void on_event(bufferevent*, short, void* self) {
    Connection& connection = *static_cast<Connection*>(self);
    connection.server_.drop(connection);
  }

  void read_head();
  void written();
  void timer_fired() { step_ == Step::kWaitFirstByte ? begin_answer() : written(); }
  void begin_answer();
  void send_body();
  void push(std::string_view run);
  void finish();
  void cut();

  HttpServer& server_;
  bufferevent* const stream_;
  event* const timer_;
  Step step_ = Step::kReadHead;
  uint64_t exchange_ = 0;
  bool head_only_ = false;
  bool keep_alive_ = true;
  Answer answer_;
  int64_t began_ms_ = 0;
  uint64_t sent_ = 0;
};

void HttpServer::Connection::read_head() {
  if (step_ != Step::kReadHead) return;
  evbuffer* const input = bufferevent_get_input(stream_);
  const evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, nullptr);
  if (end.pos < 0) {
    if (evbuffer_get_length(input) > kHeadLimit) server_.drop(*this);
    return;
  }
  std::string head(static_cast<size_t>(end.pos) + 2, '\0');
  evbuffer_copyout(input, head.data(), head.size());
  const std::optional<Request> request = parse_request(head);
  size_t body = 0;
  if (request) {
    const std::string_view length = request->field("Content-Length").value_or("0");
    std::from_chars(length.data(), length.data() + length.size(), body);
  }
  if (!request || body > kHeadLimit) return server_.drop(*this);
  if (evbuffer_get_length(input) < head.size() + 2 + body) return;
  evbuffer_drain(input, head.size() + 2 + body);
  step_ = Step::kWaitAnswer;
  exchange_ = server_.next_exchange_++;
  server_.exchanges_[exchange_] = this;
  head_only_ = request->method == "HEAD";
  keep_alive_ = request->field("Connection").value_or("") != "close";
  server_.handler_.on_request(exchange_, *request);
}

void HttpServer::Connection::answer(Answer answer) {
  if (answer.fate == Answer::Fate::kHang) return;
  answer_ = std::move(answer);
  step_ = Step::kWaitFirstByte;
  const int64_t wait = std::max(answer_.pace.ttfb_ms, answer_.pace.begins_ms - wall_ms());
  if (wait <= 0) return begin_answer();
  const timeval delay{wait / 1000, static_cast<suseconds_t>(wait % 1000 * 1000)};
  evtimer_add(timer_, &delay);
}

void HttpServer::Connection::written() {
  if (step_ == Step::kSendBody) return send_body();
  if (step_ == Step::kFlush && evbuffer_get_length(bufferevent_get_output(stream_)) == 0) server_.drop(*this);
}

void HttpServer::Connection::begin_answer() {
  if (answer_.fate == Answer::Fate::kReset && answer_.cut_after == 0) return cut();
  evbuffer* const output = bufferevent_get_output(stream_);
  const std::string_view reason = reason_of(answer_.status);
  evbuffer_add_printf(output, "HTTP/1.1 %d %.*s\r\nDate: %s\r\n", answer_.status, static_cast<int>(reason.size()),
                      reason.data(), http_date(wall_ms()).c_str());
  evbuffer_add(output, answer_.fields.data(), answer_.fields.size());
  if (answer_.chunked) {
    evbuffer_add_printf(output, "Transfer-Encoding: chunked\r\n\r\n");
  } else if (answer_.status == 304) {
    evbuffer_add_printf(output, "\r\n");
  } else {
    evbuffer_add_printf(output, "Content-Length: %llu\r\n\r\n", static_cast<unsigned long long>(answer_.length));
  }
  began_ms_ = steady_ms();
  sent_ = 0;
  step_ = Step::kSendBody;
  send_body();
}

void HttpServer::Connection::push(std::string_view run) {
  evbuffer* const output = bufferevent_get_output(stream_);
  if (answer_.chunked) evbuffer_add_printf(output, "%zx\r\n", run.size());
  // The bytes live with the process or with the answer, which may be replaced before they are gone: hold a copy of the
  // owner along.
  auto* const owner = new auto(answer_.body);
  evbuffer_add_reference(
      output, run.data(), run.size(),
      [](const void*, size_t, void* held) { delete static_cast<decltype(Answer::body)*>(held); }, owner);
  if (answer_.chunked) evbuffer_add(output, "\r\n", 2);
  sent_ += run.size();
  server_.bytes_sent_ += run.size();
}

// Sends what the pace allows now; goes on at the next tick, or when the socket has taken what lies in the buffer.
void HttpServer::Connection::send_body() {
  if (head_only_) return finish();
  evbuffer* const output = bufferevent_get_output(stream_);
  uint64_t until = answer_.pace.allowed(answer_.length, steady_ms() - began_ms_, wall_ms());
  const bool is_cut = answer_.fate == Answer::Fate::kReset || answer_.fate == Answer::Fate::kCut;
  if (is_cut) until = std::min(until, answer_.cut_after);
  while (sent_ < until && evbuffer_get_length(output) < kOutputLimit) {
    push(answer_.run(sent_).substr(0, std::min<uint64_t>(until - sent_, kOutputLimit)));
  }
  if (sent_ == answer_.length) return finish();
  if (is_cut && sent_ == answer_.cut_after && evbuffer_get_length(output) == 0) return cut();
  if (sent_ == until) evtimer_add(timer_, &kTick);
}

void HttpServer::Connection::finish() {
  evtimer_del(timer_);
  if (answer_.chunked && !head_only_) evbuffer_add(bufferevent_get_output(stream_), "0\r\n\r\n", 5);
  step_ = Step::kReadHead;
  server_.exchanges_.erase(exchange_);
  server_.handler_.on_done(std::exchange(exchange_, 0));
  if (!keep_alive_) {
    step_ = Step::kFlush;
    bufferevent_setwatermark(stream_, EV_WRITE, 0, 0);
    return;
  }
  // Not called from here: a client that pipelines must not make the stack grow.
  if (evbuffer_get_length(bufferevent_get_input(stream_)) > 0)
    bufferevent_trigger(stream_, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
}

// Ends the connection in the middle of an answer.
void HttpServer::Connection::cut() {
  const linger hard{1, 0};  // RST
  if (answer_.fate == Answer::Fate::kReset) {
    setsockopt(bufferevent_getfd(stream_), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  server_.drop(*this);
}

HttpServer::HttpServer(event_base& base, HttpHandler& handler) : base_(base), handler_(handler) {}

HttpServer::~HttpServer() {
  if (listener_ != nullptr) evconnlistener_free(listener_);
}

std::string HttpServer::listen(const std::string& address) {
  sockaddr_storage storage{};
  int size = sizeof storage;
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  std::string parsed = address;  // without a port of 0, which is none to libevent
  const size_t colon = parsed.rfind(':');
  if (parsed.ends_with(":0") && (parsed.find(':') == colon || parsed[colon - 1] == ']')) parsed.resize(colon);
  if (evutil_parse_sockaddr_port(parsed.c_str(), name, &size) != 0) return "not an address: " + address;
  listener_ =
      evconnlistener_new_bind(&base_, on_accept, this, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 4096, name, size);
  if (listener_ == nullptr) return "cannot listen at " + address + ": " + std::strerror(errno);
  socklen_t length = sizeof storage;
  getsockname(evconnlistener_get_fd(listener_), name, &length);
  port_ = ntohs(name->sa_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(name)->sin6_port
                                            : reinterpret_cast<sockaddr_in*>(name)->sin_port);
  return {};
}

void HttpServer::on_accept(evconnlistener*, evutil_socket_t fd, sockaddr*, int, void* self) {
  HttpServer& server = *static_cast<HttpServer*>(self);
  auto connection = std::make_unique<Connection>(server, fd);
  Connection* const key = connection.get();
  server.connections_.emplace(key, std::move(connection));
}

void HttpServer::reply(uint64_t exchange, Answer answer) {
  const auto found = exchanges_.find(exchange);
  if (found != exchanges_.end()) found->second->answer(std::move(answer));
}

void HttpServer::drop(Connection& connection) {
  const uint64_t exchange = connection.exchange();
  connections_.erase(&connection);
  if (exchange == 0) return;
  exchanges_.erase(exchange);
  handler_.on_done(exchange);
}

}  // namespace levee::bench
