#include "proxy/origin/health_check.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "proxy/net/stream.h"
#include "proxy/ops/log.h"
#include "proxy/origin/upstream_state.h"

namespace levee {
namespace {

constexpr int64_t kLeastTime = 500, kMostTime = 5000;  // ms that a check may take; between, two intervals
constexpr unsigned kMostInterim = 16;

bool field_is(const HealthMatch::Field& wanted, const Fields& fields) {
  using Test = HealthMatch::Field::Test;
  const std::optional<std::string_view> value = fields.find(wanted.name);
  switch (wanted.test) {
    case Test::kPresent:
      return value.has_value();
    case Test::kAbsent:
      return !value;
    case Test::kEquals:
      return value == std::string_view(wanted.value);
    case Test::kDiffers:
      return value != std::string_view(wanted.value);
    case Test::kMatches:
      return value && wanted.regex && wanted.regex->matches(*value);
    case Test::kMatchesNot:
      return !value || !wanted.regex || !wanted.regex->matches(*value);
  }
  return false;
}

// The location whose health_check it is: it says how to talk TLS, and the name of the host.
const Location* location_of(const std::vector<Location>& locations, std::string_view upstream) {
  for (const Location& location : locations) {
    const auto* pass = std::get_if<ProxyPass>(&location.answer);
    if (pass != nullptr && location.health_check && pass->upstream == upstream) return &location;
    if (const Location* inner = location_of(location.locations, upstream)) return inner;
  }
  return nullptr;
}

std::string without_port(const std::string& host) {
  return host.starts_with('[') ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':'));
}

void set_port(SocketAddress& address, uint16_t port) {
  if (port == 0 || address.storage.ss_family == AF_UNIX) return;
  // sin_port and sin6_port are at the same place.
  reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
}

}  // namespace

bool is_well(const HealthCheck& check, const ResponseHead& head) {
  if (!check.match) return head.status() >= 200 && head.status() < 400;
  const HealthMatch& match = *check.match;
  const bool listed = std::ranges::any_of(match.statuses, [&](const HealthMatch::Statuses& range) {
    return head.status() >= range.from && head.status() <= range.to;
  });
  if (!match.statuses.empty() && listed == match.statuses_negated) return false;
  return std::ranges::all_of(match.fields, [&](const auto& field) { return field_is(field, head.fields()); });
}

class HealthChecks::Round final : public Mortal {
 public:
  Round(Worker& worker, std::shared_ptr<const Generation> generation, std::shared_ptr<UpstreamState> upstream,
        const HealthCheck& check, const Location* location);
  ~Round() override;
  void begin() { timer_.set(0); }

 private:
  class Probe;
  struct Known {
    uint32_t fails = 0, passes = 0;  // in a row
  };
  void ask_all();
  void judge(const std::string& peer, bool well);
  void ended(Probe& probe, std::optional<bool> well);  // nothing: it could not be asked

  Worker& worker_;
  const std::shared_ptr<const Generation> generation_;
  const std::shared_ptr<UpstreamState> upstream_;
  const HealthCheck& check_;        // in generation_
  const Location* const location_;  // in generation_; null: none, so no TLS
  Timer timer_;
  std::map<std::string, Known> known_;  // by peer
  std::vector<std::unique_ptr<Probe>> probes_;
  std::minstd_rand dice_{std::random_device{}()};
};

// One question to one server: connect, ask, read the head.
class HealthChecks::Round::Probe final : public Mortal, public StreamOwner {
 public:
  Probe(Round& round, std::string peer) : peer_(std::move(peer)), round_(&round) {}

  void begin(SocketAddress address, int64_t time) {
    deadline_ = round_->worker_.now() + time;
    set_port(address, round_->check_.port);
    stream_ = Stream::connect(round_->worker_.loop(), address, *this);
    if (stream_ == nullptr) return end(is_own_shortage(errno) ? std::nullopt : std::optional(false));
    stream_->wait(Stream::Wait::kWrite, left());
  }
  void on_ready() override {
    switch (step_) {
      case Step::kConnect:
        return connected();
      case Step::kHandshake:
        return handshake();
      case Step::kRead:
        return read();
      case Step::kEnded:
        return;
    }
  }
  void on_timeout() override { end(false); }
  // Nobody wants to know any more.
  void forget() { round_ = nullptr; }
  const std::string& peer() const { return peer_; }

 private:
  enum class Step : uint8_t { kConnect, kHandshake, kRead, kEnded };

