#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "conf/directive.h"

namespace levee {
namespace {

std::string error_of(const std::string& text) {
  const auto loaded = load_text(text, "/nowhere/", "f");
  const auto* error = std::get_if<ConfigError>(&loaded);
  return error != nullptr ? error->to_string() : "";
}
std::string in_http(const std::string& text) {
  return "http {\n" + text + "\n}";
}
std::string in_location(const std::string& text) {
  return "http { server { location / {\n" + text + "\n} } }";
}
std::string in_upstream(const std::string& text) {
  return "http { upstream u {\n" + text + "\n} }";
}
std::string in_server(const std::string& text) {
  return "http { server {\n" + text + "\n} }";
}

struct Case {
  std::string text, error;  // the error's line is 2, unless it says another
};
void expect_errors(const std::vector<Case>& cases, std::string (*wrap)(const std::string&)) {
  for (const Case& c : cases) {
    const std::string expected = c.error.starts_with("f:") || c.error.empty() ? c.error : "f:2: " + c.error;
    EXPECT_EQ(error_of(wrap(c.text)), expected) << c.text;
  }
}

TEST(Directive, FormErrorsAreNginxs) {
  expect_errors(
      {
          {"foo;", "unknown directive \"foo\""},
          {"foo { }", "unknown directive \"foo\""},
          {"rewrite a b;", "unknown directive \"rewrite\" (use a location with return, or proxy_pass with a URI)"},
          {"if ($uri) { }", "unknown directive \"if\" (use map, or a location)"},
          {"server { }", "\"server\" directive is not allowed here"},
          {"worker_connections 5;", "\"worker_connections\" directive is not allowed here"},
          {"proxy_read_timeout;", "invalid number of arguments in \"proxy_read_timeout\" directive"},
          {"proxy_read_timeout 1s 2s;", "invalid number of arguments in \"proxy_read_timeout\" directive"},
          {"levee_status on;", "invalid number of arguments in \"levee_status\" directive"},
          {"proxy_read_timeout 1s;\nproxy_read_timeout 1s;", "f:3: \"proxy_read_timeout\" directive is duplicate"},
          {"root a;\nalias b;", "f:3: \"alias\" directive is duplicate, \"root\" directive was specified earlier"},
          {"location /a;", "directive \"location\" has no opening \"{\""},
          {"proxy_read_timeout 1s { }", "directive \"proxy_read_timeout\" is not terminated by \";\""},
          {"types;", "directive \"types\" has no opening \"{\""},
          {"types { a; }", "invalid number of arguments in \"types\" directive"},
      },
      in_location);
  EXPECT_EQ(error_of("http { }\nhttp { }"), "f:2: \"http\" directive is duplicate");
  EXPECT_EQ(error_of("http {\nserver {"), "f:2: unexpected end of file, expecting \"}\"");
  EXPECT_EQ(error_of("listen 80;"), "f:1: \"listen\" directive is not allowed here");
}

TEST(Directive, ValueErrorsNameTheWord) {
  expect_errors(
      {
          {"proxy_read_timeout 5x;", "\"proxy_read_timeout\" directive invalid value \"5x\""},
          {"proxy_read_timeout 99999999999y;", "\"proxy_read_timeout\" directive invalid value \"99999999999y\""},
          {"client_max_body_size -1;", "\"client_max_body_size\" directive invalid value \"-1\""},
          {"sendfile maybe;", "invalid value \"maybe\" in \"sendfile\" directive, it must be \"on\" or \"off\""},
          {"proxy_buffer_size 0;", "\"proxy_buffer_size\" directive invalid value \"0\""},
          {"proxy_cache_min_uses 0;", "\"proxy_cache_min_uses\" directive invalid value \"0\""},
          {"health_check fails=0;", "invalid parameter \"fails=0\""},
          {"keepalive_requests many;", "\"keepalive_requests\" directive invalid value \"many\""},
          {"keepalive_timeout 5s x;", "\"keepalive_timeout\" directive invalid value \"x\""},
          {"proxy_http_version 3;", "invalid value \"3\""},
          {"proxy_next_upstream error teapot;", "invalid value \"teapot\""},
          {"proxy_cache_use_stale http_501;", "invalid value \"http_501\""},
          {"proxy_cache_methods PUT;", "invalid value \"PUT\""},
          {"proxy_ignore_headers Date;", "invalid value \"Date\""},
          {"proxy_priority high;", "invalid value \"high\""},
          {"proxy_cache nowhere;", "\"proxy_cache\" zone \"nowhere\" is unknown"},
          {"proxy_cache_key $nothing;", "unknown \"nothing\" variable"},
          {"proxy_cache_valid 200 soon;", "invalid time value \"soon\""},
          {"proxy_cache_valid 99 1s;", "invalid status \"99\""},
          {"proxy_cache_valid 0 1s;", "invalid status \"0\""},
          {"add_header A b never;", "invalid parameter \"never\""},
          {"expires @25h;", "invalid value \"@25h\""},
          {"expires soon;", "invalid value \"soon\""},
          {"expires later 5s;", "invalid value \"later\""},
          {"return x;", "invalid return code \"x\""},
          {"return 1000;", "invalid return code \"1000\""},
          {"return 99;", "invalid return code \"99\""},
          {"allow 1.2.3.4/33;", "invalid parameter \"1.2.3.4/33\""},
          {"deny nobody;", "invalid parameter \"nobody\""},
          {"access_log a missing;", "unknown log format \"missing\""},
          {"access_log a combined buffer=x;", "invalid parameter \"buffer=x\""},
          {"access_log a if=$x;", "unknown \"x\" variable"},
          {"access_log off combined;", "invalid parameter \"combined\""},
          {"health_check interval=0;", "invalid parameter \"interval=0\""},
          {"health_check match=x;", "match \"x\" is unknown"},
          {"health_check uri=x;", "invalid parameter \"uri=x\""},
          {"health_check speed=9;", "invalid parameter \"speed=9\""},
          {"proxy_redirect maybe;", "invalid parameter \"maybe\""},
          {"resolver name.example;", "host not found in resolver \"name.example\""},
          {"resolver valid=1s;", "no name servers defined"},
          {"resolver 127.0.0.1 valid=x;", "invalid parameter \"valid=x\""},
          {"resolver 127.0.0.1 ipv4=off ipv6=off;", "\"ipv4\" and \"ipv6\" cannot both be \"off\""},
      },
      in_location);
}

TEST(Directive, ProxyPassErrors) {
  expect_errors(
      {
          {"proxy_pass ftp://a;", "invalid URL prefix"},
          {"proxy_pass a;", "invalid URL prefix"},
          {"proxy_pass http://;", "no host in upstream \"\""},
          {"proxy_pass http://:80;", "no host in upstream \":80\""},
          {"proxy_pass http://a:0;", "invalid port in upstream \"a:0\""},
          {"proxy_pass http://a:99999/;", "invalid port in upstream \"a:99999\""},
          {"proxy_pass http://[::1;", "invalid host in upstream \"[::1\""},
          {"proxy_pass http://[x]:1;", "invalid IPv6 address in upstream \"[x]:1\""},
          {"proxy_pass http://a b;", "invalid number of arguments in \"proxy_pass\" directive"},
          {"proxy_pass \"http://a b\";", "invalid host in upstream \"a b\""},
          {"proxy_pass http://$nobody;", "unknown \"nobody\" variable"},
          {"location ~ x { proxy_pass http://a/uri; }",
           "\"proxy_pass\" cannot have URI part in location given by regular expression"},
      },
      in_location);
  EXPECT_EQ(error_of("http { upstream u { server a; }\nserver { location / { proxy_pass http://u:81; } } }"),
            "f:2: upstream \"u\" may not have port 81");
}

TEST(Directive, ServerErrors) {
  expect_errors(
      {
          {"listen 99999;", "invalid address \"99999\" of the \"listen\" directive"},
          {"listen name:80;", "invalid address \"name:80\" of the \"listen\" directive"},
          {"include { }", "directive \"include\" is not terminated by \";\""},
          {"listen 80 fast;", "invalid parameter \"fast\""},
          {"listen 80 backlog=0;", "invalid parameter \"backlog=0\""},
          {"listen 80 so_keepalive=1;", "invalid parameter \"so_keepalive=1\""},
          {"listen 80;\nlisten 0.0.0.0:80;", "f:3: a duplicate listen 0.0.0.0:80"},
          {"server_name a..b;", "server name \"a..b\" is invalid"},
          {"server_name a*b;", "server name \"a*b\" is invalid"},
          {"server_name ~;", "empty regex in server name \"~\""},
          {"server_name ~(;", "pcre2_compile() failed: missing closing parenthesis in \"(\" at \"\""},
          {"location ~ [ { }", "pcre2_compile() failed: missing terminating ] for character class in \"[\" at \"\""},
          {"location + /a { }", "invalid location modifier \"+\""},
          {"location @a { }", "named location \"@a\" is not supported"},
          {"location /a { }\nlocation ^~ /a { }", "f:3: duplicate location \"/a\""},
          {"location /a {\nlocation /b { } }", "f:3: location \"/b\" is outside location \"/a\""},
          {"location = /a {\nlocation /a/b { } }", "f:3: location \"/a/b\" cannot be inside the exact location \"/a\""},
          {"large_client_header_buffers 0 8k;", "\"large_client_header_buffers\" directive invalid value \"0\""},
          {"ssl_protocols SSLv3;", "invalid value \"SSLv3\""},
          {"ssl_session_cache shared:x;", "invalid session cache \"shared:x\""},
          {"ssl_session_cache shared:x:y;", "invalid session cache \"shared:x:y\""},
          {"listen 443 ssl;", "f:1: no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive"},
          {"listen 443 ssl; ssl_certificate a;", "f:1: no \"ssl_certificate_key\" is defined for certificate \"a\""},
          {"proxy_pass http://a;", "\"proxy_pass\" directive is not allowed here"},
      },
      in_server);
}

TEST(Directive, HttpErrors) {
  expect_errors(
      {
          {"cache_zone a;", "invalid number of arguments in \"cache_zone\" directive"},
          {"cache_zone a size=1m;", "invalid parameter \"size=1m\""},
          {"cache_zone a ram=x;", "invalid parameter \"ram=x\""},
          {"cache_zone a ram=1k;", "zone \"a\" is too small"},
          {"cache_zone a ram=1m;\ncache_zone a ram=1m;", "f:3: duplicate zone \"a\""},
          {"proxy_cache_path /a max_size=1g;", "\"proxy_cache_path\" must have \"keys_zone\" parameter"},
          {"proxy_cache_path /a keys_zone=a;", "invalid parameter \"keys_zone=a\""},
          {"log_format a $x;", "unknown \"x\" variable"},
          {"log_format a escape=html $uri;", "unknown log format escaping \"html\""},
          {"log_format combined $uri;", "duplicate \"log_format\" name \"combined\""},
          {"upstream u { }", "no servers are inside upstream"},
          {"upstream u { server a; }\nupstream u { server b; }", "f:3: duplicate upstream \"u\""},
          {"server { listen 80 default_server; }\nserver {\nlisten 80 default_server; }",
           "f:4: a duplicate default server for 0.0.0.0:80"},
          {"server { listen 80 backlog=9; }\nserver { listen 80 backlog=9; }",
           "f:3: duplicate listen options for 0.0.0.0:80"},
          {"match m { status 99; }", "invalid status \"99\""},
          {"match m { header A is b; }", "invalid parameter \"is\""},
          {"match m { body ~ x; }", "unknown directive \"body\""},
          {"overload cpu=5%;", "invalid parameter \"cpu=5%\""},
          {"overload memory=120%;", "invalid parameter \"memory=120%\""},
          {"shared_index 1.2.3.4:6379;", "invalid parameter \"1.2.3.4:6379\""},
          {"shared_index redis://;", "invalid address \"redis://\" of the \"shared_index\" directive"},
          {"shared_index redis://a rediss://b;", "invalid address \"rediss://b\" of the \"shared_index\" directive"},
          {"node a advertise=1.2.3.4;", "\"node\" must have \"advertise=http://address:port\""},
          {"peer_listen x:y;", "invalid address \"x:y\" of the \"peer_listen\" directive"},
      },
      in_http);
}

TEST(Directive, UpstreamErrors) {
  expect_errors(
      {
          {"server a weight=0;", "invalid parameter \"weight=0\""},
          {"server a weight=x;", "invalid parameter \"weight=x\""},
          {"server a fast;", "invalid parameter \"fast\""},
          {"server a:b;", "invalid port in upstream \"a:b\""},
          {"least_conn;\nip_hash; server a;", "f:3: load balancing method redefined"},
          {"hash $uri fast; server a;", "invalid parameter \"fast\""},
          {"random three; server a;", "invalid parameter \"three\""},
          {"concurrency 0; server a;", "\"concurrency\" directive invalid value \"0\""},
          {"concurrency 5 min=1; server a;", "invalid parameter \"min=1\""},
          {"concurrency adaptive min=9 max=5; server a;", "\"concurrency\" directive must have min <= initial <= max"},
          {"queue x; server a;", "\"queue\" directive invalid value \"x\""},
          {"queue 5 time=1s; server a;", "invalid parameter \"time=1s\""},
          {"retry_budget 200%; server a;", "\"retry_budget\" directive invalid value \"200%\""},
          {"breaker ratio=2; server a;", "invalid parameter \"ratio=2\""},
          {"breaker backoff=9s max_backoff=1s; server a;", "\"breaker\" directive must have backoff <= max_backoff"},
      },
      in_upstream);
}

TEST(Directive, MainErrors) {
  EXPECT_EQ(error_of("worker_processes 0;"), "f:1: \"worker_processes\" directive invalid value \"0\"");
  EXPECT_EQ(error_of("error_log a loud;"), "f:1: invalid log level \"loud\"");
  EXPECT_EQ(error_of("events { worker_connections x; }"), "f:1: \"worker_connections\" directive invalid value \"x\"");
}

// Loading applies every default, and aborts if one is not valid; here it is said which.
TEST(Directive, TheTableIsSound) {
  std::set<std::pair<std::string_view, uint32_t>> known;
  size_t rows = 0;
  for (const auto& area : conf::all_directives()) {
    for (const conf::Directive& row : area) {
      ++rows;
      EXPECT_NE(row.setter.apply, nullptr) << row.name;
      EXPECT_NE(row.contexts, 0U) << row.name;
      EXPECT_LE(row.arity.least, row.arity.most) << row.name;
      EXPECT_TRUE(std::string_view(row.help).ends_with('.')) << row.name;
      for (uint32_t context = 1; context <= conf::kUpstream; context <<= 1U) {
        if ((row.contexts & context) == 0) continue;
        EXPECT_TRUE(known.emplace(row.name, context).second) << row.name << " twice in a context";
      }
    }
  }
  EXPECT_GT(rows, 150U);
  EXPECT_EQ(error_of("http { upstream u { server 127.0.0.1; } server { location / { proxy_pass http://u; } } }"), "");
}

TEST(Directive, IsDescribedFromTheTable) {
  std::ostringstream plain;
  describe(plain);
  EXPECT_NE(plain.str().find("  proxy_connect_timeout 60s;  [http, server, location]\n      How long"),
            std::string::npos);
  EXPECT_NE(plain.str().find("  upstream {...}  [http]"), std::string::npos);
  EXPECT_NE(plain.str().find("Accepted and not needed: use, accept_mutex,"), std::string::npos);
  EXPECT_EQ(plain.str().find("  use;"), std::string::npos);
  std::ostringstream markdown;
  describe_markdown(markdown);
  EXPECT_NE(markdown.str().find("| `proxy_cache_lock` | `on` | http, server, location |"), std::string::npos);
}

}  // namespace
}  // namespace levee
