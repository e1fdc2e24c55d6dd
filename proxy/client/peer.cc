// Other nodes of the PoP ask for what is here or on its way. Nothing is fetched for them.
#include "proxy/client/peer.h"

#include <algorithm>

#include "proxy/client/answer.h"
#include "proxy/client/commons.h"
#include "proxy/client/session.h"
#include "proxy/cluster/pop.h"
#include "proxy/ops/log.h"
#include "proxy/origin/response.h"

namespace levee {
namespace {

constexpr int kMostLooks = 4;
constexpr std::string_view kWait = "HTTP/1.1 102 Processing\r\n\r\n";

}  // namespace

Sender::Outcome send_to_peer(Exchange& x, const PeerAnswer& answer) {
  x.own_fields.append(kPeerAnswerField).append(": ").append(format_answer(answer)).append("\r\n");
  return send_text(x, 404, {}, {});
}

std::string peer_answer(const Entry& entry, int64_t asked, int64_t now) {
  PeerEntry said{entry.lifetime, std::max<int64_t>(now - asked, 0), entry.keep};
  said.lifetime.initial_age = entry.age(now);
  if (entry.part) {
    said.slice = entry.part->slice;
    said.series = entry.part->series;
  }
  return format_answer(said);
}

// Who does not know the secret learns nothing, not even whether a zone is there.
Session::Next Session::answer_peer() {
  Exchange& x = *exchange_;
  const Generation& generation = *connection_.generation();
  const auto secret = x.head.fields().find(kPeerSecretField);
  if (!generation.pop || !secret || !generation.pop->secret().is(*secret)) {
    if (generation.pop) generation.pop->counts.refused.fetch_add(1, std::memory_order_relaxed);
    log(LogLevel::kError, connection_.number, "a peer without the secret was refused");
    return answered(send_error(x, 403));
  }
  if (x.head.method() != Method::kGet) return answered(send_error(x, 405));
  const auto store = generation.stores.find(x.head.fields().find(kPeerZoneField).value_or(""));
  if (store == generation.stores.end()) return answered(send_to_peer(x, PeerAbsent{}));
  // What was purged at the peer must not come back from here.
  const PurgeMark mark = PurgeMark::parse(x.head.fields().find(kPeerPurgesField).value_or(""));
  if (!generation.pop->purges().has_reached(mark)) return answered(send_to_peer(x, PeerAbsent{}));
  x.peer_store = store->second.get();
  return look_for_peer();
}

Session::Next Session::look_for_peer() {
  Exchange& x = *exchange_;
  const auto key = unescape_key(x.head.fields().find(kPeerKeyField).value_or(""));
  if (!key || ++x.looks > kMostLooks) return answered(send_to_peer(x, PeerAbsent{}));
  Rules rules;
  rules.only_join = true;
  Found found = x.peer_store->find({KeyView(*key), x, connection_.subscriber, rules, connection_.worker.now()});
  if (const auto* pass = std::get_if<Pass>(&found)) {
    if (pass->why != Pass::Why::kUncacheable) return answered(send_to_peer(x, PeerAbsent{}));
    return answered(send_to_peer(x, PeerUncacheable{kRemember}));
  }
  auto& served = connection_.generation()->pop->counts.served;
  served.fetch_add(1, std::memory_order_relaxed);
  if (auto* hit = std::get_if<Hit>(&found)) {
    x.entry = std::move(hit->entry);
    return answered(send_entry(x));
  }
  x.reader = std::move(std::get<Follow>(found).reader);
  x.note.collapsed = true;
  // The peer learns at once that somebody is at it, however long the origin takes.
  if (x.reader->look().state == FlightState::kOpening) {
    const iovec view{const_cast<char*>(kWait.data()), kWait.size()};
    if (connection_.stream.write({&view, 1}).count != kWait.size()) return leave(499);
  }
  return Step::kAwait;
}

}  // namespace levee
