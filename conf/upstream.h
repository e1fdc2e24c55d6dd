// A group of origin servers, as the configuration has it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "conf/address.h"
#include "conf/expression.h"
#include "conf/place.h"
#include "conf/regex.h"

namespace levee {

using Milliseconds = std::chrono::milliseconds;

// Which name servers to ask. None: the system's (resolv.conf).
struct Resolver {
  std::vector<SocketAddress> servers;
  std::optional<Milliseconds> valid;  // instead of the record's own time to live
  bool ipv4 = true, ipv6 = true;
};

struct UpstreamServer {
  std::string text;  // as written, without parameters
  std::string host;  // a name, an IP address without brackets; empty for unix sockets
  uint16_t port = 80;
  std::string unix_path;
  uint32_t weight = 1;
  uint32_t max_fails = 1;  // 0: failures are not counted
  Milliseconds fail_timeout{10'000};
  uint32_t max_conns = 0;  // 0: no limit
  bool backup = false, down = false;
  Milliseconds slow_start{0};  // 0: none
  bool resolve = false;        // ask for the name again when its record expires
};

struct RoundRobin {};
struct LeastConn {};
struct IpHash {};
struct Hash {
  Expression key;
  bool consistent = false;  // ketama
};
struct Random {
  bool two = false;  // the better of two: by connections if least_conn
  bool least_conn = false;
};
using Balance = std::variant<RoundRobin, LeastConn, IpHash, Hash, Random>;

// At most this many fetches at a time, of the whole process.
struct Concurrency {
  bool adaptive = false;
  uint32_t initial = 0;  // not adaptive: the limit
  uint32_t min = 1, max = 0;
};

// Where fetches beyond the limit wait. size 0: nowhere.
struct Queue {
  uint32_t size = 0;
  Milliseconds timeout{60'000};
};

struct RetryBudget {
  double ratio = 0.2;  // retries for each request
  uint32_t min_per_second = 10;
};

struct Breaker {
  bool enabled = true;
  uint32_t failures = 5;  // in a row: connections, or different resources
  double ratio = 0;       // bad answers of all within window; 0: they do not count
  Milliseconds window{10'000}, backoff{500}, max_backoff{2'000};
};

// What a health check wants to see: match NAME { ... }.
struct HealthMatch {
  struct Statuses {
    uint16_t from, to;
  };
  struct Field {
    std::string name;
    enum class Test : uint8_t { kPresent, kAbsent, kEquals, kDiffers, kMatches, kMatchesNot } test = Test::kPresent;
    std::string value;
    std::optional<Regex> regex;
  };
  std::vector<Statuses> statuses;
  bool statuses_negated = false;  // status ! 500-599
  std::vector<Field> fields;
};

struct HealthCheck {
  Milliseconds interval{5'000}, jitter{0};
  uint32_t fails = 1, passes = 1;
  std::string uri = "/";
  std::optional<HealthMatch> match;  // nothing: any 2xx or 3xx
  uint16_t port = 0;                 // 0: the server's
  bool mandatory = false;            // a new server is down until its first check has passed
  bool tls = false;
};

struct Upstream {
  std::string name;       // or host:port, of an implicit one
  bool implicit = false;  // made for a proxy_pass that names no upstream block
  std::vector<UpstreamServer> servers;
  Balance balance;
  uint32_t keepalive = 32;  // idle connections that each worker keeps
  Milliseconds keepalive_timeout{60'000}, keepalive_time{3'600'000};
  uint32_t keepalive_requests = 1000;
  std::optional<Concurrency> concurrency;  // nothing: no limit
  Queue queue;
  RetryBudget retry_budget;
  Breaker breaker;
  std::optional<HealthCheck> health_check;
  Resolver resolver;
  Milliseconds resolver_timeout{30'000};
  conf::Place place;    // of the block; implicit: of the first proxy_pass
  conf::Places places;  // of its lines
};

}  // namespace levee
