#include "proxy/client/purge.h"

#include <algorithm>
#include <cstdlib>

#include "proxy/client/answer.h"
#include "proxy/client/commons.h"
#include "proxy/client/session.h"
#include "proxy/client/variables.h"
#include "proxy/cluster/pop.h"
#include "proxy/cluster/sweeper.h"
#include "proxy/ops/purge_counts.h"

namespace levee {
namespace {

constexpr int64_t kPatience = 10'000;  // ms that a client waits for the count; the order is in force before

// The credentials of `Authorization: Bearer ...`; empty: others or none.
std::string_view bearer(const Fields& fields) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view value = fields.get(FieldId::kAuthorization);
  if (value.size() <= kScheme.size() || !same_name(value.substr(0, kScheme.size()), kScheme)) return {};
  return value.substr(value.find_first_not_of(' ', kScheme.size()));
}

// 200: done. 202: here, and on the others when Redis is back. 503: here alone. 404: there was nothing, and nobody else.
int status_of(const Purging& purging) {
  switch (purging.elsewhere.load()) {
    case Purging::Elsewhere::kNobody:
      return purging.order.by == PurgeOrder::By::kKey && purging.count() == 0 ? 404 : 200;
    case Purging::Elsewhere::kDelivered:
      return 200;
    case Purging::Elsewhere::kOnItsWay:
    case Purging::Elsewhere::kWaiting:
      return 202;
    case Purging::Elsewhere::kRefused:
      return 503;
  }
  std::abort();
}

std::string_view elsewhere_of(const Purging& purging) {
  switch (purging.elsewhere.load()) {
    case Purging::Elsewhere::kNobody:
      return {};
    case Purging::Elsewhere::kDelivered:
      return "delivered";
    case Purging::Elsewhere::kOnItsWay:
    case Purging::Elsewhere::kWaiting:
      return "waiting";
    case Purging::Elsewhere::kRefused:
      return "refused";
  }
  std::abort();
}

std::string describe(const Purging& purging) {
  std::string text = "{\"by\":\"";
  text.append(name_of(purging.order.by)).append("\",\"soft\":").append(purging.order.soft ? "true" : "false");
  text.append(",\"purged\":").append(std::to_string(purging.count()));
  if (!purging.is_carried_out()) text.append(",\"counted\":\"in part\"");
  if (const auto elsewhere = elsewhere_of(purging); !elsewhere.empty()) {
    text.append(",\"pop\":\"").append(elsewhere).append("\"");
  }
  return text.append("}\n");
}

// Wakes the session `token` when it has been said to the other nodes, or could not be at once.
void tell_pop(Pop& pop, const std::shared_ptr<Purging>& purging, Mailbox& mailbox, uint64_t token, int64_t now) {
  purging->elsewhere = Purging::Elsewhere::kOnItsWay;
  const bool taken = pop.purges().issue(format_order(purging->order), now, [purging, &mailbox, token](bool delivered) {
    purging->elsewhere = delivered ? Purging::Elsewhere::kDelivered : Purging::Elsewhere::kWaiting;
    mailbox.wake({&token, 1});
  });
  if (!taken) purging->elsewhere = Purging::Elsewhere::kRefused;
}

}  // namespace

bool may_purge(const Exchange& x) {
  const CachePurge& rules = x.plan->location->cache_purge;
  if (!rules.from.empty()) {
    const sockaddr_storage peer = x.connection->peer.full();
    if (std::ranges::none_of(rules.from, [&](const AddressBlock& block) { return contains(block, peer); })) {
      return false;
    }
  }
  if (x.plan->purge_secret != nullptr && !x.plan->purge_secret->is(bearer(x.head.fields()))) return false;
  return rules.conditions.empty() || any_is_true(rules.conditions, x);
}

std::optional<PurgeOrder> purge_order(const Exchange& x) {
  const Fields& fields = x.head.fields();
  PurgeOrder order;
  order.zone = x.plan->location->cache;
  order.soft = fields.find("Soft-Purge").value_or("") == "1";
  if (fields.has(FieldId::kCacheTag) || fields.has(FieldId::kSurrogateKey)) {
    order.by = PurgeOrder::By::kTag;
    order.words = tag_names(fields);
    if (order.words.empty()) return std::nullopt;
    return order;
  }
  std::string key = x.plan->location->cache_key.evaluate(Variables(x));
  if (key.ends_with('*')) {
    order.by = PurgeOrder::By::kPrefix;
    key.pop_back();
  }
  order.words.push_back(std::move(key));
  return order;
}

Session::Next Session::answer_purge() {
  Exchange& x = *exchange_;
  purge_counts().requests.fetch_add(1, std::memory_order_relaxed);
  if (!may_purge(x)) {
    purge_counts().forbidden.fetch_add(1, std::memory_order_relaxed);
    return answered(send_error(x, 403));
  }
  if (x.plan->store == nullptr) return answered(send_error(x, 404));
  std::optional<PurgeOrder> order = purge_order(x);
  if (!order) return answered(send_error(x, 400));
  const auto& store = connection_.generation()->stores.find(order->zone)->second;
  x.purging = std::make_shared<Purging>(std::move(*order));
  Purged& here = x.purging->here;
  here = apply(x.purging->order, *store, connection_.worker.now());
  if (here.refused) {
    x.own_fields += "Retry-After: 1\r\n";
    return answered(send_error(x, 503));
  }
  Mailbox& mailbox = connection_.worker.mailbox();
  const uint64_t token = connection_.subscriber.token;
  if (here.ban) {
    connection_.worker.local<Sweeper>().carry_out(store, here.ban, [&mailbox, token] { mailbox.wake({&token, 1}); });
  }
  if (const auto& pop = connection_.generation()->pop; pop && pop->indexed()) {
    tell_pop(*pop, x.purging, mailbox, token, connection_.worker.now());
  }
  return Step::kPurge;
}

Session::Next Session::await_purge() {
  if (!exchange_->purging->is_over()) {
    connection_.stream.wait(Stream::Wait::kNothing, kPatience);
    return std::nullopt;
  }
  return tell_purged();
}

Session::Next Session::tell_purged() {
  Exchange& x = *exchange_;
  const int status = status_of(*x.purging);
  if (status == 404) return answered(send_error(x, 404));
  if (status == 503) x.own_fields += "Retry-After: 1\r\n";
  return answered(send_text(x, status, "application/json", describe(*x.purging)));
}

}  // namespace levee
