#include "proxy/cluster/purge_bus.h"

#include <hiredis/hiredis.h>

#include <utility>
#include <vector>

#include "proxy/cluster/script.h"

namespace levee {
namespace {

constexpr int64_t kSlack = 1000;    // ms by which clocks and answers may be late
constexpr size_t kReadAtOnce = 64;  // entries
constexpr size_t kDeliveredAtOnce = 64;

// Entries are: e, the stream's epoch; i, the order's id; o, the order. The first of a stream has neither id nor order.

// Where to read from, for a node that was current ARGV[1] ms ago in the epoch ARGV[2] ("": none). Answers entry, epoch,
// and whether all since then stands in the stream: 1; 2: if it was made since, what stood in the one before is gone; 0:
// no.
const Script kJoin(R"lua(
local now = redis.call('TIME')
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
if not first then
  local epoch = now[1] .. '.' .. now[2]
  return {redis.call('XADD', KEYS[1], '*', 'e', epoch, 'i', '', 'o', ''), epoch, 2}
end
local epoch = first[2][2]
local whole = first[2][4] == '' and 2 or 0
if ARGV[2] ~= '' and ARGV[2] ~= epoch then return {first[1], epoch, whole} end
local since = math.max(0, now[1] * 1000 + math.floor(now[2] / 1000) - ARGV[1])
local before = redis.call('XREVRANGE', KEYS[1], string.format('%.0f', since), '-', 'COUNT', 1)[1]
if before then return {before[1], epoch, 1} end
return {first[1], epoch, whole}
)lua");

// ARGV: id, order, how many entries the stream holds. Answers the epoch, and where it stands.
const Script kSay(R"lua(
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not last then
  local now = redis.call('TIME')
  redis.call('XADD', KEYS[1], '*', 'e', now[1] .. '.' .. now[2], 'i', '', 'o', '')
  last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
end
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'e', last[2][2], 'i', ARGV[1], 'o', ARGV[2])
return {last[2][2], id}
)lua");

std::string_view text_of(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view() : std::string_view(reply.str, static_cast<size_t>(reply.len));
}

// An entry as XRANGE gives it: id, [e, epoch, i, id, o, order].
bool is_entry(const redisReply& reply) {
  return reply.type == REDIS_REPLY_ARRAY && reply.elements == 2 && reply.element[1]->type == REDIS_REPLY_ARRAY &&
         reply.element[1]->elements == 6;
}

std::optional<PurgeMark> said_at(const redisReply* reply) {
  if (reply == nullptr || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) return std::nullopt;
  return PurgeMark::of(text_of(*reply->element[0]), text_of(*reply->element[1]));
}

}  // namespace

PurgeBus::PurgeBus(Loop& loop, Redis& redis, const std::string& prefix, PurgeLedger& ledger, Hands hands,
                   size_t stream_holds)
    : redis_(redis),
      key_(prefix + ":purges"),
      ledger_(ledger),
      hands_(std::move(hands)),
      stream_holds_(std::to_string(stream_holds)),
      timer_(
          loop, [](void* self) { static_cast<PurgeBus*>(self)->look(); }, this),
      epoch_(ledger.epoch()),
      current_at_(ledger.current_at() > 0 ? ledger.current_at() : loop.now()) {
  ledger_.all_read(current_at_);
  ledger_.bus_begins();
  redis_.on_connect([this](RedisLink& link) {
    kJoin.load(link);
    kSay.load(link);
    look();  // before anything else is asked over this connection
  });
  ledger_.on_issue(hands_.wake);
  timer_.set(1);
}

PurgeBus::~PurgeBus() {
  *alive_ = false;
  ledger_.on_issue(nullptr);
}

void PurgeBus::suspect() {
  suspicious_ = !hands_.suspect_all();
}

