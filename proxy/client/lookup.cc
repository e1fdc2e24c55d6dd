// The decision on a request that an origin could answer: stored, stale, on its way, or to be fetched.
#include <cstdlib>

#include "cache/freshness.h"
#include "proxy/client/answer.h"
#include "proxy/client/answer_head.h"
#include "proxy/client/commons.h"
#include "proxy/client/invalidation.h"
#include "proxy/client/peer.h"
#include "proxy/client/session.h"
#include "proxy/client/variables.h"
#include "proxy/cluster/pop.h"
#include "proxy/ops/log.h"
#include "proxy/ops/overload_guard.h"
#include "proxy/origin/priority.h"
#include "proxy/origin/response.h"
#include "proxy/origin/upstream_state.h"

namespace levee {
namespace {

constexpr int kMostLooks = 4;  // into the store, if what was found turned out not to be for this request

bool may_use_cache(const Exchange& x) {
  const Words<CacheMethod> methods = x.plan->location->cache_methods;
  switch (x.head.method()) {
    case Method::kGet:
    case Method::kHead:
      return !x.body.has_body();
    case Method::kPost:
      return methods.has(CacheMethod::kPost);
    default:
      return false;
  }
}

std::optional<Trouble> trouble_of(const Fault& fault) {
  switch (fault.why) {
    case Failure::kAbandoned:
    case Failure::kConnect:
    case Failure::kReset:
    case Failure::kCut:
    case Failure::kChanged:
      return Trouble::kError;
    case Failure::kTimeout:
      return Trouble::kTimeout;
    case Failure::kInvalid:
      return Trouble::kInvalidHeader;
    case Failure::kOverloaded:
      return Trouble::kOverloaded;
    case Failure::kOriginStatus:
      break;
  }
  return levee::trouble_of(fault.status);
}

// Whether the stale entry may answer for this failure: by the response's own window, or by proxy_cache_use_stale.
bool may_be_stale(const Exchange& x, const Fault& fault) {
  if (!x.stale) return false;
  Rules rules = x.plan->rules;
  const auto trouble = trouble_of(fault);
  rules.stale_if_error = trouble && x.plan->location->use_stale.has(*trouble);
  return Store::may_serve_on_error(*x.stale, rules, x.connection->worker.now());
}

// What the answer's first bytes cost.
void note_fetch(Exchange& x, bool collapsed) {
  if (x.slicing.begun) return;
  x.note.use = x.bypass ? CacheUse::kBypass : x.stale ? CacheUse::kExpired : CacheUse::kMiss;
  x.note.collapsed = collapsed;
}

// What the client's Cache-Control asks for (RFC 9111 section 5.2.1), where the configuration obeys it.
struct Wishes {
  bool bypass = false, no_store = false, unsatisfiable = false;
};
Wishes wishes_of(const Exchange& x, const KeyView& key) {
  const RequestDirectives wanted = request_directives(x.head.fields());
  const auto stored = x.plan->store->peek(key, x);
  const bool satisfied =
      stored && !wanted.no_cache && satisfies(wanted, stored->lifetime, stored->age(x.connection->worker.now()));
  Wishes wishes;
  wishes.no_store = wanted.no_store;
  wishes.unsatisfiable = wanted.only_if_cached && !satisfied;
  wishes.bypass = wanted.no_cache || (stored && !satisfied && stored->fresh_for(x.connection->worker.now()) > 0);
  return wishes;
}

}  // namespace

Session::Next Session::look_up() {
  Exchange& x = *exchange_;
  const Plan& plan = *x.plan;
  if (loops(x)) return answered(send_error(x, 508));
  if (plan.pass->is_dynamic && !x.target) {
    auto target = parse_proxy_url(plan.pass->url.evaluate(Variables(x)));
    if (!target) {
      log(LogLevel::kError, connection_.number, "invalid URL prefix in \"", plan.pass->url.source(), "\"");
      return answered(send_error(x, 500));
    }
    x.target = std::make_unique<ProxyTarget>(std::move(*target));
  }
  if (plan.store == nullptr || !may_use_cache(x) || (x.head.wants_upgrade() && !upgrade_of(x).empty())) {
    if (plan.store != nullptr && !may_use_cache(x)) x.note.forward = CacheStatus::Forward::kMethod;
    return fetch_alone(CacheUse::kPass);
  }
  std::string& text = connection_.commons.key;
  if (plan.default_key) {  // the same as below, for most requests of most configurations
    text.assign(connection_.stream.tls() != nullptr ? "https" : "http");
    text.append(plan.pass->host).append(x.head.request_uri());
  } else {
    text.clear();
    plan.location->cache_key.append_to(text, Variables(x));
  }
  const KeyView key(text);
  const int64_t now = connection_.worker.now();
  Ask ask{key, x, connection_.subscriber, plan.rules, now};
  if (plan.conditional) {
    ask.rules.bypass = any_is_true(plan.location->cache_bypass, x);
    if (plan.location->cache_request_directives) {
      const Wishes wishes = wishes_of(x, key);
      if (wishes.unsatisfiable) return answered(send_error(x, 504));
      ask.rules.bypass = ask.rules.bypass || wishes.bypass;
      x.no_store = wishes.no_store;
    }
    x.bypass = ask.rules.bypass;
  }
  if (x.head.method() == Method::kHead && !plan.location->cache_convert_head) {
    x.entry = plan.store->peek(key, x);
    if (!x.entry || x.entry->fresh_for(now) <= 0) return fetch_alone(CacheUse::kMiss);
    return take(Hit{std::move(x.entry)});
  }
  ++x.looks;
  return take(plan.store->find(ask));
}

Session::Next Session::take(Found found) {
  Exchange& x = *exchange_;
  if (auto* hit = std::get_if<Hit>(&found)) {
    x.entry = std::move(hit->entry);
    if (!x.slicing.begun) x.note.use = CacheUse::kHit;
    if (x.plan->pop != nullptr) {
      x.plan->pop->upkeep().used(x.plan->store->name(), *x.entry, connection_.worker.now());
    }
    return answer_entry();
  }
  if (auto* stale = std::get_if<Stale>(&found)) {
    x.entry = std::move(stale->entry);
    if (!x.slicing.begun) x.note.use = stale->refresh ? CacheUse::kStale : CacheUse::kUpdating;
    if (stale->refresh && !is_shed()) start_refresh(std::move(*stale->refresh));
    return answer_entry();
  }
  if (auto* follow = std::get_if<Follow>(&found)) {
    x.reader = std::move(follow->reader);
    x.stale = std::move(follow->stale);
    if (is_better_stale()) return send_stale(detail_of(Failure::kConnect));
    note_fetch(x, true);
    const int64_t most = x.plan->location->cache_lock_timeout.count();
    if (most > 0 && x.wait_deadline == 0) x.wait_deadline = connection_.worker.now() + most;
    return Step::kAwait;
  }
  if (auto* mine = std::get_if<Lead>(&found)) return lead(std::move(*mine));
  const Pass::Why why = std::get<Pass>(found).why;
  if (x.slicing.of) return fail({Failure::kOverloaded, 503, 1000});
  if (why != Pass::Why::kWaiters && why != Pass::Why::kRefused) {
    return fetch_alone(CacheUse::kMiss, why == Pass::Why::kUncacheable);
  }
  x.stale = x.plan->store->peek(KeyView(connection_.commons.key), x);
  return fail({Failure::kOverloaded, 503, 1000});
}

Session::Next Session::lead(Lead lead) {
  Exchange& x = *exchange_;
  x.stale = std::move(lead.stale);
  note_fetch(x, false);
  if (is_shed()) return shed();
  if (is_better_stale()) {
    x.entry = x.stale;
    start_refresh({std::move(lead.writer), std::move(lead.reader)});
    return send_stale(detail_of(Failure::kConnect));
  }
  return fetch_for_all(std::move(lead));
}

// HTTP/1.0 knows no interim responses. False: the client has no room for so little, and what it has of it cannot be
// taken back.
bool Session::send_interim(std::string_view text) {
  const Exchange& x = *exchange_;
  if (text.empty() || x.head.minor() == 0 || x.slicing.begun) return true;
  const iovec view{const_cast<char*>(text.data()), text.size()};
  return connection_.stream.write({&view, 1}).count == text.size();
}

Session::Next Session::await() {
  Exchange& x = *exchange_;
  Reader::Look look = x.reader->look();
  if (!send_interim(look.interim)) return leave(499);
  switch (look.state) {
    case FlightState::kOpening:
      wait_here();
      return std::nullopt;
    case FlightState::kStreaming:
    case FlightState::kLanded:
      return open(std::move(look));
    case FlightState::kPassed:
      if (!x.reader->leads()) return look_again();
      x.passed = x.note.alone = true;
      return open(std::move(look));
    case FlightState::kFailed:
      if (look.fault.why == Failure::kAbandoned && x.looks > 0 && x.looks < kMostLooks) return look_again();
      return fail(look.fault);
  }
  std::abort();
}

// The head is there.
Session::Next Session::open(Reader::Look look) {
  Exchange& x = *exchange_;
  x.entry = std::move(look.entry);
  if (x.note.collapsed && !matches(*x.entry, x)) return look_again();
  if (x.trace && x.trace->upgraded) return start_tunnel();
  if (x.body_withheld) x.keep_alive = false;  // whether it is still sent, nobody knows
  if (x.stale && x.entry->body == x.stale->body) x.note.use = CacheUse::kRevalidated;
  if (look.state == FlightState::kLanded && !x.passed) x.reader.reset();
  x.wait_deadline = 0;
  if (invalidates(x, x.entry->status)) invalidate(x);
  return answer_entry();
}

// What this request waited for is not for it.
Session::Next Session::look_again() {
  Exchange& x = *exchange_;
  x.reader.reset();
  x.entry.reset();
  if (x.peer_store != nullptr) return look_for_peer();
  if (x.slicing.of) return x.looks < kMostLooks ? Next(Step::kNextSlice) : fail({Failure::kCut});
  if (x.looks < kMostLooks) return Step::kLookUp;
  return fetch_alone(CacheUse::kMiss);
}

// Whether the upstream has no server that is known to be well, and the stale copy may do: a fetch finds out, and nobody
// waits for that.
bool Session::is_better_stale() const {
  const Exchange& x = *exchange_;
  if (!may_be_stale(x, {Failure::kConnect})) return false;
  const ProxyPass& pass = *x.plan->pass;
  const auto& generation = connection_.generation();
  const auto state = x.target ? generation->upstream(x.target->upstream, x.target->tls)
                              : generation->upstream(pass.upstream, pass.tls);
  return state->is_suspect(resource_of(origin_target(x)), connection_.worker.now());
}

// Whether this worker is overloaded, and the request is none that it goes on to serve: who is here gets the playlists
// and segments that are new, too, and what has begun is not broken off.
bool Session::is_shed() const {
  const Exchange& x = *exchange_;
  if (x.slicing.begun || !connection_.worker.local<OverloadGuard>().is_overloaded()) return false;
  const Priority priority = priority_of(x.plan->location->priority, x.head.request_uri(), {}, false);
  return connection_.requests <= 1 || (priority != Priority::kPlaylist && priority != Priority::kLive);
}

Session::Next Session::shed() {
  auto& guard = connection_.worker.local<OverloadGuard>();
  const Fault fault{Failure::kOverloaded, 503, 1000};
  if (!may_be_stale(*exchange_, fault)) guard.count_key();
  return fail(fault, "edge-overloaded");
}

Session::Next Session::send_stale(std::string_view detail) {
  Exchange& x = *exchange_;
  x.reader.reset();
  x.entry = std::move(x.stale);
  if (!x.slicing.begun) {
    x.note.use = CacheUse::kStale;
    x.note.detail = detail;
  }
  return answer_entry();
}

Session::Next Session::fail(const Fault& fault, std::string_view detail) {
  Exchange& x = *exchange_;
  x.fault = fault;
  x.reader.reset();
  if (x.peer_store != nullptr) return answered(send_to_peer(x, fault));
  if (x.body_withheld) x.keep_alive = false;
  if (fault.why == Failure::kChanged) return slice_changed();
  if (detail.empty()) detail = detail_of(fault.why);
  if (!x.slicing.begun) x.note.detail = detail;
  if (may_be_stale(x, fault)) return send_stale(detail);
  if (x.slicing.begun) return sent(Sender::Outcome::kCut);
  if (fault.retry_after > 0) {
    const int64_t seconds = fault.why == Failure::kOverloaded ? spread_retry(x) : (fault.retry_after + 999) / 1000;
    x.own_fields += "Retry-After: " + std::to_string(seconds) + "\r\n";
  }
  return answered(send_error(x, fault.status));
}

}  // namespace levee
