// What is fetched for a request, or on its occasion: orders to the origin.
#include <xxhash.h>

#include "proxy/client/answer.h"
#include "proxy/client/commons.h"
#include "proxy/client/invalidation.h"
#include "proxy/client/session.h"
#include "proxy/client/slices.h"
#include "proxy/client/variables.h"
#include "proxy/ops/overload_guard.h"
#include "proxy/origin/priority.h"
#include "proxy/origin/refreshes.h"

namespace levee {
namespace {

// All fields of the request, since a Vary may name any.
std::string field_lines(const Fields& fields) {
  std::string lines;
  for (size_t i = 0; i < fields.size(); ++i) {
    lines.append(fields[i].name).append(": ").append(fields[i].value).append("\r\n");
  }
  return lines;
}

uint64_t balance_hash(const Exchange& x, const Order& order) {
  const auto& upstreams = x.connection->generation()->config->http.upstreams;
  const auto upstream = upstreams.find(order.upstream);
  if (upstream == upstreams.end()) return 0;
  std::string text;
  if (const auto* hash = std::get_if<Hash>(&upstream->second.balance)) {
    hash->key.append_to(text, Variables(x));
  } else if (std::holds_alternative<IpHash>(upstream->second.balance)) {
    x.connection->peer.append_binary(text);
    if (text.size() == 4) text.pop_back();  // as nginx: the first three bytes of an IPv4 address
  } else {
    return 0;
  }
  return XXH3_64bits(text.data(), text.size());
}

bool may_keep_for_get(const Exchange& x) {
  return x.head.method() == Method::kPost && x.plan->store != nullptr && !x.target &&
         !any_is_true(x.plan->location->no_cache, x);
}

KeepForGet keep_for_get(const Exchange& x) {
  const std::string_view scheme = x.connection->stream.tls() != nullptr ? "https" : "http";
  return {x.plan->store, x.plan->location->cache_key.evaluate(Variables(x)),
          [scheme, uri = std::string(x.head.request_uri()),
           authority = std::string(x.head.authority())](std::string_view content_location) {
            return same_origin_target(content_location, uri, scheme, authority) == uri;
          }};
}

// For the store, under `key`.
Order stored_order(const Exchange& x, std::string key) {
  Order order = make_order(x, OrderKind::kStored);
  order.key = std::move(key);
  order.vary_source = field_lines(x.head.fields());
  order.may_store = !any_is_true(x.plan->location->no_cache, x);
  order.balance_hash = balance_hash(x, order);
  return order;
}

}  // namespace

// For whoever else wants it, too.
Session::Next Session::fetch_for_all(Lead lead) {
  Exchange& x = *exchange_;
  x.reader = std::move(lead.reader);
  x.wait_deadline = 0;
  Order order = stored_order(x, connection_.commons.key);
  order.stale = x.stale;
  order.may_store = order.may_store && !x.no_store;
  if (order.may_store && !order.slice) order.begun = std::move(lead.begun);
  if (order.begun) x.note.forward = CacheStatus::Forward::kPartial;
  order.body = x.body.kept();
  order.from_origin = x.bypass;
  x.trace = std::make_shared<Trace>();
  start_fetch(connection_.worker, std::move(order), std::move(lead.writer), x.trace);
  return Step::kAwait;
}

// The stale copy goes out meanwhile; nobody waits for this fetch. That of a playlist is not put off: its viewers have
// no new segment to ask for until it is there.
void Session::start_refresh(Flown flown) {
  Exchange& x = *exchange_;
  Writer writer = std::move(flown.writer);
  { const Reader nobody = std::move(flown.reader); }  // before the fetch begins: it asks whether it is waited for
  Order order = stored_order(x, connection_.commons.key);
  order.stale = x.entry;
  order.background = true;
  if (priority_of(order, true) == Priority::kBackground) {
    connection_.worker.local<Refreshes>().add(std::move(order), std::move(writer));
  } else {
    start_fetch(connection_.worker, std::move(order), std::move(writer), nullptr);
  }
}

Session::Next Session::fetch_alone(CacheUse use, bool known_uncacheable) {
  Exchange& x = *exchange_;
  x.note.use = use;
  if (is_shed()) return shed();
  x.note.alone = true;
  x.note.collapsed = false;
  x.forwarded_conditions = true;
  x.wait_deadline = 0;
  Order order = make_order(x, OrderKind::kPrivate);
  if (known_uncacheable) {
    order.key = connection_.commons.key;
    order.known_uncacheable = x.plan->store;
  }
  order.balance_hash = balance_hash(x, order);
  order.body = x.body.kept();
  order.expects_continue = x.body_withheld;
  if (may_keep_for_get(x)) {
    order.keep_for_get = keep_for_get(x);
    order.vary_source = field_lines(x.head.fields());
  }
  Flown flown = private_flight(connection_.subscriber);
  x.reader = std::move(flown.reader);
  x.trace = std::make_shared<Trace>();
  start_fetch(connection_.worker, std::move(order), std::move(flown.writer), x.trace);
  return Step::kAwait;
}

// The slice behind the one that is being sent, so that a reader who goes on does not wait for it. One ahead and no
// more, only where the answer has it in any case, and only if the origin and this worker have room.
void Session::prefetch_slice() {
  Exchange& x = *exchange_;
  if (x.slicing.done() || x.passed || x.peer_store != nullptr ||
      connection_.worker.local<OverloadGuard>().is_overloaded())
    return;
  std::string& key = connection_.commons.key;
  key.clear();
  append_slice_key(x, key);
  if (x.plan->store->peek(KeyView(key), x)) return;
  Ask ask{KeyView(key), x, connection_.subscriber, x.plan->rules, connection_.worker.now()};
  ask.rules.min_uses = 1;
  Found found = x.plan->store->find(ask);
  auto* const mine = std::get_if<Lead>(&found);
  if (mine == nullptr) return;
  Writer writer = std::move(mine->writer);
  { const Reader nobody = std::move(mine->reader); }  // before the fetch begins: it asks whether it is waited for
  Order order = stored_order(x, key);
  if (!order.may_store) return;
  order.background = true;
  order.only_if_free = true;
  start_fetch(connection_.worker, std::move(order), std::move(writer), nullptr);
}

}  // namespace levee