void PurgeBus::look() {
  timer_.set(kPoll);
  if (suspicious_ && hands_.suspect_all()) suspicious_ = false;
  // Not before the stream was read, after whose loss not every node shall say everything again; but who waits learns at
  // once that Redis is away.
  if (!position_.empty() || !redis_.usable(key_)) deliver();
  if (asking_) return;
  asking_ = true;
  if (position_.empty()) {
    join();
  } else {
    read();
  }
}

// ---- reading

void PurgeBus::join() {
  const int64_t away = timer_.loop().now() - current_at_ + kSlack;
  kJoin.run(redis_, key_, {std::to_string(away), epoch_}, [this, alive = alive_](const redisReply* reply) {
    if (!*alive) return;
    asking_ = false;
    joined(reply);
  });
}

void PurgeBus::joined(const redisReply* reply) {
  if (reply == nullptr || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) return;
  const std::string epoch(text_of(*reply->element[1]));
  const bool is_place = !PurgeMark::of(epoch, text_of(*reply->element[0])).epoch.empty();
  if (!is_place || reply->element[2]->type != REDIS_REPLY_INTEGER) return;
  const long long whole = reply->element[2]->integer;
  const int64_t away = timer_.loop().now() - current_at_;
  if (whole == 0 || (whole == 2 && away > PurgeLedger::kKeep)) suspect();
  // A position that was there is gone: what we know may be gone too. What is found again is not said again.
  const bool is_another = !epoch_.empty() && epoch != epoch_;
  if (whole == 2 || is_another || position_lost_) ledger_.stream_is_new();
  if (is_another) hands_.lost();
  position_lost_ = false;
  position_ = text_of(*reply->element[0]);
  position_is_new_ = whole != 1;
  last_order_ = position_is_new_ ? "" : position_;
  epoch_ = epoch;
  asking_ = true;
  read();
}

void PurgeBus::read() {
  redis_.command(key_, {"XRANGE", key_, position_, "+", "COUNT", std::to_string(kReadAtOnce)},
                 [this, alive = alive_](const redisReply* reply) {
                   if (!*alive) return;
                   asking_ = false;
                   heard(reply);
                 });
}

void PurgeBus::heard(const redisReply* reply) {
  if (reply == nullptr || reply->type != REDIS_REPLY_ARRAY) return;
  const bool goes_on = reply->elements > 0 && is_entry(*reply->element[0]) &&
                       text_of(*reply->element[0]->element[0]) == position_ &&
                       text_of(*reply->element[0]->element[1]->element[1]) == epoch_;
  if (!goes_on) {
    position_.clear();  // the next look finds another
    position_lost_ = true;
    return ledger_.reached({}, {});
  }
  for (size_t i = position_is_new_ ? 0 : 1; i < reply->elements; ++i) {
    if (!obey(*reply->element[i])) return;
    position_is_new_ = false;
  }
  if (reply->elements == kReadAtOnce) {
    asking_ = true;
    return read();
  }
  current_at_ = timer_.loop().now();
  ledger_.all_read(current_at_);
  ledger_.reached(PurgeMark::of(epoch_, position_), PurgeMark::of(epoch_, last_order_));
  deliver();
}

bool PurgeBus::obey(const redisReply& entry) {
  if (!is_entry(entry)) return true;  // not one of ours
  const auto field = [&](size_t i) { return text_of(*entry.element[1]->element[i]); };
  const std::string_view id = field(3), order = field(5);
  if (!id.empty()) {
    if (!ledger_.knows(id) && !hands_.carry_out(order)) return false;
    ledger_.heard({std::string(id), std::string(order)}, timer_.loop().now());
  }
  position_ = text_of(*entry.element[0]);
  if (!id.empty()) last_order_ = position_;
  return true;
}

// ---- saying

void PurgeBus::deliver() {
  for (const PurgeLedger::Line& line : ledger_.take(kDeliveredAtOnce)) {
    kSay.run(redis_, key_, {line.id, line.text, stream_holds_},
             [this, alive = alive_, id = line.id](const redisReply* reply) {
               if (*alive) ledger_.delivered(id, said_at(reply));
             });
  }
}

}  // namespace levee
