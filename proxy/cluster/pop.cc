#include "proxy/cluster/pop.h"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>

namespace levee {
namespace {

constexpr int64_t kShortestLease = 250, kLongestLease = 3000;  // ms

// The IP literal of a host: hiredis would block to find one.
std::optional<std::string> literal(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return std::nullopt;
  std::array<char, NI_MAXHOST> text{};
  const int failed =
      getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  freeaddrinfo(found);
  if (failed != 0) return std::nullopt;
  return std::string(text.data());
}

// The certificates of rediss:// are always checked: whoever can read the password can empty the index.
ProxyTls redis_tls(const SharedIndex& index) {
  ProxyTls how;
  how.verify = how.server_name = how.session_reuse = true;
  how.verify_depth = 4;
  how.trusted_certificate = index.ca;
  how.protocols.add(TlsProtocol::kTls12);
  how.protocols.add(TlsProtocol::kTls13);
  return how;
}

// Of a file; "" if there is none, whose other troubles are found when it is used.
std::string content(const Config& config, const std::string& name) {
  if (name.empty()) return {};
  std::ifstream file(config.full_path(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// "ip:port" of http://, "https://ip:port" of https://.
std::string authority(std::string_view url) {
  if (url.starts_with("http://")) url.remove_prefix(7);
  const size_t start = url.starts_with("https://") ? 8 : 0;
  return std::string(url.substr(0, url.find('/', start)));
}

// Nothing: a host that cannot be found.
std::optional<RedisPlan> plan_of(const SharedIndex& index) {
  RedisPlan plan;
  plan.kind = !index.sentinel_master.empty() ? RedisPlan::Kind::kSentinel
              : index.addresses.size() > 1   ? RedisPlan::Kind::kCluster
                                             : RedisPlan::Kind::kServer;
  plan.master = index.sentinel_master;
  plan.user = index.user;
  plan.password = index.password;
  plan.tls_name = index.tls_name;
  plan.database = static_cast<int>(index.database);
  plan.deadline = index.timeout.count();
  for (const SharedIndex::Address& address : index.addresses) {
    const std::optional<std::string> host = literal(address.host);
    if (!host) return std::nullopt;
    plan.addresses.push_back({*host, address.port, "", 0, "", nullptr, address.host});
  }
  return plan;
}

}  // namespace

std::variant<std::shared_ptr<Pop>, std::string> Pop::make(const Config& config, const std::shared_ptr<Pop>& before,
                                                          RedisBreaker::Tell tell) {
  const Cluster& cluster = config.http.cluster;
  if (!cluster.shared_index && !cluster.peer_listen) return std::shared_ptr<Pop>();
  if (cluster.node.empty()) return std::string("a PoP's node must have a name: \"node NAME advertise=http://ip:port\"");
  if (!cluster.peer_listen) return std::string("no \"peer_listen\" is defined for the PoP");
  if (cluster.peer_secret_file.empty()) return std::string("no \"peer_secret\" is defined for the PoP");
  const std::string file = config.full_path(cluster.peer_secret_file);
  std::optional<Secret> secret = Secret::read(file);
  if (!secret) return "cannot read a secret from \"" + file + "\"";
  RedisPlan plan;
  if (cluster.shared_index) {
    const std::optional<RedisPlan> found = plan_of(*cluster.shared_index);
    if (!found) return std::string("host not found in \"shared_index\"");
    plan = *found;
    plan.trusted = content(config, cluster.shared_index->ca);
    if (cluster.shared_index->tls && before && before->plan_.tls && before->plan_.trusted == plan.trusted) {
      plan.tls = before->plan_.tls;
    } else if (cluster.shared_index->tls) {
      auto tls = ClientTls::make(config, redis_tls(*cluster.shared_index));
      if (auto* error = std::get_if<std::string>(&tls)) return std::move(*error);
      plan.tls = std::move(std::get<std::shared_ptr<ClientTls>>(tls));
    }
  }
  auto made = std::make_shared<Pop>(cluster, std::move(plan), std::move(*secret), tell,
                                    before ? before->knowledge_ : std::make_shared<PopKnowledge>());
  const bool same = before && before->plan_ == made->plan_ && before->secret_.text() == made->secret_.text() &&
                    before->prefix_ == made->prefix_ && before->node() == made->node() &&
                    before->advertise() == made->advertise() && before->peer_timeout() == made->peer_timeout() &&
                    before->told_nodes() == made->told_nodes();
  return same ? before : made;
}

Pop::Pop(const Cluster& config, RedisPlan plan, Secret secret, RedisBreaker::Tell tell,
         std::shared_ptr<PopKnowledge> knowledge)
    : config_(config),
      plan_(std::move(plan)),
      prefix_(config.shared_index ? config.shared_index->prefix : std::string()),
      identity_(authority(config.advertise)),
      secret_(std::move(secret)),
      knowledge_(std::move(knowledge)),
      breakers_(tell) {
  roster().told(told_nodes());
}

bool Pop::says_the_same(const Pop& other) const {
  return plan_.kind == other.plan_.kind && plan_.addresses == other.plan_.addresses &&
         plan_.master == other.plan_.master && plan_.database == other.plan_.database && prefix_ == other.prefix_ &&
         identity_ == other.identity_;
}

void Pop::fetched(int64_t took) {
  auto& smoothed = knowledge_->fetch_time;
  const int64_t before = smoothed.load(std::memory_order_relaxed);
  // Rises at once and falls slowly: a lease that is too long only delays a take-over.
  smoothed.store(std::max(took, before - before / 16), std::memory_order_relaxed);
}

int64_t Pop::lease() const {
  return std::clamp(2 * knowledge_->fetch_time.load(std::memory_order_relaxed), kShortestLease, kLongestLease);
}

std::optional<PeerTarget> peer_target(std::string_view identity) {
  const bool tls = identity.starts_with("https://");
  if (tls) identity.remove_prefix(8);
  const size_t colon = identity.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view digits = identity.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  constexpr std::string_view kOfAddresses = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:[]";
  if (identity.find_first_not_of(kOfAddresses) != std::string_view::npos) return std::nullopt;
  return PeerTarget{std::string(identity), tls};
}

void PopMember::use(const std::shared_ptr<Pop>& pop) {
  if (pop == pop_) return;
  index_.reset();
  redis_.reset();
  pop_ = pop;
  if (!pop || !pop->indexed()) return;
  redis_ = std::make_unique<Redis>(worker_.loop(), pop->plan(), pop->breakers());
  index_ = std::make_unique<PopIndex>(*redis_, pop->prefix(), pop->identity());
}

}  // namespace levee
