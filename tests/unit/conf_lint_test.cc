#include <fstream>

#include "tests/unit/conf_lint_fixture.h"

namespace levee {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Lint, SaysNothingOfAGoodConfiguration) {
  EXPECT_THAT(found_in({}), IsEmpty());
}

TEST(Lint, DescriptorsBelowTheConnectionsOfAllWorkers) {
  EXPECT_THAT(found_in({.main = "worker_rlimit_nofile 1999;"}), warns("below the 2000 connections of 2 workers", 1));
  EXPECT_THAT(found_in({.main = "worker_rlimit_nofile 2000;"}), IsEmpty());
  EXPECT_THAT(found("worker_rlimit_nofile 399; events { worker_connections 100; }"), warns("of 4 workers", 1));
}

TEST(Lint, ZonesThatDoNotFitIntoMemory) {
  EXPECT_THAT(found_in({.http = "cache_zone more ram=64g;"}), warns("the caches may take 65600m", 3));
  EXPECT_THAT(found_in({.http = "cache_zone more ram=63g;"}), IsEmpty());
}

TEST(Lint, PeersWithoutASecret) {
  EXPECT_THAT(found_in({.http = "peer_listen 127.0.0.1:8090;"}), warns("\"peer_listen\" without \"peer_secret\"", 6));
  EXPECT_THAT(found_in({.http = "peer_listen 127.0.0.1:8090; peer_secret s;"}), IsEmpty());
}

TEST(Lint, AnUpstreamWithoutALimit) {
  EXPECT_THAT(found_in({.http = "upstream v { server 127.0.0.1:2; }"}), warns("no \"concurrency\" for \"v\"", 6));
  EXPECT_THAT(found_in({.http = "upstream v { server 127.0.0.1:2; concurrency adaptive; }"}), IsEmpty());
  EXPECT_THAT(found_in({.location = "location /b { proxy_pass http://127.0.0.1:81; }"}),
              warns("name it in an upstream block", 9));
}

TEST(Lint, AnUpstreamThatKeepsNoConnections) {
  EXPECT_THAT(found_in({.upstream = "keepalive 0;"}), warns("\"keepalive\" 0", 7));
  EXPECT_THAT(found_in({.upstream = "keepalive 8;"}), IsEmpty());
}

TEST(Lint, FewerKeptConnectionsThanFetches) {
  EXPECT_THAT(found_in({.upstream = "keepalive 3;"}), warns("keeps fewer connections than \"concurrency\" 8", 7));
  EXPECT_THAT(found_in({.upstream = "keepalive 4;"}), IsEmpty());
}

TEST(Lint, AQueueThatHoldsForLongerThanASegment) {
  EXPECT_THAT(found_in({.upstream = "queue 100;"}), warns("\"queue\" holds requests for 1m", 7));
  EXPECT_THAT(found_in({.upstream = "queue 100 timeout=6s;"}), IsEmpty());
}

TEST(Lint, AnUpstreamWithoutABreaker) {
  EXPECT_THAT(found_in({.upstream = "breaker off;"}), warns("\"breaker\" off", 7));
}

TEST(Lint, ConnectionsThatViewersLoseBetweenSegments) {
  EXPECT_THAT(found_in({.location = "keepalive_timeout 5s;"}), warns("\"keepalive_timeout\" 5s", 9));
  EXPECT_THAT(found_in({.location = "keepalive_timeout 6s;"}), IsEmpty());
}

TEST(Lint, SegmentsThatAreFetchedMoreThanOnce) {
  EXPECT_THAT(found_in({.location = "proxy_cache_min_uses 2;"}), warns("\"proxy_cache_min_uses\" 2", 9));
  EXPECT_THAT(found_in({.location = "proxy_cache_min_uses 1;"}), IsEmpty());
}

TEST(Lint, MediaThatIsNotCached) {
  EXPECT_THAT(found_in({.location = "proxy_cache off;"}), warns("no \"proxy_cache\" where playlists", 9));
  const std::string segments = "location ~ \\.m4s$ { proxy_pass http://u; proxy_cache off; } ";
  EXPECT_THAT(found_in({.server = segments}), warns("no \"proxy_cache\" where segments", 8));
  EXPECT_THAT(found_in({.server = "location /api/ { proxy_pass http://u; proxy_cache off; } "}), IsEmpty());
}