  void connected() {
    if (stream_->connect_error() != 0) return end(false);
    if (!round_->check_.tls) return ask();
    const auto& contexts = round_->generation_->client_tls;
    const auto tls = round_->location_ == nullptr ? contexts.end() : contexts.find(&round_->location_->tls);
    if (tls == contexts.end() || !tls->second->start(*stream_, without_port(host()), peer_)) return end(false);
    step_ = Step::kHandshake;
    handshake();
  }
  void handshake() {
    switch (stream_->handshake().state) {
      case Io::kAgain:
        return stream_->wait(Stream::Wait::kBoth, left());
      case Io::kDone:
        return ask();
      case Io::kClosed:
      case Io::kFailed:
        return end(false);
    }
  }
  int64_t left() const { return std::max<int64_t>(deadline_ - round_->worker_.now(), 1); }
  std::string host() const {
    const auto* pass = round_->location_ == nullptr ? nullptr : std::get_if<ProxyPass>(&round_->location_->answer);
    return pass == nullptr ? round_->upstream_->name() : pass->host;
  }
  void ask() {
    const std::string head = "GET " + round_->check_.uri + " HTTP/1.1\r\nHost: " + host() +
                             "\r\nUser-Agent: levee (health check)\r\nConnection: close\r\n\r\n";
    const iovec all{const_cast<char*>(head.data()), head.size()};
    const IoResult result = stream_->write({&all, 1});
    if (result.count != head.size()) return end(false);  // a fresh socket has room for so little
    step_ = Step::kRead;
    stream_->wait(Stream::Wait::kRead, left());
  }
  void read() {
    static constexpr HeadLimits kLimits{8192, 8192, 8192, Fields::kCapacity};
    while (true) {
      const std::span<char> room = std::span(buffer_).subspan(size_);
      if (room.empty()) return end(false);
      const IoResult result = stream_->read(std::as_writable_bytes(room));
      if (result.state == Io::kAgain) return stream_->wait(Stream::Wait::kRead, left());
      if (result.state != Io::kDone) return end(false);
      size_ += result.count;
      if (is_judged(kLimits)) return;
    }
  }
  // False: more bytes are needed.
  bool is_judged(const HeadLimits& limits) {
    while (size_ > 0) {
      const Parse parsed = head_.parse({buffer_.data(), size_}, limits, Method::kGet);
      if (parsed == Parse::kMore) return false;
      const bool is_interim = parsed == Parse::kDone && head_.is_interim();
      if (!is_interim || ++interim_ > kMostInterim) {
        end(!is_interim && parsed == Parse::kDone && is_well(round_->check_, head_));
        return true;
      }
      size_ -= head_.size();
      std::memmove(buffer_.data(), buffer_.data() + head_.size(), size_);
      head_.reset();
    }
    return false;
  }
  void end(std::optional<bool> well) {
    if (step_ == Step::kEnded) return;
    step_ = Step::kEnded;
    if (stream_ != nullptr) stream_->wait(Stream::Wait::kNothing, 0);
    if (round_ != nullptr) std::exchange(round_, nullptr)->ended(*this, well);
  }

  const std::string peer_;
  Round* round_;
  Step step_ = Step::kConnect;
  int64_t deadline_ = 0;  // ms; who answers a byte at a time is not well either
  std::unique_ptr<Stream> stream_;
  std::array<char, 8192> buffer_;
  size_t size_ = 0;
  unsigned interim_ = 0;
  ResponseHead head_;
};

HealthChecks::Round::Round(Worker& worker, std::shared_ptr<const Generation> generation,
                           std::shared_ptr<UpstreamState> upstream, const HealthCheck& check, const Location* location)
    : worker_(worker),
      generation_(std::move(generation)),
      upstream_(std::move(upstream)),
      check_(check),
      location_(location),
      timer_(
          worker.loop(), [](void* self) { static_cast<Round*>(self)->ask_all(); }, this) {}

HealthChecks::Round::~Round() {
  for (const auto& probe : probes_) probe->forget();
}

void HealthChecks::Round::ask_all() {
  const int64_t interval = std::max<int64_t>(check_.interval.count(), 10);
  timer_.set(interval + std::uniform_int_distribution<int64_t>(0, std::max<int64_t>(check_.jitter.count(), 0))(dice_));
  const auto peers = upstream_->peers();
  std::erase_if(known_, [&](const auto& known) {  // a name's addresses come and go
    return std::ranges::none_of(peers, [&](const auto& peer) { return peer->name == known.first; });
  });
  for (const auto& peer : peers) {
    const auto asked = [&](const auto& probe) { return probe->peer() == peer->name; };
    if (std::ranges::any_of(probes_, asked)) continue;
    probes_.push_back(std::make_unique<Probe>(*this, peer->name));
    probes_.back()->begin(peer->address, std::clamp(2 * interval, kLeastTime, kMostTime));
  }
}

void HealthChecks::Round::ended(Probe& probe, std::optional<bool> well) {
  if (well) judge(probe.peer(), *well);
  const auto at = std::ranges::find_if(probes_, [&](const auto& one) { return one.get() == &probe; });
  worker_.loop().bury(std::move(*at));
  probes_.erase(at);
}

void HealthChecks::Round::judge(const std::string& peer, bool well) {
  Known& known = known_[peer];
  known.fails = well ? 0 : known.fails + 1;
  known.passes = well ? known.passes + 1 : 0;
  if (well ? known.passes < check_.passes : known.fails < check_.fails) return;
  if (!upstream_->set_healthy(peer, well, worker_.now())) return;
  log(LogLevel::kWarning, 0, "health check: ", peer, " of upstream ", upstream_->name(),
      well ? " is well again" : " is sick");
}

HealthChecks::HealthChecks(Worker& worker) : worker_(worker) {}
HealthChecks::~HealthChecks() = default;

void HealthChecks::bury_all() {
  for (auto& [name, round] : rounds_) worker_.loop().bury(std::move(round));
  rounds_.clear();
}

void HealthChecks::use(const std::shared_ptr<const Generation>& generation) {
  bury_all();
  for (const auto& [name, upstream] : generation->config->http.upstreams) {
    auto state = generation->upstream(name, false);
    if (!upstream.health_check) {
      state->set_all_healthy(worker_.now());
      continue;
    }
    const Location* location = nullptr;
    for (const auto& server : generation->config->http.servers) {
      if (location == nullptr) location = location_of(server->base.locations, name);
    }
    auto round = std::make_unique<Round>(worker_, generation, std::move(state), *upstream.health_check, location);
    round->begin();
    rounds_.emplace(name, std::move(round));
  }
}

}  // namespace levee
