#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "conf/route.h"

namespace levee {
namespace {

Config configured(const std::string& http) {
  auto loaded = load_text("http { " + http + " }", "/nowhere/");
  if (const auto* error = std::get_if<ConfigError>(&loaded)) ADD_FAILURE() << error->to_string();
  return std::holds_alternative<Config>(loaded) ? std::move(std::get<Config>(loaded)) : Config();
}

// Each location returns its own name, so that the answer tells which one it was.
class Locations : public testing::Test {
 protected:
  void locations(const std::string& lines) { config_ = configured("server { " + lines + " }"); }
  std::string at(std::string_view path) {
    captures_.clear();
    const Location& found = find_location(*config_.http.servers[0], path, captures_);
    const auto* answer = std::get_if<Return>(&found.answer);
    return answer != nullptr ? answer->text.source() : "base";
  }
  Config config_;
  Captures captures_;
};

TEST_F(Locations, TheLongestPrefixUnlessARegexMatches) {
  locations(
      "location / { return 200 root; } location /a { return 200 a; } location /a/b { return 200 ab; }"
      "location ~ \\.ts$ { return 200 ts; } location ~* \\.M3U8$ { return 200 m3u8; }"
      "location ^~ /static/ { return 200 static; } location = /a { return 200 exact; }");
  EXPECT_EQ(at("/"), "root");
  EXPECT_EQ(at("/x"), "root");
  EXPECT_EQ(at("/a"), "exact");
  EXPECT_EQ(at("/a/"), "a");
  EXPECT_EQ(at("/ab"), "a");
  EXPECT_EQ(at("/a/b/c"), "ab");
  EXPECT_EQ(at("/a/b/c.ts"), "ts");
  EXPECT_EQ(at("/live.m3u8"), "m3u8");
  EXPECT_EQ(at("/static/a.ts"), "static");
}

TEST_F(Locations, TheFirstRegexOfTheFileGoes) {
  locations("location ~ a { return 200 first; } location ~ ab { return 200 second; }");
  EXPECT_EQ(at("/ab"), "first");
  EXPECT_EQ(at("/x"), "base");
}

TEST_F(Locations, NestedOnesAreSearchedWithinTheOuter) {
  locations(
      "location /a/ { return 200 a; location /a/b/ { return 200 ab; } location ~ \\.ts$ { return 200 inner; } }"
      "location ~ \\.(ts|mp4)$ { return 200 outer; location ~ ^/deep/ { return 200 deep; } location /vod/ { return 200 "
      "vod; } }"
      "location ^~ /raw/ { return 200 raw; location ~ x { return 200 x; } }");
  EXPECT_EQ(at("/a/c"), "a");
  EXPECT_EQ(at("/a/b/c"), "ab");
  EXPECT_EQ(at("/a/1.ts"), "inner");
  EXPECT_EQ(at("/a/1.mp4"), "outer");
  EXPECT_EQ(at("/deep/1.mp4"), "deep");
  EXPECT_EQ(at("/vod/1.mp4"), "vod");
  EXPECT_EQ(at("/raw/1.ts"), "raw");
  EXPECT_EQ(at("/raw/x.ts"), "x");
}

TEST_F(Locations, RegexesLeaveTheirGroups) {
  locations("location ~ ^/(?<show>[^/]+)/(\\d+)\\.ts$ { return 200 $show-$2; } location /plain { return 200 plain; }");
  EXPECT_EQ(at("/news/42.ts"), "$show-$2");
  EXPECT_EQ(captures_.named("show"), "news");
  EXPECT_EQ(captures_.group(1), "news");
  EXPECT_EQ(captures_.group(2), "42");
  EXPECT_EQ(captures_.group(3), "");
  EXPECT_EQ(captures_.named("other"), "");
  EXPECT_EQ(at("/plain"), "plain");
  EXPECT_EQ(captures_.group(1), "");
}

TEST_F(Locations, ARegexThatBacktracksWithoutEndDoesNotMatch) {
  locations("location ~ ^/(a+)+$ { return 200 regex; }");
  EXPECT_EQ(at("/" + std::string(40, 'a') + "!"), "base");
}

class Servers : public testing::Test {
 protected:
  std::string at(std::string_view host, size_t listen = 0) {
    captures_.clear();
    return find_server(config_.http.listens[listen], host, captures_).name;
  }
  Config config_;
  Captures captures_;
};

TEST_F(Servers, ExactThenWildcardsThenRegexThenDefault) {
  config_ = configured(
      "server { server_name default; }"
      "server { server_name exact.example.com; }"
      "server { server_name *.example.com; }"
      "server { server_name *.sub.example.com; }"
      "server { server_name www.example.*; }"
      "server { server_name ~^(?<user>.+)\\.example\\.net$; }"
      "server { server_name ~^www\\..*\\.net$ .Dotted.org; }");
  EXPECT_EQ(at("exact.example.com"), "exact.example.com");
  EXPECT_EQ(at("a.example.com"), "*.example.com");
  EXPECT_EQ(at("www.example.com"), "*.example.com");
  EXPECT_EQ(at("a.sub.example.com"), "*.sub.example.com");
  EXPECT_EQ(at("example.com"), "default");
  EXPECT_EQ(at("www.example.net"), "www.example.*");
  EXPECT_EQ(at("me.example.net"), "~^(?<user>.+)\\.example\\.net$");
  EXPECT_EQ(captures_.named("user"), "me");
  EXPECT_EQ(at("www.a.net"), "~^www\\..*\\.net$");
  EXPECT_EQ(at("dotted.org"), "~^www\\..*\\.net$");
  EXPECT_EQ(at("a.dotted.org"), "~^www\\..*\\.net$");
  EXPECT_EQ(at(""), "default");
}

TEST_F(Servers, AreFoundPerAddress) {
  config_ = configured(
      "server { listen 80; server_name a; }"
      "server { listen 80 default_server; listen 127.0.0.1:81; server_name b; }"
      "server { listen 127.0.0.1:81; server_name a2; }");
  ASSERT_EQ(config_.http.listens.size(), 2U);
  EXPECT_EQ(at("unknown", 0), "b");
  EXPECT_EQ(at("a", 0), "a");
  EXPECT_EQ(at("a", 1), "b");
  EXPECT_EQ(at("a2", 1), "a2");
}

TEST_F(Servers, ANameTwiceAtAnAddressWarns) {
  config_ = configured("server { server_name a; } server { server_name a; }");
  ASSERT_EQ(config_.warnings.size(), 1U);
  EXPECT_EQ(config_.warnings[0].text, "conflicting server name \"a\" on 0.0.0.0:80, ignored");
}

sockaddr_storage peer(const char* text) {
  sockaddr_storage storage{};
  if (auto* v4 = reinterpret_cast<sockaddr_in*>(&storage); inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    inet_pton(AF_INET6, text, &v6->sin6_addr);
    v6->sin6_family = AF_INET6;
  }
  return storage;
}

TEST(Access, TheFirstRuleThatMatchesDecides) {
  const Config config = configured(
      "server { deny 10.1.2.3; allow 10.0.0.0/8; allow 192.168.4.0/22; allow 2001:db8::/33; deny all;"
      "  location /open { allow all; } location /same { } }");
  const Server& server = *config.http.servers[0];
  const auto allowed = [&](const char* address) { return is_allowed(server.base, peer(address)); };
  EXPECT_FALSE(allowed("10.1.2.3"));
  EXPECT_TRUE(allowed("10.1.2.4"));
  EXPECT_TRUE(allowed("192.168.7.255"));
  EXPECT_FALSE(allowed("192.168.8.0"));
  EXPECT_TRUE(allowed("::ffff:10.9.9.9"));
  EXPECT_TRUE(allowed("2001:db8:7fff::1"));
  EXPECT_FALSE(allowed("2001:db8:8000::1"));
  EXPECT_TRUE(is_allowed(server.base.locations[0], peer("1.2.3.4")));
  EXPECT_FALSE(is_allowed(server.base.locations[1], peer("1.2.3.4")));
}

TEST(Address, ReadsWhatListenAndResolverTake) {
  const auto text = [](const char* word) {
    const auto address = parse_socket_address(word, 80);
    return address ? to_string(*address) : "none";
  };
  EXPECT_EQ(text("8080"), "0.0.0.0:8080");
  EXPECT_EQ(text("*:8080"), "0.0.0.0:8080");
  EXPECT_EQ(text("127.0.0.1"), "127.0.0.1:80");
  EXPECT_EQ(text("127.0.0.1:0"), "127.0.0.1:0");
  EXPECT_EQ(text("localhost:81"), "127.0.0.1:81");
  EXPECT_EQ(text("[::]:81"), "[::]:81");
  EXPECT_EQ(text("[::1]"), "[::1]:80");
  EXPECT_EQ(text("unix:/run/levee.sock"), "unix:/run/levee.sock");
  for (const char* bad : {"", "0", "65536", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:99999", "::1", "[::1", "[::1]x",
                          "[1.2.3.4]:80", "name:80", "unix:", "1.2.3"}) {
    EXPECT_EQ(text(bad), "none") << bad;
  }
  EXPECT_EQ(text(("unix:/" + std::string(120, 'x')).c_str()), "none");
}

}  // namespace
}  // namespace levee