TEST(Lint, PlaylistsKeptForMoreThanHalfASegment) {
  EXPECT_THAT(found_in({.location = "proxy_cache_valid 3001ms;"}), warns("more than half of a segment of 6s", 9));
  EXPECT_THAT(found_in({.location = "proxy_cache_valid 3s;"}), IsEmpty());
  EXPECT_THAT(found_in({.location = "proxy_cache_valid any 60s;"}),
              ElementsAre(HasSubstr("playlists are kept for 1m"), HasSubstr("errors are kept for 1m")));
  EXPECT_THAT(
      found_in({.location = "proxy_cache_valid 200 3s;"}, {.memory = kTerms.memory, .processors = 4, .segment = 5s}),
      warns("more than half of a segment of 5s", 9));
}

TEST(Lint, PlaylistsThatViewersAreToldToKeep) {
  for (const char* line : {"expires 4s;", "expires modified 1h;", "expires max;", "expires @3h;"}) {
    EXPECT_THAT(found_in({.location = line}), warns("\"expires\" has viewers keep playlists", 9)) << line;
  }
  for (const char* line : {"add_header cache-control max-age=4;", "add_header Cache-Control 'public, MaxAge=4';",
                           "add_header Cache-Control max-age=4294967296;",
                           "add_header X a; add_header Cache-Control 's-maxage=1, max-age=60' always;"}) {
    EXPECT_THAT(found_in({.location = line}), warns("\"add_header\" Cache-Control has viewers keep", 9)) << line;
  }
  for (const char* line :
       {"add_header Cache-Control 'public, S-MaxAge=4';", "add_header Cache-Control 'max-age=1, s-maxage=60';"}) {
    EXPECT_THAT(found_in({.location = line}), warns("Cache-Control has caches between here and viewers keep", 9))
        << line;
  }
  for (const char* line :
       {"expires off;", "expires epoch;", "expires -1;", "expires 3s;", "add_header Cache-Control no-cache;",
        "add_header Cache-Control max-age=3;", "add_header X-Policy max-age=60;"}) {
    EXPECT_THAT(found_in({.location = line}), IsEmpty()) << line;
  }
  EXPECT_THAT(found_in({.server = "location ~ \\.ts$ { proxy_pass http://u; expires 1h; } "}), IsEmpty());
}

TEST(Lint, APlaylistIsWhereARequestForOneGoes) {
  EXPECT_THAT(found_in({.server = "location ~ \\.(m3u8|mpd)$ { proxy_pass http://u; proxy_cache_valid 200 1s; } ",
                        .location = "proxy_cache_valid 200 1h;"}),
              IsEmpty());
  EXPECT_THAT(found_in({.server = "location ~ ^/x/y/[0-9]+\\.m3u8$ { proxy_pass http://u; proxy_cache_valid 1h; } "}),
              warns("playlists are kept for 1h", 8));
  EXPECT_THAT(found_in({.server = "location = /now { proxy_priority playlist; proxy_pass http://u;"
                                  " proxy_cache_valid 1h; } "}),
              warns("playlists are kept for 1h", 8));
}

TEST(Lint, ErrorsKeptForSecondsAtTheLiveEdge) {
  EXPECT_THAT(found_in({.location = "proxy_cache_valid 404 2s;"}), warns("404 is kept for 2s", 9));
  EXPECT_THAT(found_in({.location = "proxy_cache_valid 200 1s; proxy_cache_valid any 1m;"}),
              warns("errors are kept for 1m", 9));
  for (const int status : {400, 403, 404, 410, 416, 429, 500, 503}) {
    const std::string code = std::to_string(status);
    EXPECT_THAT(found_in({.location = "proxy_cache_valid 301 " + code + " 30s;"}), warns(code + " is kept for 30s", 9));
  }
  EXPECT_THAT(found_in({.location = "proxy_cache_valid 404 500ms; proxy_cache_valid any 1s;"}), IsEmpty());
}

TEST(Lint, AWaitThatEndsBeforeTheFetch) {
  EXPECT_THAT(found_in({.location = "proxy_cache_lock_timeout 4s;"}), warns("\"proxy_cache_lock_timeout\" 4s", 9));
  EXPECT_THAT(found_in({.location = "proxy_cache_lock_timeout 5s;"}), IsEmpty());
}

TEST(Lint, OriginTimeoutsAboveASegment) {
  EXPECT_THAT(found_in({.location = "proxy_connect_timeout 7s;"}), warns("\"proxy_connect_timeout\" 7s", 9));
  EXPECT_THAT(found_in({.location = "proxy_read_timeout 7s;"}), warns("\"proxy_read_timeout\" 7s", 9));
  EXPECT_THAT(found_in({.location = "proxy_read_timeout 6s; proxy_connect_timeout 6s;"}), IsEmpty());
}

