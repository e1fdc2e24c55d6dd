#include <gtest/gtest.h>

#include "conf/config.h"
#include "conf/route.h"

namespace levee {
namespace {

using namespace std::chrono_literals;

Config configured(const std::string& text) {
  auto loaded = load_text(text, "/prefix", "f");
  if (const auto* error = std::get_if<ConfigError>(&loaded)) ADD_FAILURE() << error->to_string();
  return std::holds_alternative<Config>(loaded) ? std::move(std::get<Config>(loaded)) : Config();
}
const Server& first_server(const Config& config) {
  return *config.http.servers.at(0);
}
const Location& first_location(const Config& config) {
  return first_server(config).base.locations.at(0);
}
Config with_location(const std::string& lines) {
  return configured("http { server { location / { " + lines + " } } }");
}

TEST(Config, DefaultsComeFromTheTable) {
  const Config config = configured("http { server { } }");
  EXPECT_TRUE(config.daemon);
  EXPECT_EQ(config.worker_processes, 0U);
  EXPECT_EQ(config.worker_connections, 16384U);
  EXPECT_EQ(config.error_log.path, "stderr");
  const Location& base = first_server(config).base;
  EXPECT_EQ(base.connect_timeout, 60s);
  EXPECT_EQ(base.read_timeout, 60s);
  EXPECT_EQ(base.client_max_body_size, 1U << 20U);
  EXPECT_EQ(base.keepalive_timeout, 75s);
  EXPECT_EQ(base.cache_key.source(), "$scheme$proxy_host$request_uri");
  EXPECT_TRUE(base.cache_lock);
  EXPECT_FALSE(base.http10);
  EXPECT_TRUE(base.use_stale.has(Trouble::kError));
  EXPECT_FALSE(base.use_stale.has(Trouble::kTimeout));
  EXPECT_TRUE(base.cache_methods.has(CacheMethod::kHead));
  EXPECT_TRUE(base.next_upstream.has(Trouble::kError));
  EXPECT_FALSE(base.next_upstream.has(Trouble::kHttp500));
  EXPECT_TRUE(base.tls.verify);
  EXPECT_EQ(base.types.at("m3u8"), "application/vnd.apple.mpegurl");
  EXPECT_TRUE(std::holds_alternative<Files>(base.answer));
  EXPECT_EQ(base.root.literal(), "html");
  EXPECT_EQ(first_server(config).large_client_header_buffers.count, 4U);
  EXPECT_EQ(first_server(config).large_client_header_buffers.size, 8192U);
  ASSERT_EQ(config.http.listens.size(), 1U);
  EXPECT_EQ(config.http.listens[0].text, "0.0.0.0:80");
  EXPECT_EQ(config.http.listens[0].default_server, &first_server(config));
}

TEST(Config, ProcessSettings) {
  const Config config = configured(
      "daemon off; pid run/a.pid; user www www2; worker_processes 3; worker_rlimit_nofile 9000;"
      "worker_shutdown_timeout 1m; error_log logs/e warn; events { worker_connections 77; multi_accept off; }");
  EXPECT_FALSE(config.daemon);
  EXPECT_EQ(config.full_path(config.pid), "/prefix/run/a.pid");
  EXPECT_EQ(config.full_path("/abs"), "/abs");
  EXPECT_EQ(config.user, "www");
  EXPECT_EQ(config.group, "www2");
  EXPECT_EQ(config.worker_processes, 3U);
  EXPECT_EQ(config.worker_rlimit_nofile, 9000U);
  EXPECT_EQ(config.worker_shutdown_timeout, 60s);
  EXPECT_EQ(config.error_log.path, "logs/e");
  EXPECT_EQ(config.error_log.level, LogLevel::kWarning);
  EXPECT_EQ(config.worker_connections, 77U);
  EXPECT_FALSE(config.multi_accept);
}

TEST(Config, AMainErrorLogSurvivesTheDefaultsOfHttp) {
  EXPECT_EQ(configured("error_log a; http { }").error_log.path, "a");
  EXPECT_EQ(configured("error_log a; http { error_log b debug; }").error_log.level, LogLevel::kDebug);
}

TEST(Config, ANestedBlockStartsAsACopyWhateverTheOrderOfLines) {
  const Config config = configured(
      "http { server { location /a { proxy_read_timeout 3s; location /a/b { } } location /c { } proxy_read_timeout 2s; "
      "}"
      " proxy_read_timeout 1s; proxy_send_timeout 9ms; }");
  const auto& locations = first_server(config).base.locations;
  EXPECT_EQ(locations[0].read_timeout, 3s);
  EXPECT_EQ(locations[0].locations[0].read_timeout, 3s);
  EXPECT_EQ(locations[1].read_timeout, 2s);
  EXPECT_EQ(locations[1].proxy_send_timeout, 9ms);
}

TEST(Config, OwnLinesReplaceInheritedLists) {
  const Config config = configured(
      "http { add_header A 1; add_header B 2; proxy_set_header X y; proxy_cache_valid 200 1s; access_log a;"
      " server { location /own { add_header C 3; proxy_cache_valid any 250ms; access_log off; }"
      " location /same { } } }");
  const auto& own = first_server(config).base.locations[0];
  ASSERT_EQ(own.add_headers.size(), 1U);
  EXPECT_EQ(own.add_headers[0].name, "C");
  EXPECT_EQ(own.set_headers.size(), 1U);
  EXPECT_EQ(valid_for(own, 200), 250ms);
  EXPECT_TRUE(own.access_logs.empty());
  const auto& same = first_server(config).base.locations[1];
  EXPECT_EQ(same.add_headers.size(), 2U);
  EXPECT_EQ(valid_for(same, 200), 1s);
  EXPECT_FALSE(valid_for(same, 404));
  ASSERT_EQ(same.access_logs.size(), 1U);
  EXPECT_EQ(same.access_logs[0].format->name, "combined");
}

TEST(Config, AnAnswerIsNotInherited) {
  const Config config = configured(
      "http { server { location / { proxy_pass http://a; location /b { } } location /c { return 204; location /c/d { } "
      "} } }");
  const auto& locations = first_server(config).base.locations;
  EXPECT_TRUE(std::holds_alternative<ProxyPass>(locations[0].answer));
  EXPECT_TRUE(std::holds_alternative<Files>(locations[0].locations[0].answer));
  EXPECT_TRUE(std::holds_alternative<Files>(locations[1].locations[0].answer));
}

TEST(Config, CacheValidPrefersTheStatusToAny) {
  const Config config =
      with_location("proxy_cache_valid any 1m; proxy_cache_valid 404 410 500ms; proxy_cache_valid 5s;");
  EXPECT_EQ(valid_for(first_location(config), 404), 500ms);
  EXPECT_EQ(valid_for(first_location(config), 410), 500ms);
  EXPECT_EQ(valid_for(first_location(config), 302), 5s);
  EXPECT_EQ(valid_for(first_location(config), 500), 1min);
}

TEST(Config, ServingStaleIncludesOverload) {
  const Config config = with_location("proxy_cache_use_stale error updating;");
  EXPECT_TRUE(first_location(config).use_stale.has(Trouble::kOverloaded));
  EXPECT_TRUE(first_location(config).use_stale.has(Trouble::kUpdating));
  EXPECT_FALSE(first_location(config).use_stale.has(Trouble::kTimeout));
}

struct PassCase {
  const char *url, *upstream, *host, *port;
  bool tls;
  std::optional<std::string> uri;
};

TEST(ProxyPass, IsResolvedAtLoad) {
  const PassCase kCases[] = {
      {"http://u", "u", "u", "80", false, std::nullopt},
      {"https://u/", "u", "u", "443", true, "/"},
      {"http://10.0.0.1:81", "10.0.0.1:81", "10.0.0.1:81", "81", false, std::nullopt},
      {"https://origin.example/live/", "origin.example:443", "origin.example", "443", true, "/live/"},
      {"http://[::1]:81/a?b", "[::1]:81", "[::1]:81", "81", false, "/a?b"},
      {"http://unix:/run/o.sock:/x", "unix:/run/o.sock", "localhost", "80", false, "/x"},
  };
  for (const PassCase& c : kCases) {
    const Config config =
        configured(std::string("http { upstream u { server 127.0.0.1:8081; } server { location / { proxy_pass ") +
                   c.url + "; } } }");
    const auto& pass = std::get<ProxyPass>(first_location(config).answer);
    EXPECT_EQ(pass.upstream, c.upstream) << c.url;
    EXPECT_EQ(pass.host, c.host) << c.url;
    EXPECT_EQ(pass.port, c.port) << c.url;
    EXPECT_EQ(pass.tls, c.tls) << c.url;
    EXPECT_EQ(pass.uri, c.uri) << c.url;
    EXPECT_TRUE(config.http.upstreams.contains(c.upstream)) << c.url;
  }
}

TEST(ProxyPass, AnImplicitUpstreamHasTheDefaultsAndTheResolver) {
  const Config config = with_location("proxy_pass http://origin.example; resolver 127.0.0.53 valid=5s ipv6=off;");
  const Upstream& upstream = config.http.upstreams.at("origin.example:80");
  EXPECT_TRUE(upstream.implicit);
  EXPECT_EQ(upstream.keepalive, 32U);
  EXPECT_EQ(upstream.servers.at(0).host, "origin.example");
  ASSERT_EQ(upstream.resolver.servers.size(), 1U);
  EXPECT_EQ(to_string(upstream.resolver.servers[0]), "127.0.0.53:53");
  EXPECT_EQ(upstream.resolver.valid, 5s);
  EXPECT_FALSE(upstream.resolver.ipv6);
}

TEST(ProxyPass, WithVariablesIsAnExpression) {
  const Config config = with_location("proxy_pass http://$host:8081$uri;");
  const auto& pass = std::get<ProxyPass>(first_location(config).answer);
  EXPECT_TRUE(pass.is_dynamic);
  EXPECT_TRUE(pass.url.uses(Var::kHost));
}

TEST(ProxyPass, ReturnGoesBeforeIt) {
  for (const char* lines : {"return 204; proxy_pass http://a;", "proxy_pass http://a; return 204;"}) {
    const Config config = with_location(lines);
    EXPECT_EQ(std::get<Return>(first_location(config).answer).status, 204) << lines;
  }
}

TEST(Config, ReturnTakesAUrlOrATextOrNothing) {
  const auto returned = [](const char* line) {
    const Config config = with_location(line);
    const auto& answer = std::get<Return>(first_location(config).answer);
    return std::to_string(answer.status) + " " + answer.text.source();
  };
  EXPECT_EQ(returned("return 444;"), "444 ");
  EXPECT_EQ(returned("return 200 'hello $host';"), "200 hello $host");
  EXPECT_EQ(returned("return 301 https://$host$request_uri;"), "301 https://$host$request_uri");
  EXPECT_EQ(returned("return https://a;"), "302 https://a");
}

TEST(Config, ExpiresInAllItsForms) {
  const auto expires = [](const char* line) {
    const Config config = with_location(line);
    return first_location(config).expires;
  };
  EXPECT_EQ(expires("expires -1;").time, -1s);
  EXPECT_EQ(expires("expires 500ms;").kind, Expires::Kind::kAfterAccess);
  EXPECT_EQ(expires("expires 500ms;").time, 500ms);
  EXPECT_EQ(expires("expires modified 1h;").kind, Expires::Kind::kAfterModified);
  EXPECT_EQ(expires("expires @15h30m;").kind, Expires::Kind::kDaily);
  EXPECT_EQ(expires("expires max;").kind, Expires::Kind::kMax);
  EXPECT_EQ(expires("expires epoch;").kind, Expires::Kind::kEpoch);
  EXPECT_EQ(expires("expires off;").kind, Expires::Kind::kOff);
}

TEST(Config, Listens) {
  const Config config = configured(
      "http { ssl_certificate c; ssl_certificate_key k;"
      " server { listen 127.0.0.1:8080 backlog=9 so_keepalive=30m::10 reuseport; listen [::]:8443 ssl http2 "
      "ipv6only=off;"
      " listen unix:/run/l.sock; } server { listen 127.0.0.1:8080 default_server; } }");
  ASSERT_EQ(config.http.listens.size(), 3U);
  const Listen& tcp = config.http.listens[0];
  EXPECT_EQ(tcp.text, "127.0.0.1:8080");
  EXPECT_EQ(tcp.backlog, 9);
  EXPECT_TRUE(tcp.keepalive.on);
  EXPECT_EQ(tcp.keepalive.idle, 1800);
  EXPECT_EQ(tcp.keepalive.count, 10);
  EXPECT_EQ(tcp.servers.size(), 2U);
  EXPECT_EQ(tcp.default_server, config.http.servers[1].get());
  EXPECT_TRUE(config.http.listens[1].ssl);
  EXPECT_FALSE(config.http.listens[1].ipv6only);
  EXPECT_EQ(config.http.listens[2].text, "unix:/run/l.sock");
}

TEST(Config, OptionsOfALaterLineOfTheAddressHold) {
  const Config config = configured("http { server { listen 80; } server { listen 80 backlog=9; } }");
  ASSERT_EQ(config.http.listens.size(), 1U);
  EXPECT_EQ(config.http.listens[0].backlog, 9);
  EXPECT_EQ(config.http.listens[0].servers.size(), 2U);
  EXPECT_EQ(config.http.listens[0].default_server, config.http.servers[0].get());
}

TEST(Config, CertificatesComeInPairs) {
  const Config config = configured(
      "http { ssl_certificate outer; ssl_certificate_key outer.key; server { listen 443 ssl;"
      " ssl_certificate rsa; ssl_certificate_key rsa.key; ssl_certificate ec; ssl_certificate_key ec.key;"
      " ssl_session_cache builtin shared:a:2m; ssl_protocols TLSv1.3; } server { listen 443 ssl; } }");
  const ServerTls& tls = first_server(config).tls;
  ASSERT_EQ(tls.certificates.size(), 2U);
  EXPECT_EQ(tls.certificates[1].certificate, "ec");
  EXPECT_EQ(tls.certificates[1].key, "ec.key");
  EXPECT_EQ(tls.session_cache, 2U << 20U);
  EXPECT_TRUE(tls.protocols.has(TlsProtocol::kTls13));
  EXPECT_FALSE(tls.protocols.has(TlsProtocol::kTls12));
  EXPECT_EQ(config.http.servers[1]->tls.certificates.at(0).certificate, "outer");
}

TEST(Config, Upstreams) {
  const Config config = configured(
      "http { upstream u { server a:81 weight=5 max_fails=0 fail_timeout=500ms max_conns=7 slow_start=1m resolve;"
      " server unix:/run/o.sock backup; server [::1] down; hash $uri$is_args$args consistent; keepalive 9;"
      " keepalive_timeout 5s; keepalive_requests 10; concurrency adaptive initial=8 min=2 max=64; queue 50 "
      "timeout=250ms;"
      " retry_budget 10% min=3; breaker failures=3 ratio=0.25 window=5s backoff=100ms max_backoff=2s; zone u 64k;"
      " resolver 127.0.0.1:5353; } }");
  const Upstream& u = config.http.upstreams.at("u");
  ASSERT_EQ(u.servers.size(), 3U);
  EXPECT_EQ(u.servers[0].host, "a");
  EXPECT_EQ(u.servers[0].port, 81);
  EXPECT_EQ(u.servers[0].weight, 5U);
  EXPECT_EQ(u.servers[0].max_fails, 0U);
  EXPECT_EQ(u.servers[0].fail_timeout, 500ms);
  EXPECT_EQ(u.servers[0].max_conns, 7U);
  EXPECT_EQ(u.servers[0].slow_start, 1min);
  EXPECT_TRUE(u.servers[0].resolve);
  EXPECT_EQ(u.servers[1].unix_path, "/run/o.sock");
  EXPECT_TRUE(u.servers[1].backup);
  EXPECT_EQ(u.servers[2].host, "::1");
  EXPECT_EQ(u.servers[2].port, 80);
  EXPECT_TRUE(u.servers[2].down);
  EXPECT_TRUE(std::get<Hash>(u.balance).consistent);
  EXPECT_EQ(u.keepalive, 9U);
  EXPECT_EQ(u.keepalive_timeout, 5s);
  EXPECT_EQ(u.keepalive_requests, 10U);
  ASSERT_TRUE(u.concurrency);
  EXPECT_TRUE(u.concurrency->adaptive);
  EXPECT_EQ(u.concurrency->initial, 8U);
  EXPECT_EQ(u.concurrency->max, 64U);
  EXPECT_EQ(u.queue.size, 50U);
  EXPECT_EQ(u.queue.timeout, 250ms);
  EXPECT_DOUBLE_EQ(u.retry_budget.ratio, 0.1);
  EXPECT_EQ(u.retry_budget.min_per_second, 3U);
  EXPECT_EQ(u.breaker.failures, 3U);
  EXPECT_DOUBLE_EQ(u.breaker.ratio, 0.25);
  EXPECT_EQ(u.breaker.max_backoff, 2s);
  EXPECT_EQ(to_string(u.resolver.servers.at(0)), "127.0.0.1:5353");
}

TEST(Config, AnAdaptiveLimitBeginsWithinItsBounds) {
  const auto initial = [](const std::string& words) {
    return configured("http { upstream u { server a; concurrency adaptive " + words + "; } }")
        .http.upstreams.at("u")
        .concurrency->initial;
  };
  EXPECT_EQ(initial(""), 20U);
  EXPECT_EQ(initial("max=8"), 8U);
  EXPECT_EQ(initial("min=30"), 30U);
  EXPECT_EQ(initial("max=8 initial=3"), 3U);
}

TEST(Config, AnUpstreamWithoutLimitsHasTheDefaults) {
  const Config config = configured("http { upstream u { server a; } resolver 127.0.0.1; resolver_timeout 3s; }");
  const Upstream& u = config.http.upstreams.at("u");
  EXPECT_TRUE(std::holds_alternative<RoundRobin>(u.balance));
  EXPECT_FALSE(u.concurrency);
  EXPECT_EQ(u.queue.size, 1024U);
  EXPECT_EQ(u.queue.timeout, 5s);
  EXPECT_TRUE(u.breaker.enabled);
  EXPECT_EQ(u.resolver.servers.size(), 1U);
  EXPECT_EQ(u.resolver_timeout, 3s);
}

TEST(Config, AHealthCheckGoesToItsUpstream) {
  const Config config = configured(
      "http { upstream u { server a; } match good { status ! 500-599 404; header Server; header ! X-Bad;"
      " header Content-Type ~ mpegurl; } server { location / { proxy_pass https://u;"
      " health_check interval=250ms fails=2 passes=3 uri=/ok match=good port=9000 mandatory; } } }");
  const auto& check = config.http.upstreams.at("u").health_check;
  ASSERT_TRUE(check);
  EXPECT_EQ(check->interval, 250ms);
  EXPECT_EQ(check->fails, 2U);
  EXPECT_EQ(check->passes, 3U);
  EXPECT_EQ(check->uri, "/ok");
  EXPECT_EQ(check->port, 9000);
  EXPECT_TRUE(check->mandatory);
  EXPECT_TRUE(check->tls);
  ASSERT_TRUE(check->match);
  EXPECT_TRUE(check->match->statuses_negated);
  EXPECT_EQ(check->match->statuses.size(), 2U);
  ASSERT_EQ(check->match->fields.size(), 3U);
  EXPECT_EQ(check->match->fields[1].test, HealthMatch::Field::Test::kAbsent);
  EXPECT_TRUE(check->match->fields[2].regex);
}

TEST(Config, ZonesInMemoryAndByPath) {
  const Config config = configured(
      "http { proxy_cache big; cache_zone live ram=256m;"
      " proxy_cache_path /var/cache levels=1:2 keys_zone=big:10m inactive=1h max_size=10g ram=512m use_temp_path=off; "
      "}");
  EXPECT_EQ(config.http.zones.at("live").ram, 256U << 20U);
  EXPECT_EQ(config.http.zones.at("big").ram, 512U << 20U);
  EXPECT_EQ(config.http.zones.at("big").path, "/var/cache");
  EXPECT_EQ(config.http.zones.at("big").inactive, 1h);
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_EQ(config.warnings[0].to_string(), "zone \"big\" keeps nothing on disk yet: 512m of memory in f:1");
}

TEST(Config, LogsWithFormatsThatComeLater) {
  const Config config = configured(
      "http { access_log a.log mine buffer=4k flush=250ms if=$arg_log; log_format mine escape=json '{\"u\":' "
      "'\"$uri\"}';"
      " server { } }");
  const AccessLog& log = first_server(config).base.access_logs.at(0);
  EXPECT_EQ(log.path, "a.log");
  EXPECT_EQ(log.format->line.source(), "{\"u\":\"$uri\"}");
  EXPECT_EQ(log.format->escape, LogFormat::Escape::kJson);
  EXPECT_EQ(log.buffer, 4096U);
  EXPECT_EQ(log.flush, 250ms);
  EXPECT_TRUE(log.condition && log.condition->uses(Var::kArg));
}

TEST(Config, TheNodesOfAPop) {
  const Config config = configured(
      "http { shared_index redis://:secret@10.0.0.1:7000/3 redis://10.0.0.2 prefix=p timeout=5ms;"
      " node n1 advertise=http://10.0.0.9:8090; peer_listen 10.0.0.9:8090; peer_secret s;"
      " overload loop_lag=50ms connections=90% descriptors=70% memory=0.8; }");
  const Cluster& cluster = config.http.cluster;
  ASSERT_TRUE(cluster.shared_index);
  ASSERT_EQ(cluster.shared_index->addresses.size(), 2U);
  EXPECT_EQ(cluster.shared_index->addresses[0].port, 7000);
  EXPECT_EQ(cluster.shared_index->addresses[1].port, 6379);
  EXPECT_EQ(cluster.shared_index->database, 3U);
  EXPECT_EQ(cluster.shared_index->password, "secret");
  EXPECT_EQ(cluster.shared_index->prefix, "p");
  EXPECT_EQ(cluster.shared_index->timeout, 5ms);
  EXPECT_EQ(cluster.node, "n1");
  EXPECT_EQ(cluster.advertise, "http://10.0.0.9:8090");
  EXPECT_EQ(to_string(*cluster.peer_listen), "10.0.0.9:8090");
  EXPECT_EQ(config.http.overload.loop_lag, 50ms);
  EXPECT_DOUBLE_EQ(config.http.overload.connections, 0.9);
  EXPECT_DOUBLE_EQ(config.http.overload.descriptors, 0.7);
  EXPECT_DOUBLE_EQ(config.http.overload.memory, 0.8);
  EXPECT_EQ(configured("http { overload memory=20g; }").http.overload.resident, uint64_t{20} << 30);
}

TEST(Config, SentinelsNameTheirMaster) {
  const Config config = configured("http { shared_index redis+sentinel://a/mymaster redis+sentinel://b:1/mymaster; }");
  EXPECT_EQ(config.http.cluster.shared_index->sentinel_master, "mymaster");
  EXPECT_EQ(config.http.cluster.shared_index->addresses.at(0).port, 26379);
  EXPECT_TRUE(configured("http { shared_index rediss://a; }").http.cluster.shared_index->tls);
}

TEST(Config, StaysGoodWhenItMoves) {
  Config first =
      configured("http { map $uri $m { default x; } server { location /a { return 200 $m; } access_log a; } }");
  const Config config = std::move(first);
  Captures captures;
  const Server& server = find_server(config.http.listens[0], "any", captures);
  EXPECT_EQ(&server, &first_server(config));
  EXPECT_EQ(&find_location(server, "/a", captures), &server.base.locations[0]);
  EXPECT_EQ(server.base.access_logs[0].format->name, "combined");
  EXPECT_EQ(std::get<Return>(server.base.locations[0].answer).text.parts().at(0).variable.map,
            &config.http.maps.at("m"));
}

TEST(Config, TheExamplesLoad) {
  for (const char* name : {"live", "edge", "pop"}) {
    const auto loaded = load(std::string("conf/examples/") + name + ".conf", "/tmp", "");
    const auto* error = std::get_if<ConfigError>(&loaded);
    EXPECT_EQ(error, nullptr) << error->to_string();
  }
}

TEST(Config, GlobalDirectivesAreAnotherSource) {
  const auto set = load("conf/examples/live.conf", "/tmp", "worker_processes 2;");
  ASSERT_TRUE(std::holds_alternative<Config>(set));
  EXPECT_EQ(std::get<Config>(set).worker_processes, 2U);
  const auto twice = load("conf/examples/live.conf", "/tmp", "daemon on;");
  ASSERT_TRUE(std::holds_alternative<ConfigError>(twice));
  EXPECT_EQ(std::get<ConfigError>(twice).text, "\"daemon\" directive is duplicate");
  const auto wrong = load("conf/examples/live.conf", "/tmp", "nonsense;");
  EXPECT_EQ(std::get<ConfigError>(wrong).to_string(), "command line:1: unknown directive \"nonsense\"");
  const auto missing = load("/nowhere/levee.conf", "/tmp", "");
  EXPECT_EQ(std::get<ConfigError>(missing).to_string(),
            "/nowhere/levee.conf: open() \"/nowhere/levee.conf\" failed (2: No such file or directory)");
}

}  // namespace
}  // namespace levee
