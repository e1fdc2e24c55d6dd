// Routes commands to the server that has their key.
#include "proxy/cluster/redis.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace levee {
namespace {

constexpr size_t kSlots = 16384;
constexpr unsigned kMostRedirections = 4;
constexpr int64_t kRefreshEvery = 1000;     // ms between two looks at the Sentinels or the slot map
constexpr int64_t kRefreshWhenAway = 100;   // ms, while no server is known for some keys
constexpr int64_t kSentinelDeadline = 500;  // ms

std::string_view text_of(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view() : std::string_view(reply.str, static_cast<size_t>(reply.len));
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "MOVED 3999 127.0.0.1:6381" or "ASK ...".
struct Redirection {
  bool ask;
  size_t slot;
  std::string host;
  int port;
};
std::optional<Redirection> parse_redirection(std::string_view error) {
  const bool ask = error.starts_with("ASK ");
  if (!ask && !error.starts_with("MOVED ")) return std::nullopt;
  error.remove_prefix(ask ? 4 : 6);
  const size_t space = error.find(' ');
  const size_t colon = error.rfind(':');
  if (space == std::string_view::npos || colon == std::string_view::npos || colon < space) return std::nullopt;
  const auto slot = number(error.substr(0, space));
  const auto port = number(error.substr(colon + 1));
  if (!slot || *slot < 0 || static_cast<size_t>(*slot) >= kSlots || !port) return std::nullopt;
  return Redirection{ask, static_cast<size_t>(*slot), std::string(error.substr(space + 1, colon - space - 1)), *port};
}

}  // namespace

RedisBreaker& RedisBreakers::of(const std::string& host, int port) {
  const std::lock_guard lock(mutex_);
  auto& breaker = breakers_[{host, port}];
  if (!breaker) breaker = std::make_unique<RedisBreaker>(host + ":" + std::to_string(port), tell_);
  return *breaker;
}

std::map<std::string, RedisBreakers::State> RedisBreakers::states() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, State> states;
  for (const auto& [address, breaker] : breakers_) {
    states.emplace(address.first + ":" + std::to_string(address.second), State{breaker->allows(), breaker->openings()});
  }
  return states;
}

uint16_t hash_slot(std::string_view key) {
  const size_t open = key.find('{');
  if (open != std::string_view::npos) {
    const size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  uint32_t crc = 0;  // CRC-16/XMODEM
  for (const char c : key) {
    crc ^= static_cast<uint32_t>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) != 0 ? crc << 1 ^ 0x1021U : crc << 1;
  }
  return static_cast<uint16_t>(crc & (kSlots - 1));
}

Redis::Redis(Loop& loop, RedisPlan plan, RedisBreakers& breakers)
    : loop_(loop),
      plan_(std::move(plan)),
      breakers_(breakers),
      slots_(plan_.kind == RedisPlan::Kind::kCluster ? kSlots : 1, nullptr),
      timer_(
          loop, [](void* self) { static_cast<Redis*>(self)->refresh(); }, this) {
  if (plan_.kind == RedisPlan::Kind::kSentinel) {
    for (RedisAddress address : plan_.addresses) {
      address.tls = plan_.tls;
      if (!plan_.tls_name.empty()) address.name = plan_.tls_name;
      sentinels_.push_back(
          std::make_unique<RedisLink>(loop_, address, breakers_.of(address.host, address.port), kSentinelDeadline));
    }
  } else {
    for (const RedisAddress& address : plan_.addresses) {
      RedisLink& first = link(address.host, address.port);
      if (plan_.kind == RedisPlan::Kind::kServer) slots_[0] = &first;
    }
  }
  if (plan_.kind != RedisPlan::Kind::kServer) timer_.set(1);
}

Redis::~Redis() = default;

void Redis::on_connect(std::function<void(RedisLink&)> told) {
  for (auto& [address, each] : links_) {
    if (each->usable()) told(*each);
  }
  told_.push_back(std::move(told));
}

RedisLink& Redis::link(const std::string& host, int port) {
  auto& found = links_[{host, port}];
  if (!found) {
    const RedisAddress address{host, port, plan_.password, plan_.database, plan_.user, plan_.tls, name_of(host, port)};
    found = std::make_unique<RedisLink>(loop_, address, breakers_.of(host, port), plan_.deadline);
    found->on_connect([this, connected = found.get()] {
      if (plan_.kind == RedisPlan::Kind::kCluster) ask_cluster(*connected);
      for (const auto& told : told_) told(*connected);
    });
  }
  return *found;
}

// What the server's certificate must prove.
std::string Redis::name_of(const std::string& host, int port) const {
  if (!plan_.tls_name.empty()) return plan_.tls_name;
  for (const RedisAddress& known : plan_.addresses) {
    if (known.host == host && known.port == port && !known.name.empty()) return known.name;
  }
  return host;
}

// Before the slot map is known any server of a Cluster says who has the key.
RedisLink* Redis::link_for(std::string_view key) {
  if (plan_.kind != RedisPlan::Kind::kCluster) return slots_[0];
  RedisLink* const known = slots_[hash_slot(key)];
  return known != nullptr ? known : any_link();
}

