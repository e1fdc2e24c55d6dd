// Directives of upstream blocks: the servers, how to choose one, how much to ask of them, when to leave one alone.
#include "conf/block.h"

namespace levee::conf {
namespace {

constexpr Parameter<UpstreamServer> kServerParameters[] = {
    {"weight=", take<&UpstreamServer::weight, some>},
    {"max_fails=", take<&UpstreamServer::max_fails, count>},
    {"fail_timeout=", take<&UpstreamServer::fail_timeout, duration>},
    {"max_conns=", take<&UpstreamServer::max_conns, count>},
    {"slow_start=", take<&UpstreamServer::slow_start, duration>},
    {"backup", switch_on<&UpstreamServer::backup>},
    {"down", switch_on<&UpstreamServer::down>},
    {"resolve", switch_on<&UpstreamServer::resolve>},
};

Outcome add_server(Scope& scope, const Line& line) {
  UpstreamServer server;
  if (auto fault = parse_origin(line[1], 80, server)) return fault;
  if (auto fault = apply_parameters<UpstreamServer>(server, kServerParameters, line.from(2))) return fault;
  scope.upstream->servers.push_back(std::move(server));
  return std::nullopt;
}

// Two ways to choose a server in one block are a mistake.
Outcome set_balance(Scope& scope, Balance balance) {
  if (!scope.is_first("balance")) return Fault{"load balancing method redefined"};
  scope.upstream->balance = std::move(balance);
  return std::nullopt;
}

template <typename Method>
Outcome use(Scope& scope, const Line& /*line*/) {
  return set_balance(scope, Method{});
}

Outcome use_hash(Scope& scope, const Line& line) {
  auto key = expression_word(scope, line);
  if (auto* fault = std::get_if<Fault>(&key)) return std::move(*fault);
  if (line.size() > 2 && line[2] != "consistent") return invalid_parameter(line[2]);
  return set_balance(scope, Hash{std::move(std::get<Expression>(key)), line.size() > 2});
}

// random [two [least_conn]]
Outcome use_random(Scope& scope, const Line& line) {
  if (line.size() > 1 && line[1] != "two") return invalid_parameter(line[1]);
  if (line.size() > 2 && line[2] != "least_conn") return invalid_parameter(line[2]);
  return set_balance(scope, Random{line.size() > 1, line.size() > 2});
}

constexpr Parameter<Concurrency> kConcurrencyParameters[] = {
    {"initial=", take<&Concurrency::initial, count>},
    {"min=", take<&Concurrency::min, count>},
    {"max=", take<&Concurrency::max, count>},
};

// concurrency N | adaptive [initial=N] [min=N] [max=N]
Parsed<Concurrency> concurrency(Scope& /*scope*/, const Line& line) {
  if (line[1] != "adaptive") {
    const auto limit = some(line[1]);
    if (!limit) return invalid_word(line, line[1], false);
    if (line.size() > 2) return invalid_parameter(line[2]);
    return Concurrency{false, *limit, *limit, *limit};
  }
  Concurrency result{true, 20, 1, 1000};
  if (auto fault = apply_parameters<Concurrency>(result, kConcurrencyParameters, line.from(2)))
    return std::move(*fault);
  const bool is_said = std::ranges::any_of(line.from(2), [](const auto& word) { return word.starts_with("initial="); });
  if (!is_said && result.min <= result.max) result.initial = std::clamp(result.initial, result.min, result.max);
  if (result.min == 0 || result.min > result.initial || result.initial > result.max) {
    return Fault{"\"concurrency\" directive must have min <= initial <= max"};
  }
  return result;
}

constexpr Parameter<Queue> kQueueParameters[] = {{"timeout=", take<&Queue::timeout, duration>}};

Parsed<Queue> queue(Scope& /*scope*/, const Line& line) {
  Queue result;
  const auto number = count(line[1]);
  if (!number) return invalid_word(line, line[1], false);
  result.size = *number;
  if (auto fault = apply_parameters<Queue>(result, kQueueParameters, line.from(2))) return std::move(*fault);
  return result;
}

constexpr Parameter<RetryBudget> kBudgetParameters[] = {{"min=", take<&RetryBudget::min_per_second, count>}};

Parsed<RetryBudget> retry_budget(Scope& /*scope*/, const Line& line) {
  RetryBudget result;
  const auto share = ratio(line[1]);
  if (!share) return invalid_word(line, line[1], false);
  result.ratio = *share;
  if (auto fault = apply_parameters<RetryBudget>(result, kBudgetParameters, line.from(2))) return std::move(*fault);
  return result;
}

constexpr Parameter<Breaker> kBreakerParameters[] = {
    {"failures=", take<&Breaker::failures, count>},          {"ratio=", take<&Breaker::ratio, ratio>},
    {"window=", take<&Breaker::window, duration>},           {"backoff=", take<&Breaker::backoff, duration>},
    {"max_backoff=", take<&Breaker::max_backoff, duration>},
};

Parsed<Breaker> breaker(Scope& /*scope*/, const Line& line) {
  Breaker result;
  if (line[1] == "off" && line.size() == 2) {
    result.enabled = false;
    return result;
  }
  if (auto fault = apply_parameters<Breaker>(result, kBreakerParameters, line.from(1))) return std::move(*fault);
  if (result.backoff > result.max_backoff) return Fault{"\"breaker\" directive must have backoff <= max_backoff"};
  return result;
}

constexpr Parameter<HealthCheck> kCheckParameters[] = {
    {"interval=", take<&HealthCheck::interval, duration>},
    {"jitter=", take<&HealthCheck::jitter, duration>},
    {"fails=", take<&HealthCheck::fails, some>},
    {"passes=", take<&HealthCheck::passes, some>},
    {"uri=", take<&HealthCheck::uri, text>},
    {"port=", take<&HealthCheck::port, port_number>},
    {"mandatory", switch_on<&HealthCheck::mandatory>},
};

Parsed<HealthCheck> health_check(Scope& scope, const Line& line) {
  HealthCheck check;
  std::vector<std::string> rest;
  for (const std::string& word : line.from(1)) {
    if (!word.starts_with("match=")) {
      rest.push_back(word);
      continue;
    }
    const auto match = scope.config.http.matches.find(word.substr(6));
    if (match == scope.config.http.matches.end()) return Fault{"match \"" + word.substr(6) + "\" is unknown"};
    check.match = match->second;
  }
  if (auto fault = apply_parameters<HealthCheck>(check, kCheckParameters, rest)) return std::move(*fault);
  if (check.interval.count() == 0) return invalid_parameter("interval=0");
  if (!check.uri.starts_with('/')) return invalid_parameter("uri=" + check.uri);
  return check;
}

// status [!] code[-code] ...
Outcome add_statuses(HealthMatch& match, std::span<const std::string> written) {
  for (const std::string& word : written) {
    if (word == "!" && match.statuses.empty()) {
      match.statuses_negated = true;
      continue;
    }
    const size_t dash = std::min(word.find('-'), word.size());
    const auto from = count(std::string_view(word).substr(0, dash));
    const auto to = dash == word.size() ? from : count(std::string_view(word).substr(dash + 1));
    if (!from || !to || *from < 100 || *to > 599 || *from > *to) return Fault{"invalid status \"" + word + "\""};
    match.statuses.push_back({static_cast<uint16_t>(*from), static_cast<uint16_t>(*to)});
  }
  return match.statuses.empty() ? Outcome(Fault{"invalid number of arguments in \"status\" directive"}) : std::nullopt;
}

// header [!] name | header name = | != | ~ | !~ value
Outcome add_field(HealthMatch& match, std::span<const std::string> written) {
  using Test = HealthMatch::Field::Test;
  static constexpr std::pair<std::string_view, Test> kTests[] = {
      {"=", Test::kEquals}, {"!=", Test::kDiffers}, {"~", Test::kMatches}, {"!~", Test::kMatchesNot}};
  HealthMatch::Field field;
  if (written.size() == 3) {
    const auto* const test = std::find_if(std::begin(kTests), std::end(kTests),
                                          [&](const auto& known) { return known.first == written[1]; });
    if (test == std::end(kTests)) return invalid_parameter(written[1]);
    field = {written[0], test->second, written[2], std::nullopt};
    if (field.test == Test::kMatches || field.test == Test::kMatchesNot) {
      auto regex = Regex::compile(written[2], false);
      if (auto* error = std::get_if<std::string>(&regex)) return Fault{std::move(*error)};
      field.regex = std::move(std::get<Regex>(regex));
    }
  } else if (written.size() == 1 || (written.size() == 2 && written[0] == "!")) {
    field.name = written.back();
    field.test = written.size() == 1 ? Test::kPresent : Test::kAbsent;
  } else {
    return Fault{"invalid number of arguments in \"header\" directive"};
  }
  match.fields.push_back(std::move(field));
  return std::nullopt;
}

Outcome add_match(Scope& scope, const Line& line) {
  HealthMatch match;
  for (const Node& entry : line.node.children) {
    const auto rest = std::span(entry.words).subspan(1);
    Outcome fault;
    if (entry.words[0] == "status") {
      fault = add_statuses(match, rest);
    } else if (entry.words[0] == "header") {
      fault = add_field(match, rest);
    } else {
      fault = Fault{"unknown directive \"" + entry.words[0] + "\""};
    }
    if (fault) return Fault{std::move(fault->text), entry.place};
  }
  if (!scope.config.http.matches.emplace(line[1], std::move(match)).second) {
    return Fault{"duplicate match \"" + line[1] + "\""};
  }
  return std::nullopt;
}

// resolver address ... [valid=time] [ipv4=on|off] [ipv6=on|off] [status_zone=...]
Outcome set_resolver(Scope& scope, const Line& line) {
  Resolver result;
  for (const std::string& word : line.from(1)) {
    const size_t equals = std::min(word.find('='), word.size());
    const std::string_view name = std::string_view(word).substr(0, equals);
    const std::string_view value = std::string_view(word).substr(std::min(equals + 1, word.size()));
    if (name == "valid") {
      result.valid = duration(value);
      if (!result.valid) return invalid_parameter(word);
    } else if (name == "ipv4" || name == "ipv6") {
      const auto on = flag(value);
      if (!on) return invalid_parameter(word);
      (name == "ipv4" ? result.ipv4 : result.ipv6) = *on;
    } else if (name != "status_zone") {
      const auto address = parse_socket_address(word, 53);
      if (!address) return Fault{"host not found in resolver \"" + word + "\""};
      result.servers.push_back(*address);
    }
  }
  if (result.servers.empty()) return Fault{"no name servers defined"};
  if (!result.ipv4 && !result.ipv6) return Fault{"\"ipv4\" and \"ipv6\" cannot both be \"off\""};
  (scope.upstream != nullptr ? scope.upstream->resolver : scope.location->resolver) = std::move(result);
  return std::nullopt;
}

Outcome set_resolver_timeout(Scope& scope, const Line& line) {
  const auto time = duration(line[1]);
  if (!time) return invalid_word(line, line[1], false);
  (scope.upstream != nullptr ? scope.upstream->resolver_timeout : scope.location->resolver_timeout) = *time;
  return std::nullopt;
}

const Directive kDirectives[] = {
    {"upstream", kHttp, 1, kNone, declare_block<enter_upstream>, "A group of origin servers, for proxy_pass to name."},
    {"server",
     kUpstream,
     {1, kMany},
     kNone,
     each<add_server>,
     "An origin: address:port, name or unix:path, with weight=, max_fails=, fail_timeout=, max_conns=, slow_start=, "
     "backup, "
     "down, resolve."},
    {"zone", kUpstream, {1, 2}, kNone, ignored, "Accepted and not needed: all workers share an upstream's state."},
    {"least_conn", kUpstream, 0, kNone, with<use<LeastConn>>, "Ask the server with the fewest fetches."},
    {"ip_hash", kUpstream, 0, kNone, with<use<IpHash>>, "Ask the same server for the same client address."},
    {"hash",
     kUpstream,
     {1, 2},
     kNone,
     with<use_hash>,
     "Ask the same server for the same key; consistent: few keys move when servers come and go."},
    {"random", kUpstream, {0, 2}, kNone, with<use_random>, "Ask any server; two least_conn: the less busy of any two."},
    {"keepalive", kUpstream, 1, "32", set<&Upstream::keepalive, count>,
     "Idle connections that each worker keeps; 32, where nginx keeps none unless told."},
    {"keepalive_timeout", kUpstream, 1, "60s", set<&Upstream::keepalive_timeout, duration>,
     "How long an idle connection to an origin is kept."},
    {"keepalive_requests", kUpstream, 1, "1000", set<&Upstream::keepalive_requests, count>,
     "Requests that one connection to an origin may make."},
    {"keepalive_time", kUpstream, 1, "1h", set<&Upstream::keepalive_time, duration>,
     "How long one connection to an origin may make requests."},
    {"concurrency",
     kUpstream,
     {1, 4},
     kNone,
     set<&Upstream::concurrency, concurrency>,
     "Fetches at a time, of the whole process: a number, or adaptive with initial=, min= and max=. None: no limit."},
    {"queue",
     kUpstream,
     {1, 2},
     "1024 timeout=5s",
     set<&Upstream::queue, queue>,
     "Fetches that may wait when the limit is reached, or max_conns of all servers, and how long; 0: none. It is the "
     "time that keeps waits short: "
     "room is for what the origin can do meanwhile, 1024 for some 200 fetches a second. A refresh that nobody waits "
     "for "
     "may stay twelve times as long, a minute at least, and is the first to go when there is no room."},
    {"retry_budget",
     kUpstream,
     {1, 2},
     "20% min=10",
     set<&Upstream::retry_budget, retry_budget>,
     "Second tries, as a share of requests, and how many a second are always allowed."},
    {"breaker",
     kUpstream,
     {1, 5},
     "failures=5 window=10s backoff=500ms max_backoff=2s",
     set<&Upstream::breaker, breaker>,
     "When a server is left alone: a time-out during which it answered nobody, though others than that resource were "
     "asked for, so many connections that failed in a row, so many different resources that were reset or answered 502 "
     "to 504 in a row and nothing else for three times as long as its good answers are apart, half a second at most, "
     "or ratio= of its answers within "
     "window; and for how long at first and at most, or as its Retry-After says up to 10s; or off."},
    {"health_check",
     kLocation,
     {0, kMany},
     kNone,
     set<&Location::health_check, health_check>,
     "Ask the servers of proxy_pass now and then: interval=, jitter=, fails=, passes=, uri=, match=, port=, "
     "mandatory."},
    {"match", kHttp, 1, kNone, declare_block<add_match>, "What a health check wants to see: status and header lines."},
    {"resolver",
     kAny | kUpstream,
     {1, kMany},
     kNone,
     with<set_resolver>,
     "Name servers for origins' names, with valid= and ipv6=; none: the system's."},
    {"resolver_timeout", kAny | kUpstream, 1, "30s", with<set_resolver_timeout>, "How long a name server may take."},
};

}  // namespace

std::span<const Directive> upstream_directives() {
  return kDirectives;
}

}  // namespace levee::conf