TEST(Lint, APlaylistMayBeHeldForThreeSegments) {
  const std::string segments = "location ~ \\.(ts|m4s)$ { proxy_pass http://u; } ";
  EXPECT_THAT(found_in({.server = segments, .location = "proxy_cache_lock_timeout 30s; proxy_read_timeout 18s;"}),
              IsEmpty());
  EXPECT_THAT(found_in({.server = segments, .location = "proxy_cache_lock_timeout 30s; proxy_read_timeout 19s;"}),
              warns("the longest hold of a playlist, 18s", 9));
}

TEST(Lint, NoStaleWindow) {
  const auto with = [](const std::string& words) {
    return found_in({.location = "proxy_cache_use_stale " + words + ";"});
  };
  EXPECT_THAT(with("off"), warns("\"proxy_cache_use_stale\" off", 9));
  EXPECT_THAT(with("error updating http_500 http_502 http_503 http_504"), warns("lacks \"timeout\"", 9));
  EXPECT_THAT(with("error timeout updating http_500"), warns("lacks \"http_502 http_503 http_504\"", 9));
  EXPECT_THAT(with("timeout updating http_500 http_502 http_503 http_504"), warns("lacks \"error\"", 9));
  EXPECT_THAT(with("error timeout updating http_500 http_502 http_503 http_504"), IsEmpty());
}

TEST(Lint, ViewersWhoWaitWheneverACopyExpires) {
  const std::string failures = "proxy_cache_use_stale error timeout http_500 http_502 http_503 http_504;";
  EXPECT_THAT(found_in({.location = failures}), warns("lacks \"updating\"", 9));
  EXPECT_THAT(found_in({.location = "proxy_cache_background_update off;"}),
              warns("\"proxy_cache_background_update\" off", 9));
  EXPECT_THAT(found_in({.location = "location /other/ { proxy_pass http://u; " + failures + " }"}),
              warns("lacks \"updating\"", 9));
  EXPECT_THAT(found_in({.server = "location = /logo.png { proxy_pass http://u; " + failures + " } "}), IsEmpty());
}

TEST(Lint, NothingSaysHowLong) {
  EXPECT_THAT(found_in({.location = "proxy_ignore_headers Cache-Control;"}),
              warns("nothing says how long to keep a response", 9));
  EXPECT_THAT(found_in({.location = "proxy_ignore_headers Cache-Control; proxy_cache_valid 1s;"}), IsEmpty());
}

TEST(Lint, AKeyThatTellsViewersApart) {
  for (const char* key : {"$uri$arg_token", "$host$uri$cookie_a", "$uri$remote_addr", "$uri$request_id",
                          "$uri$http_cookie", "$uri$http_user_agent", "$uri$arg_Session_ID"}) {
    EXPECT_THAT(found_in({.location = std::string("proxy_cache_key ") + key + ";"}), warns("tells viewers apart", 9));
  }
  EXPECT_THAT(found_in({.location = "proxy_cache_key $host$uri$is_args$args$arg_quality;"}), IsEmpty());
}

TEST(Lint, AKeyThatTellsViewersApartByName) {
  for (const char* part : {"http_x_session_token", "http_x_playback_session_id", "http_x_api_key",
                           "http_x_forwarded_for", "http_x_real_ip", "arg_session_token", "arg_playback_session",
                           "arg_viewer_id", "arg_authtoken", "arg_sessionId", "arg_deviceid", "arg_st$arg_e",
                           "arg_Key_Pair_Id", "arg_client_id", "cookie_user_id", "cookie__ga", "cookie_group_token"}) {
    EXPECT_THAT(found_in({.location = std::string("proxy_cache_key $host$uri$") + part + ";"}),
                warns("tells viewers apart", 9))
        << part;
  }
  for (const char* part : {"arg_design", "arg_signal", "arg_author", "arg_client", "arg_device", "arg_stream_id",
                           "arg_user_country", "arg_token_type", "arg_t", "arg_est", "http_accept_language",
                           "cookie_quality", "cookie_lang", "cookie_ab_group"}) {
    EXPECT_THAT(found_in({.location = std::string("proxy_cache_key $host$uri$") + part + ";"}), IsEmpty()) << part;
  }
}