RedisLink* Redis::any_link() {
  RedisLink* found = nullptr;
  for (auto& [address, each] : links_) {
    if (each->usable()) return each.get();
    if (each->takes_commands()) found = each.get();
  }
  return found;
}

bool Redis::usable(std::string_view key) {
  const RedisLink* to = link_for(key);
  return to != nullptr && to->usable();
}

std::vector<uint16_t> Redis::slots_of_masters() const {
  std::vector<uint16_t> first;
  std::vector<const RedisLink*> seen{nullptr};
  if (plan_.kind != RedisPlan::Kind::kCluster) return first;
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot] == seen.back() || std::ranges::find(seen, slots_[slot]) != seen.end()) continue;
    seen.push_back(slots_[slot]);
    first.push_back(static_cast<uint16_t>(slot));
  }
  return first;
}

void Redis::command(std::string_view key, std::vector<std::string> words, Answer answer) {
  RedisLink* to = link_for(key);
  if (to == nullptr && plan_.kind == RedisPlan::Kind::kSentinel && held_.size() < kMostHeld) {
    held_.push_back({std::string(key), std::move(words), std::move(answer)});
    return;
  }
  if (to == nullptr) return answer(nullptr);
  send(*to, std::string(key), std::move(words), std::move(answer), 0);
}

// To the master, if it is known now; else they get no answer.
void Redis::send_held() {
  std::vector<Held> held;
  held.swap(held_);
  for (Held& one : held) {
    if (slots_[0] == nullptr) {
      one.answer(nullptr);
    } else {
      send(*slots_[0], std::move(one.key), std::move(one.words), std::move(one.answer), 0);
    }
  }
}

void Redis::send(RedisLink& to, std::string key, std::vector<std::string> words, Answer answer, unsigned redirections) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  to.command(views, [this, key = std::move(key), words, answer = std::move(answer),
                     redirections](const redisReply* reply) mutable {
    answered(std::move(key), std::move(words), std::move(answer), redirections, reply);
  });
}

void Redis::answered(std::string key, std::vector<std::string> words, Answer answer, unsigned redirections,
                     const redisReply* reply) {
  if (reply == nullptr || reply->type != REDIS_REPLY_ERROR) return answer(reply);
  const std::string_view error = text_of(*reply);
  if (error.starts_with("READONLY")) {  // it was the master once
    if (plan_.kind != RedisPlan::Kind::kServer) timer_.set(1);
    return answer(nullptr);
  }
  if (redirections >= kMostRedirections || !parse_redirection(error)) return answer(reply);
  redirect(error, std::move(key), std::move(words), std::move(answer), redirections);
}

void Redis::redirect(std::string_view error, std::string key, std::vector<std::string> words, Answer answer,
                     unsigned redirections) {
  const Redirection where = *parse_redirection(error);
  RedisLink& to = link(where.host, where.port);
  if (where.ask) {
    to.command({"ASKING"}, [](const redisReply*) {});
  } else if (plan_.kind == RedisPlan::Kind::kCluster) {
    slots_[where.slot] = &to;
    timer_.set(1);  // others have moved too, most likely
  }
  send(to, std::move(key), std::move(words), std::move(answer), redirections + 1);
}

void Redis::refresh() {
  timer_.set(slots_[0] != nullptr && slots_[0]->usable() ? kRefreshEvery : kRefreshWhenAway);
  if (plan_.kind == RedisPlan::Kind::kSentinel) {
    if (next_sentinel_ > 0) send_held();
    return ask_sentinel(next_sentinel_++ % sentinels_.size());
  }
  for (auto& [address, each] : links_) {
    if (each->usable()) return ask_cluster(*each);
  }
}

void Redis::ask_cluster(RedisLink& from) {
  if (std::exchange(asking_, true)) return;
  from.command({"CLUSTER", "SLOTS"}, [this](const redisReply* reply) {
    asking_ = false;
    if (reply != nullptr && reply->type == REDIS_REPLY_ARRAY) read_slots(*reply);
  });
}

// Each element: first slot, last slot, the master as [host, port, ...], its replicas.
void Redis::read_slots(const redisReply& reply) {
  for (size_t i = 0; i < reply.elements; ++i) {
    const redisReply& range = *reply.element[i];
    if (range.type != REDIS_REPLY_ARRAY || range.elements < 3 || range.element[2]->elements < 2) continue;
    const auto first = static_cast<size_t>(std::clamp<long long>(range.element[0]->integer, 0, kSlots));
    const auto last = static_cast<size_t>(std::clamp<long long>(range.element[1]->integer, 0, kSlots - 1));
    const std::string host(text_of(*range.element[2]->element[0]));
    if (host.empty()) continue;
    RedisLink& master = link(host, static_cast<int>(range.element[2]->element[1]->integer));
    for (size_t slot = first; slot <= last; ++slot) slots_[slot] = &master;
  }
}

void Redis::ask_sentinel(size_t index) {
  RedisLink& sentinel = *sentinels_[index];
  sentinel.command({"SENTINEL", "get-master-addr-by-name", plan_.master}, [this](const redisReply* reply) {
    if (reply == nullptr || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) return;
    if (const auto port = number(text_of(*reply->element[1])))
      slots_[0] = &link(std::string(text_of(*reply->element[0])), *port);
    send_held();
  });
}

}  // namespace levee
