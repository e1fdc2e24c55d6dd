// The connection: heads in, one exchange after the other, keep-alive and close.
#include "proxy/client/session.h"

#include <atomic>
#include <cstdlib>

#include "proxy/client/answer.h"
#include "proxy/client/commons.h"
#include "proxy/client/invalidation.h"
#include "proxy/client/variables.h"
#include "proxy/ops/log.h"

namespace levee {
namespace {

constexpr int kRequestsInTurn = 64;     // of one connection's pipeline; then others have their turn
constexpr int64_t kLastCall = 500;      // ms for a request that may be on its way when a graceful stop begins
constexpr int64_t kLingerTime = 5'000;  // ms for the client to read an error and to close

std::atomic<uint64_t> last_number{0};

HeadLimits limits_of(const Server& server) {
  const auto line =
      static_cast<uint32_t>(std::max(server.large_client_header_buffers.size, server.client_header_buffer_size));
  return {line, line, line * std::max(1U, server.large_client_header_buffers.count), Fields::kCapacity};
}

}  // namespace

void start_session(Worker& worker, int descriptor, const Listen& listen, const sockaddr_storage& peer) {
  Commons& commons = worker.local<Commons>();
  auto session = std::make_unique<Session>(worker, commons, descriptor, listen, peer);
  Session& started = *session;
  worker.adopt(std::move(session));
  started.start();
}

Session::Session(Worker& worker, Commons& commons, int descriptor, const Listen& listen, const sockaddr_storage& peer)
    : connection_{worker,
                  commons,
                  {worker.loop(), descriptor, *this},
                  {},
                  commons.plans(),
                  &listen,
                  nullptr,
                  PeerAddress(peer),
                  last_number.fetch_add(1, std::memory_order_relaxed) + 1,
                  worker.now(),
                  0} {}

Session::~Session() {
  connection_.worker.counters().active.subtract();
}

void Session::start() {
  connection_.subscriber = connection_.worker.subscriber(*this);
  deadline_ = connection_.since + connection_.listen->default_server->client_header_timeout.count();
  if (connection_.listen->ssl) {
    const auto& contexts = connection_.generation()->server_tls;
    const auto context = contexts.find(connection_.listen->text);
    if (context == contexts.end() || !connection_.stream.start_tls(context->second.get(), true)) {
      end();
      return;
    }
  } else {
    step_ = Step::kIdle;
  }
  // A request may be here already; if not, nothing is held while it is awaited.
  connection_.stream.wait(Stream::Wait::kRead, deadline_ - connection_.since);
}

void Session::on_ready() {
  if (step_ == Step::kIdle) {
    step_ = Step::kReadHead;
    if (connection_.requests > 0) deadline_ = 0;
  } else if (step_ == Step::kAwait || step_ == Step::kSend) {
    if (const Next next = client_event()) step_ = *next;
  }
  advance();
}

void Session::on_wake() {
  switch (step_) {
    case Step::kAwait:
    case Step::kPurge:
    case Step::kSend:
    case Step::kReadHead:
      advance();
      return;
    default:
      return;  // of a flight that this session has left
  }
}

void Session::on_drain() {
  if (step_ != Step::kIdle && step_ != Step::kHandshake) return;
  // A request may be on its way. It gets its answer, with Connection: close; who is idle that long is let go.
  deadline_ = connection_.worker.now() + kLastCall;
  connection_.stream.wait(Stream::Wait::kRead, kLastCall);
}

void Session::on_timeout() {
  if (const Next next = too_late()) step_ = *next;
  advance();
}

void Session::advance() {
  if (running_) return;  // called from within a step: what it set in motion goes on there
  running_ = true;
  while (const Next next = run(step_)) step_ = *next;
  running_ = false;
}

Session::Next Session::run(Step step) {
  switch (step) {
    case Step::kHandshake:
      return handshake();
    case Step::kIdle:
      return idle();
    case Step::kReadHead:
      return read_head();
    case Step::kRoute:
      return route();
    case Step::kReadBody:
      return read_body();
    case Step::kLookUp:
      return look_up();
    case Step::kAwait:
      return await();
    case Step::kPurge:
      return await_purge();
    case Step::kSend:
      return go_on();
    case Step::kNextSlice:
      return next_slice();
    case Step::kTunnel:
      return tunnel();
    case Step::kFinish:
      return finish();
    case Step::kDiscard:
      return discard();
    case Step::kLinger:
      return linger();
    case Step::kEnded:
      end();
      return std::nullopt;
  }
  std::abort();
}

Session::Next Session::handshake() {
  const IoResult result = connection_.stream.handshake();
  if (result.state == Io::kDone) return Step::kReadHead;
  if (result.state == Io::kAgain) {
    connection_.stream.wait(Stream::Wait::kRead, std::max<int64_t>(1, deadline_ - connection_.worker.now()));
    return std::nullopt;
  }
  log(LogLevel::kInfo, connection_.number, "SSL_do_handshake() failed: ", tls_error(connection_.stream.tls()));
  return Step::kEnded;
}

// Waits for the next request without holding anything.
Session::Next Session::idle() {
  if (connection_.worker.draining()) return Step::kEnded;
  const Location& location = *connection_.plan->location;
  connection_.stream.idle();
  connection_.stream.wait(Stream::Wait::kRead, location.keepalive_timeout.count());
  return std::nullopt;
}

Session::Next Session::read_head() {
  if (!exchange_) {
    exchange_ = connection_.commons.take_exchange();  // as reset() leaves it
    exchange_->connection = &connection_;
    exchange_->began = connection_.worker.now();
  }
  Exchange& x = *exchange_;
  const Server& server = *connection_.listen->default_server;
  if (deadline_ == 0) deadline_ = x.began + server.client_header_timeout.count();
  while (true) {
    if (!x.input.empty()) {
      switch (x.head.parse(x.input.unread(), limits_of(server))) {
        case Parse::kDone:
          x.input.consume(x.head.size());
          return Step::kRoute;
        case Parse::kBad:
          log(LogLevel::kInfo, connection_.number, "client sent invalid request: ", describe(x.head.error()));
          return refuse(status_of(x.head.error()));
        case Parse::kMore:
          break;
      }
      if (x.input.room().empty()) x.input.make_room();
    }
    const IoResult result = connection_.stream.read(x.input.room());
    if (result.state == Io::kDone) {
      x.input.commit(result.count);
      continue;
    }
    if (result.state != Io::kAgain) return Step::kEnded;
    connection_.stream.wait(Stream::Wait::kRead, std::max<int64_t>(1, deadline_ - connection_.worker.now()));
    return std::nullopt;
  }
}

void Session::close_books() {
  Exchange& x = *exchange_;
  Commons& commons = connection_.commons;
  const int status_class = x.status / 100;
  commons.counts.by_class[status_class >= 1 && status_class <= 5 ? static_cast<size_t>(status_class) : 0].add();
  commons.counts.by_cache_use[static_cast<size_t>(x.note.use)].add();
  if (x.note.use == CacheUse::kStale || x.note.use == CacheUse::kUpdating) commons.counts.count_stale(x.note.detail);
  if (x.note.collapsed) commons.counts.collapsed.add();
  connection_.worker.counters().bytes_sent.add(x.sender.bytes_sent());
  if (x.plan == nullptr || x.plan->logs.empty()) return;
  const Variables values(x);
  for (const Plan::Log& one : x.plan->logs) {
    if (one.log->condition && !one.log->condition->is_true(values)) continue;
    commons.text.clear();
    append_log_line(*one.log->format, values, commons.text);
    one.sink->add(commons.text, one.log->buffer, one.log->flush.count());
  }
}

Session::Next Session::finish() {
  Exchange& x = *exchange_;
  x.completed = true;
  close_books();
  if (!x.keep_alive) {
    const bool unread = !x.body.is_done() || !x.input.empty();
    if (!unread) return Step::kEnded;
    deadline_ = connection_.worker.now() + kLingerTime;
    connection_.stream.shutdown_write();
    x.reset();
    return Step::kLinger;
  }
  if (!x.body.is_done()) {
    x.body.drop();
    return Step::kDiscard;
  }
  return next_request();
}

// A pipelined request is served at once; without one the exchange goes back.
Session::Next Session::next_request() {
  Exchange& x = *exchange_;
  x.reset();
  x.input.start_over();
  deadline_ = 0;
  if (x.input.empty()) {
    connection_.commons.give_back(std::move(exchange_));
    return Step::kIdle;
  }
  x.began = connection_.worker.now();
  x.pipelined = true;
  if (connection_.requests % kRequestsInTurn != 0) return Step::kReadHead;
  step_ = Step::kReadHead;
  connection_.worker.mailbox().wake({&connection_.subscriber.token, 1});
  return std::nullopt;
}

Session::Next Session::discard() {
  Exchange& x = *exchange_;
  switch (x.body.read(x.input, connection_.stream, connection_.commons.body)) {
    case RequestReader::State::kDone:
      return next_request();
    case RequestReader::State::kMore:
      connection_.stream.wait(Stream::Wait::kRead, x.plan->location->client_body_timeout.count());
      return std::nullopt;
    case RequestReader::State::kFull:
    case RequestReader::State::kTooLarge:
    case RequestReader::State::kBad:
    case RequestReader::State::kGone:
      return Step::kEnded;
  }
  std::abort();
}

// What the client still sends is read and dropped, so that closing does not reset the connection before it has read the
// answer.
Session::Next Session::linger() {
  const int64_t left = deadline_ - connection_.worker.now();
  for (int call = 0; call < 8 && left > 0; ++call) {
    const IoResult result = connection_.stream.read(connection_.commons.body);
    if (result.state == Io::kDone) continue;
    if (result.state != Io::kAgain) return Step::kEnded;
    break;
  }
  if (left <= 0) return Step::kEnded;
  connection_.stream.wait(Stream::Wait::kRead, left);
  return std::nullopt;
}

Session::Next Session::refuse(int status) {
  Exchange& x = *exchange_;
  x.server = connection_.listen->default_server;
  x.plan = &connection_.plans->of(x.server->base);
  x.began_wall = connection_.worker.wall_ms();
  x.keep_alive = false;
  if (x.input.empty()) x.input.append(" ");  // whatever follows is not read as a request: linger
  return answered(send_error(x, status));
}

Session::Next Session::leave(int status) {
  Exchange& x = *exchange_;
  if (x.status == 0) x.status = status;
  // Nobody will see how the origin took it.
  if (x.trace && !x.entry && invalidates(x, 200)) forget_target(x);
  connection_.commons.counts.aborted.add();
  close_books();
  return Step::kEnded;
}

Session::Next Session::start_tunnel() {
  Exchange& x = *exchange_;
  std::shared_ptr<Upgraded> upgraded = std::move(x.trace->upgraded);
  std::string head = "HTTP/1.1 101 Switching Protocols\r\n";
  head.append(x.entry->fields.text()).append("Via: 1.1 levee\r\nConnection: upgrade\r\nUpgrade: ");
  head.append(upgraded->protocol).append("\r\n\r\n");
  x.status = 101;
  x.keep_alive = false;
  x.reader.reset();
  upgraded->on_event = [this](bool timeout) { timeout ? on_timeout() : advance(); };
  x.tunnel = std::make_unique<Tunnel>(connection_.worker, connection_.stream, std::move(upgraded), std::move(head),
                                      x.input.unread(), x.plan->location->read_timeout.count());
  connection_.commons.counts.tunnels.add();
  connection_.commons.counts.tunnels_open.add();
  return Step::kTunnel;
}

Session::Next Session::tunnel() {
  Exchange& x = *exchange_;
  if (x.tunnel->go_on()) return std::nullopt;
  connection_.commons.counts.tunnels_open.subtract();
  x.sender.count(x.tunnel->sent());
  x.completed = true;
  close_books();
  deadline_ = connection_.worker.now() + kLingerTime;
  connection_.stream.shutdown_write();
  x.reset();
  return Step::kLinger;
}

void Session::end() {
  step_ = Step::kEnded;
  if (exchange_) {
    exchange_->reset();
    connection_.commons.give_back(std::move(exchange_));
  }
  connection_.worker.reap(*this);
}

}  // namespace levee