TEST(Lint, AKeyWithWhatThoseBeforeUsSayOfARequest) {
  for (const char* part : {"arg_cloudfront_policy", "http_cloudfront_viewer_address", "http_forwarded"}) {
    EXPECT_THAT(found_in({.location = std::string("proxy_cache_key $host$uri$") + part + ";"}),
                warns("tells viewers apart", 9))
        << part;
  }
  for (const char* part :
       {"http_x_forwarded_proto", "http_x_forwarded_host", "http_x_forwarded_port", "http_x_forwarded_scheme",
        "http_cloudfront_is_mobile_viewer", "http_cloudfront_forwarded_proto", "http_cloudfront_viewer_city",
        "cookie_mobile", "cookie_desktop", "cookie_tablet"}) {
    EXPECT_THAT(found_in({.location = std::string("proxy_cache_key $host$uri$") + part + ";"}), IsEmpty()) << part;
  }
}

TEST(Lint, AGroupOfTheLocationInTheKey) {
  const auto with = [](const std::string& name) {
    return found_in({.server = "location ~ ^/s/(?<" + name +
                               ">[^/]+)/(.*)$ { proxy_pass http://u; proxy_cache_key $host$" + name + "$2; } "});
  };
  for (const char* name : {"session", "user_token", "sid", "sig", "auth", "api_key"}) {
    EXPECT_THAT(with(name), warns("tells viewers apart", 8)) << name;
  }
  for (const char* name : {"channel", "user", "ts", "ip", "stream_key", "token_type"}) {
    EXPECT_THAT(with(name), IsEmpty()) << name;
  }
}

TEST(Lint, AMapsGroupsBringItsSourceIntoTheKey) {
  const auto with = [](const std::string& map) {
    return found_in({.http = "map " + map, .location = "proxy_cache_key $host$uri$m;"});
  };
  for (const char* map : {"$http_cookie $m { '~session=(?<s>[^;]+)' $s; }", "$arg_token $m { '~^(.+)$' $1; }",
                          "$request_uri $m { '~[?&]token=([^&]+)' $1; }", "$remote_addr $m { '~^(\\d+)' $1; }",
                          "$args $m { '~(?:^|&)(token=[^&]*)' $1; }", "$args $m { '~((?:^|&)sid=[^&]*)' $1; }",
                          "$args $m { '~^(?:a\\(b)*(?P<s>sid=.*\\))' $s; }"}) {
    EXPECT_THAT(with(map), warns("tells viewers apart", 9)) << map;
  }
  for (const char* map :
       {"$http_cookie $m { '~quality=([^;]+)' $1; }", "$request_uri $m { '~[?&]v=([^&]+)' $1; }",
        "$arg_token $m { '~^(.+)$' known; }", "$http_user_agent $m { ~(iPad|iPhone) $1; }",
        "$args $m { '~^(.*&)?token=[^&]*&?(.*)$' $1$2; default $args; }",
        "$http_cookie $m { '~(?<=sid=)(?:.*)quality=(.*)' $1; }", "$args $m { '~^\\(*token=(?:.*)v=(.*)' $1; }",
        "$args $m { '~([(]*)token=(?:.*)v=(.*)' $2; }"}) {
    EXPECT_THAT(with(map), IsEmpty()) << map;
  }
}

TEST(Lint, AMapGivesTheKeyItsResultAndNotItsSource) {
  const std::string key = "proxy_cache_key $host$uri$m;";
  EXPECT_THAT(found_in({.http = "map $http_user_agent $m { ~TV tv; default other; }", .location = key}), IsEmpty());
  EXPECT_THAT(found_in({.http = "map $uri $m { default $cookie_user; }", .location = key}),
              warns("tells viewers apart", 9));
}

