#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "conf/config.h"
#include "conf/expression.h"

namespace levee {
namespace {

// Shows what it was asked for; has no value for $content_type.
class Shown : public VariableSource {
 public:
  bool get(const Variable& variable, std::string& out) const override {
    switch (variable.id) {
      case Var::kUri:
        out += "/path";
        return true;
      case Var::kArg:
        out += "arg:" + variable.name;
        return true;
      case Var::kHttp:
        out += "http:" + variable.name;
        return true;
      case Var::kSentHttp:
        out += "sent:" + variable.name;
        return true;
      case Var::kCapture:
        out += "capture:" + std::to_string(variable.number);
        return true;
      case Var::kNamedCapture:
        out += "named:" + variable.name;
        return true;
      case Var::kContentType:
        return false;
      default:
        out += "?";
        return true;
    }
  }
};

std::string value(std::string_view text, const Names& names = {}) {
  const auto compiled = Expression::compile(text, names);
  if (const auto* error = std::get_if<std::string>(&compiled)) return "! " + *error;
  return std::get<Expression>(compiled).evaluate(Shown());
}

TEST(Expression, PutsValuesIntoText) {
  Names names;
  names.captures.insert("show");
  EXPECT_EQ(value(""), "");
  EXPECT_EQ(value("plain"), "plain");
  EXPECT_EQ(value("a$uri-b"), "a/path-b");
  EXPECT_EQ(value("${uri}s$uri"), "/paths/path");
  EXPECT_EQ(value("$document_uri"), "/path");
  EXPECT_EQ(value("$arg_q/$http_x_forwarded_for/$sent_http_Cache_Control"),
            "arg:q/http:x-forwarded-for/sent:cache-control");
  EXPECT_EQ(value("$1$20"), "capture:1capture:20");
  EXPECT_EQ(value("<$show>", names), "<named:show>");
  EXPECT_EQ(value("[$content_type]"), "[]");
}

TEST(Expression, SaysWhatIsWrongAsNginxDoes) {
  EXPECT_EQ(value("$foo"), "! unknown \"foo\" variable");
  EXPECT_EQ(value("$http_"), "! unknown \"http_\" variable");
  EXPECT_EQ(value("$0"), "! unknown \"0\" variable");
  EXPECT_EQ(value("cost: $"), "! invalid variable name");
  EXPECT_EQ(value("${}"), "! invalid variable name");
  EXPECT_EQ(value("${uri"), "! the closing bracket in \"uri\" variable is missing");
  EXPECT_EQ(value("${uri-}"), "! the closing bracket in \"uri\" variable is missing");
}

TEST(Expression, KnowsWhatItUses) {
  const auto plain = std::get<Expression>(Expression::compile("text", {}));
  EXPECT_TRUE(plain.is_literal());
  EXPECT_EQ(plain.literal(), "text");
  const auto mixed = std::get<Expression>(Expression::compile("a$uri", {}));
  EXPECT_FALSE(mixed.is_literal());
  EXPECT_EQ(mixed.source(), "a$uri");
  EXPECT_TRUE(mixed.uses(Var::kUri));
  EXPECT_FALSE(mixed.uses(Var::kArgs));
}

TEST(Expression, IsTrueUnlessEmptyOrZero) {
  const auto is_true = [](std::string_view text) {
    return std::get<Expression>(Expression::compile(text, {})).is_true(Shown());
  };
  EXPECT_FALSE(is_true(""));
  EXPECT_FALSE(is_true("0"));
  EXPECT_FALSE(is_true("$content_type"));
  EXPECT_TRUE(is_true("00"));
  EXPECT_TRUE(is_true("$uri"));
}

// Any text is an expression or an error, and names in the table are all found.
TEST(Expression, EveryNameOfTheTableIsKnown) {
  std::istringstream names(
      "uri args query_string is_args host request_uri request request_method request_length "
      "request_id scheme https server_addr server_port server_name server_protocol remote_addr "
      "remote_port binary_remote_addr remote_user status body_bytes_sent bytes_sent request_time msec "
      "time_iso8601 time_local connection connection_requests pid nginx_version levee_version "
      "proxy_host proxy_port proxy_add_x_forwarded_for upstream_addr upstream_status "
      "upstream_response_time upstream_connect_time upstream_header_time upstream_response_length "
      "upstream_bytes_received upstream_cache_status upstream_http_etag sent_http_etag cookie_a "
      "ssl_protocol ssl_cipher ssl_server_name tcpinfo_rtt slice_range cache_status document_root "
      "realpath_root request_filename content_type content_length pipe request_completion hostname");
  for (std::string name; names >> name;) {
    EXPECT_TRUE(find_variable(name)) << name;
  }
}

std::string mapped(const std::string& lines, const std::string& text) {
  const std::string conf = "http { " + lines + " server { location / { return 200 " + text + "; } } }";
  const auto loaded = load_text(conf, "/nowhere/");
  if (const auto* error = std::get_if<ConfigError>(&loaded)) return "! " + error->text;
  const Server& server = *std::get<Config>(loaded).http.servers[0];
  return std::get<Return>(server.base.locations[0].answer).text.evaluate(Shown());
}

TEST(Map, ChoosesByItsSource) {
  EXPECT_EQ(mapped("map $uri $m { default no; /path yes; }", "$m"), "yes");
  EXPECT_EQ(mapped("map $uri $m { default no; /other yes; }", "$m"), "no");
  EXPECT_EQ(mapped("map $uri $m { /other yes; }", "[$m]"), "[]");
  EXPECT_EQ(mapped("map $arg_A $m { ARG:a folded; }", "$m"), "folded");
  EXPECT_EQ(mapped("map $uri $m { ~^/p $uri$arg_x; }", "$m"), "/patharg:x");
  EXPECT_EQ(mapped("map $uri $m { ~^/P no; ~*^/P yes; }", "$m"), "yes");
  EXPECT_EQ(mapped("map $uri $m { ~^/(p)(?<rest>.*)$ $2-$1-$rest-$arg_x; }", "$m"), "ath-p-ath-arg:x");
  EXPECT_EQ(mapped("map $uri $m { ~^/x(.)$ no; ~^/(..) $1; } map $m $n { ~(.)$ $m$1; }", "$n"), "paa");
  EXPECT_EQ(mapped("map a.b.example.com $m { hostnames; *.example.com far; *.b.example.com near; }", "$m"), "near");
  EXPECT_EQ(mapped("map example.com $m { hostnames; .example.com bare; }", "$m"), "bare");
  EXPECT_EQ(mapped("map www.example.org $m { hostnames; volatile; www.* any; }", "$m"), "any");
  EXPECT_EQ(mapped("map default $m { \\default literal; }", "$m"), "literal");
  EXPECT_EQ(mapped("map $b $a { x good; } map $uri $b { /path x; }", "$a"), "good");
}

TEST(Map, SaysWhatIsWrong) {
  EXPECT_EQ(mapped("map $uri m { }", "x"), "! invalid variable name \"m\"");
  EXPECT_EQ(mapped("map $uri $m { a b c; }", "x"), "! invalid number of the map parameters");
  EXPECT_EQ(mapped("map $uri $m { a 1; A 2; }", "x"), "! conflicting parameter \"A\"");
  EXPECT_EQ(mapped("map $uri $m { a $nothing; }", "x"), "! unknown \"nothing\" variable");
  EXPECT_EQ(mapped("map $uri $m { } map $uri $m { }", "x"), "! duplicate map of \"$m\"");
  EXPECT_EQ(mapped("map $b $a { } map $uri $b { default $c; } map $a $c { }", "x"),
            "! cycle while evaluating variable \"a\"");
  EXPECT_EQ(mapped("map $a $a { }", "x"), "! cycle while evaluating variable \"a\"");
}

}  // namespace
}  // namespace levee
