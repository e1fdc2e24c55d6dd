// Questions to name servers, joined and kept.
#include "proxy/net/resolver.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace levee {
namespace {

constexpr int64_t kKeepFailure = 1000;  // ms that "no such name" is kept, so that a crowd does not ask again and again
constexpr size_t kNames = 10'000;       // remembered at a set of servers; names may come from requests

SocketAddress make_address(int family, const void* bytes, uint16_t port) {
  SocketAddress address;
  if (family == AF_INET) {
    auto& ipv4 = reinterpret_cast<sockaddr_in&>(address.storage);
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    std::memcpy(&ipv4.sin_addr, bytes, sizeof ipv4.sin_addr);
    address.length = sizeof ipv4;
  } else {
    auto& ipv6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(port);
    std::memcpy(&ipv6.sin6_addr, bytes, sizeof ipv6.sin6_addr);
    address.length = sizeof ipv6;
  }
  return address;
}

void set_port(SocketAddress& address, uint16_t port) {
  if (address.storage.ss_family == AF_INET) {
    reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
  }
}

std::vector<SocketAddress> in_digits(const std::string& name, uint16_t port) {
  in6_addr bytes{};
  if (inet_pton(AF_INET, name.c_str(), &bytes) == 1) return {make_address(AF_INET, &bytes, port)};
  if (inet_pton(AF_INET6, name.c_str(), &bytes) == 1) return {make_address(AF_INET6, &bytes, port)};
  return {};
}

std::string words_of(const Resolver& how) {
  std::string words = (how.ipv4 ? "4" : "") + std::string(how.ipv6 ? "6" : "");
  if (how.valid) words += std::to_string(how.valid->count());
  for (const SocketAddress& server : how.servers) words += " " + to_string(server);
  return words;
}

}  // namespace

struct NameResolver::Name {
  Servers& servers;
  const std::string text;
  Resolved known;     // expires 0: nothing yet
  Resolved arriving;  // what the questions under way have brought so far
  int open = 0;       // questions under way
  std::list<Lookup*> waiting;

  Timer failed;  // no question could be asked

  Name(Loop& loop, Servers& of, std::string name)
      : servers(of),
        text(std::move(name)),
        failed(
            loop, [](void* self) { static_cast<Name*>(self)->on_answer(DNS_ERR_UNKNOWN, 0, 0, 0, nullptr); }, this) {}
  void ask();
  void on_answer(int result, int type, int count, int ttl, const void* addresses);
};

struct NameResolver::Servers {
  Servers(Loop& on, Resolver what) : loop(on), how(std::move(what)) {
    base = evdns_base_new(loop.base(), how.servers.empty() ? EVDNS_BASE_INITIALIZE_NAMESERVERS : 0);
    for (const SocketAddress& server : how.servers) {
      evdns_base_nameserver_sockaddr_add(base, server.get(), server.length, 0);
    }
    evdns_base_set_option(base, "timeout:", "2");
    evdns_base_set_option(base, "attempts:", "3");
    evdns_base_set_option(base, "randomize-case:", "1");
  }
  ~Servers() { evdns_base_free(base, 0); }
  Servers(const Servers&) = delete;
  Servers& operator=(const Servers&) = delete;

  Name& name(const std::string& text) {
    if (const auto found = names.find(text); found != names.end()) return *found->second;
    if (names.size() >= kNames) {
      std::erase_if(names, [&](const auto& one) {
        return one.second->open == 0 && one.second->waiting.empty() && one.second->known.expires <= loop.now();
      });
    }
    return *names.emplace(text, std::make_unique<Name>(loop, *this, text)).first->second;
  }

  Loop& loop;
  const Resolver how;
  evdns_base* base;
  std::map<std::string, std::unique_ptr<Name>> names;
};

void NameResolver::Name::ask() {
  const auto callback = [](int result, char type, int count, int ttl, void* addresses, void* self) {
    if (result == DNS_ERR_SHUTDOWN) return;  // the resolver is being destroyed
    static_cast<Name*>(self)->on_answer(result, type, count, ttl, addresses);
  };
  arriving = {};
  if (servers.how.ipv4 &&
      evdns_base_resolve_ipv4(servers.base, text.c_str(), DNS_QUERY_NO_SEARCH, callback, this) != nullptr) {
    ++open;
  }
  if (servers.how.ipv6 &&
      evdns_base_resolve_ipv6(servers.base, text.c_str(), DNS_QUERY_NO_SEARCH, callback, this) != nullptr) {
    ++open;
  }
  if (open > 0) return;
  open = 1;
  failed.set(1);  // never from inside resolve()
}

