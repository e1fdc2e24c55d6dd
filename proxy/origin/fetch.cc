#include "proxy/origin/fetch.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "proxy/generation.h"
#include "proxy/ops/log.h"
#include "proxy/origin/fetch_task.h"
#include "proxy/origin/name_keeper.h"
#include "proxy/origin/priority.h"

namespace levee {
namespace {

constexpr int64_t kSlowReaderLook = 1000;  // ms

// Methods that may be sent again though an origin may have seen them (RFC 9110 section 9.2.2).
bool is_idempotent_name(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS" ||
         method == "TRACE" || method == "PROPFIND";
}

std::string without_port(const std::string& host) {
  const size_t colon = host.rfind(':');
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return colon != std::string::npos && host.find(':') == colon ? host.substr(0, colon) : host;
}

}  // namespace

Priority priority_of(const Order& order, bool in_background) {
  const auto type = order.stale ? order.stale->fields.find("Content-Type") : std::nullopt;
  return priority_of(order.location->priority, order.target, type.value_or(std::string_view()), in_background);
}

void start_fetch(Worker& worker, Order order, Writer writer, std::shared_ptr<Trace> trace) {
  if (trace == nullptr) trace = std::make_shared<Trace>();
  auto fetch = std::make_unique<Fetch>(worker, std::move(order), std::move(writer), std::move(trace));
  Fetch& started = *fetch;
  worker.adopt(std::move(fetch));
  started.begin();
}

Fetch::Fetch(Worker& worker, Order order, Writer writer, std::shared_ptr<Trace> trace)
    : worker_(worker),
      order_(std::move(order)),
      location_(*order_.location),
      trace_(std::move(trace)),
      idempotent_(is_idempotent_name(order_.method)),
      resource_(resource_of(order_.target)),
      upstream_(order_.generation->upstream(order_.upstream, order_.tls)),
      rules_(upstream_->rules()),
      writer_(std::move(writer)),
      timer_(
          worker.loop(), [](void* fetch) { static_cast<Fetch*>(fetch)->on_timer(); }, this),
      flush_timer_(
          worker.loop(),
          [](void* self) {
            auto& fetch = *static_cast<Fetch*>(self);
            if (!fetch.writer_.ended()) fetch.writer_.flush(fetch.worker_.now());
          },
          this),
      priority_(priority_of(order_, order_.background)) {}

Fetch::~Fetch() {
  if (order_.body != nullptr) order_.body->on_more = nullptr;
}

void Fetch::begin() {
  began_ = worker_.now();
  if (order_.begun) {
    resuming_ = Resumption{order_.begun->body->size(), std::nullopt, order_.begun->etag};
  }
  writer_.notify(worker_.mailbox(), token());
  join_pop();
  if (order_.body != nullptr) {
    RequestBody& body = *order_.body;
    if (body.ended) {
      kept_body_.swap(body.bytes);
      body.taken += kept_body_.size();
    }
    body.on_more = [this] {
      if (step_ == Step::kSend || order_.body->aborted) advance();
    };
  }
  advance();
}

void Fetch::on_wake() {
  if (step_ == Step::kEnded) return;
  if (writer_.unwanted() && (writer_.is_open() || !location_.ignore_client_abort)) {
    give_up({Failure::kAbandoned});
    return;
  }
  if (is_deserted()) return go_on(deserted());
  if (is_lost()) return go_on(ask_again());
  if (step_ == Step::kAdmit && place_ && order_.background && is_waited_for()) {
    // Not in the background any more: it takes its place among its equals.
    priority_ = priority_of(order_, false);
    place_.reset();
  }
  if (step_ == Step::kAdmit || step_ == Step::kResolve || paused_) advance();
}

void Fetch::go_on(Next next) {
  if (!next) return;
  step_ = *next;
  advance();
}

// Nobody waits for it, and a graceful stop must not.
void Fetch::on_drain() {
  if (step_ == Step::kAdmit && order_.background && !is_waited_for()) give_up({Failure::kAbandoned});
}

void Fetch::on_ready() {
  advance();
}

// The origin is engaged until a private body has been read, so its slot is not given to others meanwhile. When slow
// readers keep so many that others must wait, this one has had its time.
void Fetch::on_timer() {
  if (step_ != Step::kReadBody) return on_timeout();
  if (!paused_ || !permit_) return;
  if (!permit_->gives_way()) return timer_.set(kSlowReaderLook);
  log(LogLevel::kInfo, 0, "a slow reader gives up its slot of upstream ", upstream_->name(), " to those who wait");
  give_up({Failure::kCut});
}

void Fetch::on_timeout() {
  Next next;
  switch (step_) {
    case Step::kAsk:
      return unanswered();
    case Step::kAdmit:
      next = waited();
      break;
    case Step::kResolve:
      next = give_up({Failure::kConnect, 502});
      break;
    case Step::kPause:
      next = Step::kChoose;
      break;
    case Step::kChoose:
      return;
    case Step::kSend:
      if (awaits_continue_) {
        want_body();
        return advance();
      }
      [[fallthrough]];
    case Step::kReadBody:
    case Step::kConnect:
    case Step::kHandshake:
    case Step::kReadHead:
      next = failed(Trouble::kTimeout, Failure::kTimeout);
      break;
    case Step::kEnded:
      return;
  }
  go_on(next);
}

// Runs until the fetch must wait for an event.
void Fetch::advance() {
  if (running_) return;
  running_ = true;
  if (order_.body != nullptr && order_.body->aborted && step_ != Step::kEnded) {
    give_up({Failure::kAbandoned});
  } else {
    while (const Next next = run(step_)) step_ = *next;
  }
  running_ = false;
}

Fetch::Next Fetch::run(Step step) {
  switch (step) {
    case Step::kAsk:
      return ask();
    case Step::kAdmit:
      return admit();
    case Step::kResolve:
      return resolve();
    case Step::kChoose:
      return choose();
    case Step::kConnect:
      return connect();
    case Step::kHandshake:
      return handshake();
    case Step::kSend:
      return send();
    case Step::kReadHead:
      return read_head();
    case Step::kReadBody:
      return read_body();
    case Step::kPause:
      return pause();
    case Step::kEnded:
      return std::nullopt;
  }
  std::abort();
}

Fetch::Next Fetch::wait(Step step, Stream::Wait what, int64_t timeout) {
  step_ = step;
  connection_->stream->wait(what, timeout);
  return std::nullopt;
}

// Names that are due are asked for; only a fetch that has no address at all waits for the answer.
Fetch::Next Fetch::resolve() {
  auto& names = worker_.local<NameKeeper>();
  names.refresh(upstream_, *rules_, location_);
  if (upstream_->has_peers()) {
    timer_.clear();
    return Step::kChoose;
  }
  if (!names.asks(*upstream_)) return give_up({Failure::kConnect, 502});
  names.wake_when_known(*upstream_, worker_.subscriber(*this));
  if (!timer_.is_set()) timer_.set(std::max<int64_t>(location_.resolver_timeout.count(), 1));
  step_ = Step::kResolve;
  return std::nullopt;
}

Fetch::Next Fetch::choose() {
  const int64_t now = worker_.now();
  UpstreamState::Pick pick = upstream_->choose(order_.balance_hash, asked(), tried_, worker_.subscriber(*this), now);
  if (pick.is_crowded && permit_ && !writer_.is_open()) return stand_back(pick);
  if (pick.vacancy != Vacancy::kFound) return no_server(pick);
  seat_ = std::move(pick.seat);
  if (permit_) permit_->seated();
  if (tries_ == 0 && !at_peer()) upstream_->deposit_retry(now);  // who is refused asks nobody
  ++tries_;
  trace_->attempts.emplace_back();
  attempt().address = seat_.peer().name;
  attempt_began_ = now;

  std::string identity = seat_.peer().name;
  if (uses_tls()) {  // a connection serves those alone who would have verified it in the same way
    const auto tls = order_.generation->client_tls.find(&tls_rules());
    const void* context = tls == order_.generation->client_tls.end() ? nullptr : tls->second.get();
    identity.append("|").append(order_.tls_name).append("|").append(order_.host).append("|");
    identity.append(std::to_string(reinterpret_cast<uintptr_t>(context))).append("|");
    identity.append(std::to_string(order_.generation->number));
  }
  // A connection that was idle may be closed just now: what must not be sent twice gets a fresh one.
  if (idempotent_ && !fresh_only_ && replayable()) {
    connection_ = worker_.local<OriginPool>().take(upstream_->name(), identity, *this);
    if (connection_ != nullptr) {
      ++connection_->requests;
      attempt().connect_time = 0;
      return connected();
    }
  }
  auto stream = Stream::connect(worker_.loop(), seat_.peer().address, *this);
  if (stream == nullptr) return is_own_shortage(errno) ? no_means(errno) : failed(Trouble::kError, Failure::kConnect);
  connection_ = std::make_unique<OriginConnection>();
  connection_->stream = std::move(stream);
  connection_->identity = std::move(identity);
  connection_->requests = 1;
  connection_->created = now;
  return wait(Step::kConnect, Stream::Wait::kWrite, connect_timeout());
}

Fetch::Next Fetch::no_server(const UpstreamState::Pick& pick) {
  if (at_peer()) return leave_peer(Outcome::kAway);
  if (writer_.is_open()) return give_up({Failure::kCut});
  const int64_t pause = pick.retry_at > 0 ? pick.retry_at - worker_.now() : 0;
  switch (pick.vacancy) {
    case Vacancy::kBusy:
      return give_up({Failure::kOverloaded, 503, 1000});
    case Vacancy::kTried:
      return give_up(last_fault_);
    case Vacancy::kDown:
    case Vacancy::kFound:
      break;
  }
  if (trace_->attempts.empty()) {
    trace_->attempts.emplace_back();
    attempt().address = order_.upstream;
    attempt().status = 502;
  }
  return give_up({Failure::kConnect, 502, pause});
}

// That there is no descriptor or port left for it says nothing on the server.
Fetch::Next Fetch::no_means(int error) {
  log(LogLevel::kAlert, 0, "no socket for a connection to upstream ", errno_text(error),
      ", upstream: ", seat_.peer().name);
  if (at_peer()) return leave_peer(Outcome::kUnknown);
  attempt().status = 503;
  leave_server(Outcome::kUnknown);
  if (writer_.is_open()) return give_up({Failure::kCut});
  return give_up({Failure::kOverloaded, 503, 1000});
}

Fetch::Next Fetch::connect() {
  if (const int error = connection_->stream->connect_error(); error != 0) {
    log(LogLevel::kError, 0, "connect() to upstream failed ", errno_text(error), ", upstream: ", seat_.peer().name);
    return failed(Trouble::kError, Failure::kConnect);
  }
  if (!uses_tls()) {
    attempt().connect_time = worker_.now() - attempt_began_;
    return connected();
  }
  const auto tls = order_.generation->client_tls.find(&tls_rules());
  if (tls == order_.generation->client_tls.end() ||
      !tls->second->start(*connection_->stream, without_port(tls_name()), connection_->identity)) {
    return failed(Trouble::kError, Failure::kConnect);
  }
  return Step::kHandshake;
}

Fetch::Next Fetch::handshake() {
  switch (connection_->stream->handshake().state) {
    case Io::kAgain:
      return wait(Step::kHandshake, Stream::Wait::kBoth, connect_timeout());
    case Io::kDone:
      attempt().connect_time = worker_.now() - attempt_began_;
      return connected();
    case Io::kClosed:
    case Io::kFailed:
      log(LogLevel::kError, 0, "TLS handshake with upstream failed: ", tls_error(connection_->stream->tls()),
          ", upstream: ", seat_.peer().name);
      return failed(Trouble::kError, Failure::kConnect);
  }
  std::abort();
}

}  // namespace levee
