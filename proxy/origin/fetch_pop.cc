// The fetch and the other nodes of its PoP: the question to the index, and the response from a peer.
#include "proxy/origin/fetch_pop.h"

#include <algorithm>
#include <utility>

#include "proxy/cluster/purge_order.h"
#include "proxy/ops/log.h"
#include "proxy/origin/fetch_task.h"

namespace levee {
namespace {

constexpr unsigned kMostAsks = 4;  // then the fetch goes on alone: a PoP full of dead nodes must not cost more
constexpr int64_t kAnswerDue = 5;  // ms beyond Redis' own deadline
constexpr int64_t kHiccup = 10;    // ms by which a timer may be late although the loop does not lag

void count(std::atomic<uint64_t>& counter, uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace

// Only what will be shared is: a GET into a zone, of the whole or of a slice.
void Fetch::join_pop() {
  const auto& pop = order_.generation->pop;
  if (!pop || !pop->indexed() || order_.key.empty() || !order_.may_store || order_.known_uncacheable != nullptr) return;
  if (order_.method != "GET" || order_.body != nullptr || order_.begun != nullptr) return;
  if (!fits_question(order_.vary_source)) return;
  pop_ = std::make_unique<PopPart>(
      worker_, pop, index_key(location_.cache, order_.key), [](void* fetch) { static_cast<Fetch*>(fetch)->pop_tick(); },
      *this);
}

PopIndex* Fetch::index() {
  return worker_.local<PopMember>().index(pop_->pop);
}

Fetch::Next Fetch::ask() {
  if (pop_ == nullptr || order_.from_origin) return Step::kAdmit;
  PopPart& pop = *pop_;
  if (!pop.question) {
    PopIndex* const to = index();
    if (to == nullptr) return decided(Alone{});
    step_ = Step::kAsk;
    await_index();
    ask_index(*to);
  }
  if (!pop.decision) return std::nullopt;
  pop.question.reset();
  timer_.clear();
  const Decision decision = std::move(*std::exchange(pop.decision, std::nullopt));
  return decided(decision);
}

void Fetch::await_index() {
  pop_->asked_at = worker_.now();
  timer_.set(pop_->pop->plan().deadline + kAnswerDue);
}

// No answer in time. But a loop that lags may have sent the question late, and has not listened since: what it lags is
// not Redis' time, whose deadline for each command ends the waiting in any case.
void Fetch::unanswered() {
  const int64_t late = worker_.now() - pop_->asked_at - pop_->pop->plan().deadline - kAnswerDue;
  if (late > kHiccup) return await_index();
  pop_->decision = Alone{};
  advance();
}

// The answer comes to pop_->decision, and wakes the fetch if it is still waited for.
void Fetch::ask_index(PopIndex& to) {
  PopPart& pop = *pop_;
  pop.decision.reset();
  pop.question = std::make_shared<Fetch*>(this);
  pop.lease = pop.pop->lease();
  count(pop.pop->counts.asked);
  to.decide(pop.key, pop.lease, pop.excluded, [weak = std::weak_ptr(pop.question)](Decision decision) {
    const auto question = weak.lock();
    if (!question) return;
    Fetch& fetch = **question;
    fetch.pop_->decision = std::move(decision);
    fetch.pop_answered();
  });
}

void Fetch::pop_answered() {
  if (step_ == Step::kAsk) return advance();
  // We had asked whether our peer is alive.
  pop_->question.reset();
  const Decision decision = std::move(*std::exchange(pop_->decision, std::nullopt));
  if (const Next next = checked(decision)) {
    step_ = *next;
    advance();
  }
}

Fetch::Next Fetch::decided(const Decision& decision) {
  PopPart& pop = *pop_;
  auto& counts = pop.pop->counts;
  if (const auto* have = std::get_if<Have>(&decision)) {
    count(counts.had);
    return go_to_peer(have->node);
  }
  if (const auto* follow = std::get_if<FollowNode>(&decision)) {
    count(counts.followed);
    return go_to_peer(follow->node);
  }
  if (const auto* lead = std::get_if<LeadHere>(&decision)) {
    count(counts.led);
    take_lease(lead->fence);
    return Step::kAdmit;
  }
  if (const auto* uncacheable = std::get_if<Uncacheable>(&decision)) {
    const int64_t known_for = std::max<int64_t>(kRemember - uncacheable->remember, 0) + pop.pop->plan().deadline;
    if (was_purged(worker_.now() - known_for) && ++pop.asks <= kMostAsks) return ask_anew();
    count(counts.uncacheable);
    return stand_down(uncacheable->remember);
  }
  if (const auto* varies = std::get_if<Varies>(&decision); varies != nullptr && !pop.varied) {
    use_variant(varies->names);
    return Step::kAsk;
  }
  count(counts.alone);
  return Step::kAdmit;
}

// Whether the key, or a tag of what has come of it, was purged since then, ms. The index does not know: it has no keys.
bool Fetch::was_purged(int64_t since) const {
  return std::ranges::any_of(pop_->pop->purges().orders_since(since), [&](const std::string& text) {
    const std::optional<PurgeOrder> order = parse_order(text);
    if (!order || order->by != PurgeOrder::By::kTag) return order && covers(*order, location_.cache, order_.key);
    return entry_ != nullptr && order->zone == location_.cache && share_one(hashed(order->words), entry_->tags);
  });
}

Fetch::Next Fetch::ask_anew() {
  if (PopIndex* const to = index()) to->forget_uncacheable(pop_->key);
  return Step::kAsk;
}

// Somebody of the PoP knows it for uncacheable: those who wait here need not.
Fetch::Next Fetch::stand_down(int64_t remember) {
  if (writer_.is_open()) return Step::kAdmit;
  writer_.stand_down(worker_.now() + std::max<int64_t>(remember, 1));
  return end();
}

Fetch::Next Fetch::go_to_peer(const std::string& node) {
  PopPart& pop = *pop_;
  const std::optional<PurgeMark> mark = pop.pop->purges().mark();
  if (!mark || ++pop.asks > kMostAsks) return Step::kAdmit;
  const std::optional<PeerTarget> target = peer_target(node);
  if (!target || (pop.pop->uses_tls() && !target->tls)) return distrust(node);
  pop.mark = mark->text();
  pop.peer = node;
  pop.address = target->address;
  pop.tls = target->tls;
  pop.seen = 0;
  pop.heard_at = worker_.now();
  upstream_ = order_.generation->upstream(pop.address, pop.tls);
  rules_ = upstream_->rules();
  tried_.clear();
  fresh_only_ = false;
  pop.timer.set(pop.pop->peer_timeout());
  return Step::kChoose;
}

// It would be told the secret, in clear where our own nodes talk TLS, or is no address at all.
Fetch::Next Fetch::distrust(const std::string& node) {
  count(pop_->pop->counts.peer_failures);
  log(LogLevel::kError, 0, "the shared index names a peer that is none of ours: ", node);
  exclude(node);
  return Step::kAsk;
}

void Fetch::exclude(const std::string& node) {
  pop_->excluded.append(pop_->excluded.empty() ? "" : ",").append(node);
}

// The origin again is what the fetch is for.
void Fetch::forget_peer() {
  PopPart& pop = *pop_;
  pop.timer.clear();
  pop.question.reset();
  exclude(pop.peer);
  pop.peer.clear();
  upstream_ = order_.generation->upstream(order_.upstream, order_.tls);
  rules_ = upstream_->rules();
  tried_.clear();
  tries_ = 0;
  fresh_only_ = false;
}

// This peer is of no use: the index is asked who else is.
Fetch::Next Fetch::leave_peer(Outcome outcome) {
  if (outcome != Outcome::kGood) count(pop_->pop->counts.peer_failures);
  seat_.judge(outcome, worker_.now());
  close_attempt();
  seat_.leave();
  auto& pool = worker_.local<OriginPool>();
  if (outcome == Outcome::kGood && reusable_) {
    pool.keep(*rules_, std::move(connection_));
  } else {
    pool.drop(std::move(connection_));
  }
  forget_peer();
  return Step::kAsk;
}

// The peer broke off in mid-body. What its readers have stays: whoever is asked next goes on at that byte.
Fetch::Next Fetch::lost_peer() {
  if (writer_.unwanted() || resumptions_ >= kMostResumptions) return give_up({Failure::kCut});
  resuming_ = resumption(order_, *entry_, decoder_.framing(), writer_.size());
  if (!resuming_) return give_up({Failure::kCut});
  ++resumptions_;
  count(pop_->pop->counts.resumed);
  return leave_peer(Outcome::kBad);
}

// Leading: the lease goes on. Following: a peer that is silent may be dead, and the index knows.
void Fetch::pop_tick() {
  PopPart& pop = *pop_;
  PopIndex* const to = index();
  if (pop.fence != 0) {
    if (to != nullptr) to->renew(pop.key, pop.fence, pop.lease);
    pop.timer.set(pop.lease / 3);
    return;
  }
  if (!at_peer()) return;
  pop.timer.set(pop.pop->peer_timeout());
  if (trace_->attempts.empty() || paused_) return;
  if (attempt().bytes_received != pop.seen) {
    pop.seen = attempt().bytes_received;
    pop.heard_at = worker_.now();
  } else if (step_ == Step::kReadBody || (step_ == Step::kReadHead && interim_ > 0)) {
    // Of what was purged on its way the index knows nothing any more: it speaks of what came after.
    const bool is_ours = !writer_.is_open() || !was_purged(began_);
    if (to != nullptr && is_ours && !pop.question) ask_index(*to);
  }
}

// What the index says of the key while its peer is silent. Nothing: we stay with it.
Fetch::Next Fetch::checked(const Decision& decision) {
  PopPart& pop = *pop_;
  if (!at_peer()) return std::nullopt;
  if (const auto* follow = std::get_if<FollowNode>(&decision); follow != nullptr && follow->node == pop.peer) {
    return std::nullopt;  // it renews its lease, so it is alive, and the origin is slow
  }
  const bool patient = std::holds_alternative<Alone>(decision) && worker_.now() - pop.heard_at < pop.lease;
  const bool open = writer_.is_open();
  const bool can_leave = !open || resumption(order_, *entry_, decoder_.framing(), writer_.size()).has_value();
  const auto* lead = std::get_if<LeadHere>(&decision);
  if (patient || !can_leave) {
    if (lead != nullptr && index() != nullptr) index()->release(pop.key, lead->fence);
    return std::nullopt;
  }
  log(LogLevel::kError, 0, "peer ", pop.peer, " is silent, request: ", order_.target);
  if (lead != nullptr) pop.fence = lead->fence;  // given back if it all comes to nothing
  const Next next = open ? lost_peer() : leave_peer(Outcome::kAway);
  if (lead == nullptr || next != Step::kAsk) return next;
  count(pop.pop->counts.led);
  take_lease(lead->fence);
  return Step::kAdmit;
}

// A peer's head: what it says of the key counts, before its status does.
Fetch::Next Fetch::peer_head() {
  const auto said = parse_answer(head_.fields().find(kPeerAnswerField).value_or(""));
  if (!said) {
    log(LogLevel::kError, 0, "peer ", pop_->peer, " sent no peer's answer: status ", head_.status());
    return leave_peer(Outcome::kBad);
  }
  if (const auto* entry = std::get_if<PeerEntry>(&*said))
    return resuming_ && entry_ ? resumed() : deliver_from_peer(*entry);
  reusable_ = reusable_ && head_size_ == head_.size() && head_.framing().length == 0;
  if (const auto* uncacheable = std::get_if<PeerUncacheable>(&*said); uncacheable != nullptr && !writer_.is_open()) {
    const int64_t remember = uncacheable->remember;
    seat_.judge(Outcome::kGood, worker_.now());
    return stand_down(remember);
  }
  // Nobody pays for the origin's time-out twice; but our own part of its limit may have room.
  if (const auto* fault = std::get_if<Fault>(&*said); fault != nullptr && !writer_.is_open()) {
    if (fault->why != Failure::kAbandoned && fault->why != Failure::kOverloaded) {
      seat_.judge(Outcome::kGood, worker_.now());
      return give_up(*fault);
    }
  }
  return leave_peer(Outcome::kGood);
}

Fetch::Next Fetch::deliver_from_peer(const PeerEntry& said) {
  auto entry = entry_from_peer(order_, head_, said, request_sent_, worker_.now());
  if (!entry) return leave_peer(Outcome::kBad);
  seat_.judge(Outcome::kGood, worker_.now());
  entry_ = std::move(entry);
  decoder_ = BodyDecoder(head_.framing());
  if (head_.framing().kind == Framing::Kind::kLength) total_ = head_.framing().length;
  writer_.open(entry_);
  return feed(behind_head());
}

// The fetch is over.
void Fetch::leave_pop() {
  if (pop_ == nullptr) return;
  release_lease();
  if (at_peer()) count(pop_->pop->counts.peer_bytes, trace_->attempts.empty() ? 0 : attempt().bytes_received);
  pop_->timer.clear();
  pop_->question.reset();
}

const ProxyTls& Fetch::tls_rules() const {
  return at_peer() ? order_.generation->config->http.cluster.peer_location->tls : location_.tls;
}

std::string Fetch::tls_name() const {
  if (at_peer()) return pop_->address;
  return order_.tls_name.empty() ? order_.host : order_.tls_name;
}

int64_t Fetch::connect_timeout() const {
  return at_peer() ? pop_->pop->peer_timeout() : location_.connect_timeout.count();
}

// A peer that fetches itself says so at once (102), and may then take as long as the origin.
int64_t Fetch::head_timeout() const {
  return at_peer() && interim_ == 0 ? pop_->pop->peer_timeout() : location_.read_timeout.count();
}

std::string Fetch::peer_question() const {
  return format_question({pop_->pop->secret().text(), location_.cache, order_.key, pop_->address, order_.vary_source,
                          resuming_ ? resuming_->offset : 0,
                          resuming_ ? std::string_view(resuming_->validator) : std::string_view(), pop_->mark,
                          order_.slice ? order_.slice->size : 0});
}

}  // namespace levee