TEST(Lint, AllArgumentsInTheKeyWhereSomeArePersonal) {
  const std::string map = "map $arg_token $known { secret 1; }";
  EXPECT_THAT(found_in({.http = map, .location = "proxy_cache_key $host$request_uri;"}),
              warns("with them \"token\"", 9));
  EXPECT_THAT(found_in({.http = map, .location = "proxy_cache_key $host$uri;"}), IsEmpty());
  const auto with_part = [&](const std::string& regex) {
    return found_in(
        {.http = map + " map $request_uri $part { '~" + regex + "' $p; }", .location = "proxy_cache_key $host$part;"});
  };
  EXPECT_THAT(with_part("^(?<p>[^?]*)"), IsEmpty()) << "the path";
  const auto with_rest = [&](const std::string& results) {
    return found_in({.http = map + " map $args $rest { " + results + " }", .location = "proxy_cache_key $uri$rest;"});
  };
  EXPECT_THAT(with_rest("'~^(.*&)?token=[^&]*&?(.*)$' $1$2; default $args;"), IsEmpty()) << "cut out";
  EXPECT_THAT(with_rest("'~^$' none; default $args;"), warns("with them \"token\"", 9));
  EXPECT_THAT(with_rest("'~^(.*&)?token=[^&]*' $1; default $args$args;"), warns("with them \"token\"", 9));
  EXPECT_THAT(with_part("^(?<p>.*)"), warns("with them \"token\"", 9));
  const std::string key = "proxy_cache_key $host$uri$is_args$args;";
  EXPECT_THAT(found_in({.http = "log_format f '$uri $arg_token';", .location = key}), warns("with them \"token\"", 9));
  EXPECT_THAT(found_in({.http = "log_format f '$uri $arg_quality';", .location = key}), IsEmpty());
}

TEST(Lint, AHostThatTheOriginSeesAndTheKeyDoesNot) {
  const std::string sent = "proxy_set_header Host $host; proxy_cache_key ";
  EXPECT_THAT(found_in({.location = sent + "$uri;"}), warns("has no $host", 9));
  EXPECT_THAT(found_in({.location = sent + "$http_host$uri;"}), IsEmpty());
  EXPECT_THAT(found_in({.location = "proxy_set_header Host live.example; proxy_cache_key $uri;"}), IsEmpty());
}

TEST(Lint, WaysPastTheCache) {
  EXPECT_THAT(found_in({.location = "proxy_cache_bypass $arg_fresh;"}), warns("reaches the origin at will", 9));
  EXPECT_THAT(found_in({.location = "proxy_cache_bypass $remote_addr;"}), IsEmpty());
  EXPECT_THAT(found_in({.location = "cache_request_directives on;"}), warns("\"cache_request_directives\" on", 9));
}

TEST(Lint, ASharedCookie) {
  EXPECT_THAT(found_in({.location = "proxy_ignore_headers Set-Cookie;"}), warns("one viewer's cookie", 9));
  EXPECT_THAT(found_in({.location = "proxy_ignore_headers Set-Cookie; proxy_hide_header set-cookie;"}), IsEmpty());
}

TEST(Lint, AnOriginThatNobodyVerifiesOrNames) {
  const std::string https = "location /s { proxy_pass https://u; ";
  EXPECT_THAT(found_in({.location = https + "proxy_ssl_verify off; }"}), warns("\"proxy_ssl_verify\" off", 9));
  EXPECT_THAT(found_in({.location = https + "}"}), IsEmpty());
  const std::string dynamic = "location /d { proxy_pass http://$arg_to; ";
  EXPECT_THAT(found_in({.location = dynamic + "}"}), warns("no \"resolver\"", 9));
  EXPECT_THAT(found_in({.location = dynamic + "resolver 127.0.0.1; }"}), IsEmpty());
}

TEST(Lint, StateThatEverybodySees) {
  EXPECT_THAT(found_in({.server = "location = /s { levee_status; } "}), warns("everybody who reaches 0.0.0.0:80", 8));
  EXPECT_THAT(found_in({.server = "location = /s { levee_metrics; allow 10.0.0.0/8; deny all; } "}), IsEmpty());
  EXPECT_THAT(found("http { server { listen 127.0.0.1:1; location = /s { levee_status; } } }"), IsEmpty());
}

TEST(Lint, ALineThatManyInheritCountsOnce) {
  EXPECT_THAT(found_in({.http = "proxy_cache_valid 404 1m;", .server = "location /a { proxy_pass http://u; } "}),
              warns("404 is kept for 1m", 6));
}

TEST(Lint, WhatIsNotCachedIsNotLookedAt) {
  EXPECT_THAT(found_in({.server = "location /api/ { proxy_pass http://u; proxy_cache off; proxy_cache_use_stale off;"
                                  " proxy_cache_key $remote_addr; } "}),
              IsEmpty());
}

TEST(Lint, TheExamplesAreGoodOnes) {
  LintTerms terms = kTerms;
  terms.processors = 16;
  for (const std::string name : {"live", "edge", "pop"}) {
    std::ifstream file("conf/examples/" + name + ".conf");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    ASSERT_THAT(text, StartsWith("# ")) << name;
    EXPECT_THAT(found(text, terms), IsEmpty()) << name;
  }
}

}  // namespace
}  // namespace levee