void NameResolver::Name::on_answer(int result, int type, int count, int ttl, const void* addresses) {
  const int64_t now = servers.loop.now();
  if (result == DNS_ERR_NONE) {
    const size_t size = type == DNS_IPv4_A ? sizeof(in_addr) : sizeof(in6_addr);
    for (int i = 0; i < count; ++i) {
      arriving.addresses.push_back(make_address(type == DNS_IPv4_A ? AF_INET : AF_INET6,
                                                static_cast<const char*>(addresses) + static_cast<size_t>(i) * size,
                                                0));
    }
    const int64_t lifetime =
        servers.how.valid ? servers.how.valid->count() : std::clamp<int64_t>(int64_t{ttl} * 1000, 1000, 86'400'000);
    arriving.expires = arriving.expires == 0 ? now + lifetime : std::min(arriving.expires, now + lifetime);
  } else if (arriving.error.empty() || result != DNS_ERR_NODATA) {
    arriving.error = evdns_err_to_string(result);
  }
  if (--open > 0) return;
  if (arriving.addresses.empty()) {
    if (arriving.error.empty()) arriving.error = "no addresses";
    // While the name servers are out of order, what they said last is the best guess.
    if (result != DNS_ERR_NOTEXIST && result != DNS_ERR_NODATA) arriving.addresses = known.addresses;
    arriving.expires = now + kKeepFailure;
  } else {
    arriving.error.clear();
  }
  known = std::move(arriving);
  const Resolved answer = known;  // a callback may ask again
  auto waiters = std::exchange(waiting, {});
  for (Lookup* lookup : waiters) lookup->waiting_ = &waiters;
  while (!waiters.empty()) waiters.front()->end(answer);
  servers.loop.settle();
}

NameResolver::Lookup::Lookup(Loop& loop, std::string name, uint16_t port, Callback callback)
    : name_(std::move(name)),
      port_(port),
      callback_(std::move(callback)),
      timeout_(
          loop,
          [](void* self) {
            auto& lookup = *static_cast<Lookup*>(self);
            lookup.end({{}, "Operation timed out", 0});
          },
          this) {}

NameResolver::Lookup::~Lookup() {
  if (waiting_ != nullptr) waiting_->erase(place_);
}

// The callback may destroy this look-up.
void NameResolver::Lookup::end(Resolved result) {
  waiting_->erase(place_);
  waiting_ = nullptr;
  timeout_.clear();
  for (SocketAddress& address : result.addresses) set_port(address, port_);
  const Callback callback = std::move(callback_);
  callback(result);
}

NameResolver::NameResolver(Loop& loop) : loop_(loop) {}

NameResolver::~NameResolver() = default;

NameResolver::Servers& NameResolver::servers_of(const Resolver& how) {
  auto& servers = servers_[words_of(how)];
  if (!servers) servers = std::make_unique<Servers>(loop_, how);
  return *servers;
}

std::variant<Resolved, std::unique_ptr<NameResolver::Lookup>> NameResolver::resolve(const Resolver& how,
                                                                                    const std::string& name,
                                                                                    uint16_t port, int64_t timeout,
                                                                                    Callback callback) {
  if (auto addresses = in_digits(name, port); !addresses.empty()) return Resolved{std::move(addresses), "", INT64_MAX};
  Name& about = servers_of(how).name(name);
  if (about.known.expires > loop_.now()) {
    Resolved result = about.known;
    for (SocketAddress& address : result.addresses) set_port(address, port);
    return result;
  }
  auto lookup = std::make_unique<Lookup>(loop_, name, port, std::move(callback));
  lookup->waiting_ = &about.waiting;
  lookup->place_ = about.waiting.insert(about.waiting.end(), lookup.get());
  lookup->timeout_.set(timeout);
  if (about.open == 0) about.ask();
  return lookup;
}

Resolved resolve_now(const std::string& name, uint16_t port) {
  if (auto addresses = in_digits(name, port); !addresses.empty()) return {std::move(addresses), "", INT64_MAX};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  Resolved result;
  if (const int error = getaddrinfo(name.c_str(), nullptr, &hints, &found); error != 0) {
    result.error = gai_strerror(error);
    return result;
  }
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    SocketAddress& address = result.addresses.emplace_back();
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.length = one->ai_addrlen;
    set_port(address, port);
  }
  freeaddrinfo(found);
  result.expires = INT64_MAX;
  return result;
}

}  // namespace levee
