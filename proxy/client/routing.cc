// What answers a request: server, location, and what that has; all but the cache.
#include <array>
#include <cstdlib>

#include "conf/route.h"
#include "proxy/client/answer.h"
#include "proxy/client/commons.h"
#include "proxy/client/file.h"
#include "proxy/client/session.h"
#include "proxy/client/variables.h"
#include "proxy/ops/metrics.h"
#include "proxy/ops/status.h"

namespace levee {
namespace {

constexpr uint64_t kLeastBodyRate = 512;          // bytes a second that a body must come with in the long run
constexpr uint64_t kWorthDiscarding = 64 * 1024;  // bytes of an unread body; more: the connection is closed

// In lower case and without the root's dot; views `memory` or the text itself.
std::string_view plain_host(std::string_view host, std::array<char, 256>& memory) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > memory.size()) return {};
  for (size_t i = 0; i < host.size(); ++i) {
    const char c = host[i];
    memory[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return {memory.data(), host.size()};
}

const Listen* same_listen(const Config& config, const std::string& text) {
  for (const Listen& listen : config.http.listens) {
    if (listen.text == text) return &listen;
  }
  return nullptr;
}

// Relative redirections become absolute, as nginx makes them.
std::string absolute(const Exchange& x, std::string location) {
  if (!location.starts_with('/') || x.head.authority().empty()) return location;
  std::string prefix = x.connection->stream.tls() != nullptr ? "https://" : "http://";
  return prefix.append(x.head.authority()).append(location);
}

}  // namespace

bool Session::may_keep_alive() const {
  const Exchange& x = *exchange_;
  const Location& location = *x.plan->location;
  const Worker& worker = connection_.worker;
  if (!x.head.keep_alive() || worker.draining()) return false;
  if (location.keepalive_timeout.count() == 0 || connection_.requests >= location.keepalive_requests) return false;
  return x.began - connection_.since < location.keepalive_time.count();
}

// False: the path is none.
bool Session::choose_location() {
  Exchange& x = *exchange_;
  const auto& plans = connection_.commons.plans();
  if (plans != connection_.plans) {  // a reload since the last request
    if (const Listen* listen = same_listen(*plans->generation()->config, connection_.listen->text)) {
      connection_.listen = listen;
      connection_.plans = plans;
      connection_.plan = nullptr;
    }
  }
  const Listen& listen = *connection_.listen;
  std::array<char, 256> memory;
  x.server = &find_server(listen, plain_host(x.head.host(), memory), x.captures);
  const std::string_view raw = x.head.path();
  if (x.path_memory.size() < raw.size()) x.path_memory.resize(raw.size());
  const auto path = normalise_path(raw, x.path_memory);
  x.path = path.value_or(raw);
  const Location& location = path ? find_location(*x.server, x.path, x.captures) : x.server->base;
  if (connection_.plan == nullptr || connection_.plan->location != &location) {
    connection_.plan = &connection_.plans->of(location);
  }
  x.plan = connection_.plan;
  return path.has_value();
}

int Session::refusal() const {
  const Exchange& x = *exchange_;
  const Location& location = *x.plan->location;
  if (x.head.method() == Method::kTrace || x.head.method() == Method::kConnect) return 405;
  if (x.plan->checks_access && !is_allowed(location, connection_.peer.full())) return 403;
  const Framing framing = x.head.framing();
  const uint64_t most = location.client_max_body_size;
  if (framing.kind == Framing::Kind::kLength && most > 0 && framing.length > most) return 413;
  return 0;
}

Session::Next Session::route() {
  Exchange& x = *exchange_;
  ++connection_.requests;
  deadline_ = 0;
  connection_.worker.counters().requests.add();
  x.began_wall = connection_.worker.wall_ms();
  const bool has_path = choose_location();
  x.body.start(x.head.framing(), x.plan->location->client_max_body_size);
  x.keep_alive = has_path && may_keep_alive();
  if (!has_path) return answered(send_error(x, 400));
  if (const int status = refusal(); status != 0) {
    if (status == 413 || x.head.expects_continue()) x.keep_alive = false;  // nobody knows whether the body comes
    return answered(send_error(x, status));
  }
  const Answer& what = x.plan->location->answer;
  if (x.plan->pass == nullptr) return answer(what);
  if (x.head.method() == Method::kPurge && x.plan->location->cache_purge.on) return answer_purge();
  return x.body.has_body() ? Step::kReadBody : Step::kLookUp;
}

// Answers that do not need the body leave it unread.
Session::Next Session::answer(const Answer& what) {
  Exchange& x = *exchange_;
  if (!x.body.is_done() && (x.body.left() > kWorthDiscarding || x.head.expects_continue())) x.keep_alive = false;
  if (std::holds_alternative<LeveePeer>(what)) return answer_peer();
  if (const auto* answer = std::get_if<Return>(&what)) return answer_return(*answer);
  if (x.head.method() != Method::kGet && x.head.method() != Method::kHead) {
    if (x.head.method() == Method::kOptions && x.head.request_uri() == "*") {
      x.own_fields += "Allow: GET, HEAD, OPTIONS\r\n";
      return answered(send_text(x, 200, {}, {}));
    }
    x.own_fields += "Allow: GET, HEAD\r\n";
    return answered(send_error(x, 405));
  }
  if (std::holds_alternative<Files>(what)) return answer_files();
  x.own_fields += "Cache-Control: no-store\r\n";
  const Generation& generation = *connection_.generation();
  if (std::holds_alternative<LeveeStatus>(what)) {
    return answered(send_text(x, 200, "application/json", status_json(generation)));
  }
  return answered(send_text(x, 200, "text/plain; version=0.0.4", metrics_text(generation)));
}

Session::Next Session::answer_return(const Return& answer) {
  Exchange& x = *exchange_;
  if (answer.status == 444) return leave(444);
  std::string text = answer.text.evaluate(Variables(x));
  switch (answer.status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: {
      const std::string location = absolute(x, std::move(text));
      if (location.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos) {
        x.own_fields.append("Location: ").append(location).append("\r\n");
      }
      return answered(send_error(x, answer.status));
    }
    default:
      break;
  }
  if (text.empty() && answer.status >= 300) return answered(send_error(x, answer.status));
  return answered(
      send_text(x, answer.status, text.empty() ? "" : media_type(*x.plan->location, x.path), std::move(text)));
}

Session::Next Session::answer_files() {
  Exchange& x = *exchange_;
  const auto found = open_file(x);
  if (const auto* file = std::get_if<OpenFile>(&found)) return answered(send_file(x, *file));
  if (const auto* none = std::get_if<NoFile>(&found)) return answered(send_error(x, none->status));
  std::string location;
  append_escaped_path(x.path, location);
  location += '/';
  if (x.head.has_query()) location.append("?").append(x.head.query());
  x.own_fields.append("Location: ").append(absolute(x, std::move(location))).append("\r\n");
  return answered(send_error(x, 301));
}

void Session::expect_body() {
  Exchange& x = *exchange_;
  if (!x.head.expects_continue() || x.body.size() > 0 || !x.input.empty()) return;
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  const iovec view{const_cast<char*>(kContinue.data()), kContinue.size()};
  connection_.stream.write({&view, 1});  // whoever has not room for so little does not wait for it
}

// Whether the origin decides if the client is to send its body.
bool Session::withholds_body() const {
  const Exchange& x = *exchange_;
  const Location& location = *x.plan->location;
  return x.head.expects_continue() && !location.request_buffering && !location.http10 && x.body.kept() != nullptr &&
         x.input.empty();
}

void Session::body_wanted() {
  Exchange& x = *exchange_;
  x.body_withheld = false;
  expect_body();
  if (!running_ && (step_ == Step::kAwait || step_ == Step::kSend)) wait_here();
}

// The body has so long to come: client_body_timeout, and what its bytes have earned of that again. Whoever sends a byte
// now and then does not hold a connection for ever, while time that the origin takes does not count.
void Session::await_body() {
  Exchange& x = *exchange_;
  const int64_t patience = x.patience.value_or(x.plan->location->client_body_timeout.count());
  x.body_deadline = connection_.worker.now() + std::max<int64_t>(patience, 1);
}

void Session::body_came(uint64_t bytes) {
  Exchange& x = *exchange_;
  const int64_t most = x.plan->location->client_body_timeout.count();
  const auto earned = static_cast<int64_t>(std::min<uint64_t>(bytes, kLeastBodyRate * 3600) * 1000 / kLeastBodyRate);
  const int64_t left = x.body_deadline == 0 ? x.patience.value_or(most) : x.body_deadline - connection_.worker.now();
  x.patience = std::min(most, left + earned);
  x.body_deadline = 0;
}

// With request buffering the body is read first, as far as the buffer goes; without, it streams.
Session::Next Session::read_body() {
  Exchange& x = *exchange_;
  const Location& location = *x.plan->location;
  if (x.body_deadline == 0) {
    if (location.pass_request_body) x.body.keep();
    if (withholds_body()) {
      x.body_withheld = true;
      x.body.kept()->on_wanted = [this] { body_wanted(); };
      return Step::kLookUp;
    }
    expect_body();
    await_body();
  }
  const uint64_t before = x.body.size();
  switch (x.body.read(x.input, connection_.stream, connection_.commons.body)) {
    case RequestReader::State::kDone:
      x.body_deadline = 0;
      return Step::kLookUp;
    case RequestReader::State::kFull:
      return Step::kLookUp;
    case RequestReader::State::kMore:
      break;
    case RequestReader::State::kTooLarge:
      x.keep_alive = false;
      return answered(send_error(x, 413));
    case RequestReader::State::kBad:
      x.keep_alive = false;
      return answered(send_error(x, 400));
    case RequestReader::State::kGone:
      return leave(400);
  }
  const int64_t now = connection_.worker.now();
  if (x.body.size() > before) {
    body_came(x.body.size() - before);
    await_body();
  }
  if (!location.request_buffering || x.body.size() >= location.client_body_buffer_size) return Step::kLookUp;
  connection_.stream.wait(Stream::Wait::kRead, std::max<int64_t>(1, x.body_deadline - now));
  return std::nullopt;
}

}  // namespace levee
