#include <gtest/gtest.h>

#include <random>

#include "conf/config.h"
#include "conf/lexer.h"
#include "conf/tree.h"

namespace levee::conf {
namespace {

// The tokens as text: words in brackets, an error after "!".
std::string tokens(std::string_view text) {
  Lexer lexer(text);
  std::string out;
  for (;;) {
    const Token token = lexer.next();
    switch (token.kind) {
      case Token::Kind::kWord:
        out += "[" + token.text + "]";
        break;
      case Token::Kind::kSemicolon:
      case Token::Kind::kOpen:
      case Token::Kind::kClose:
        out += token.text;
        break;
      case Token::Kind::kEnd:
        return out;
      case Token::Kind::kError:
        return out + "!" + token.text;
    }
  }
}

TEST(Lexer, SplitsWordsAsNginxDoes) {
  struct Case {
    std::string_view text, expected;
  };
  constexpr Case kCases[] = {
      {"", ""},
      {"a b;", "[a][b];"},
      {"a{b;}", "[a]{[b];}"},
      {"a\tb\r\nc;", "[a][b][c];"},
      {"# all of it\na; # rest", "[a];"},
      {"a#b;", "[a#b];"},
      {"'a b' \"c;{}#\";", "[a b][c;{}#];"},
      {"'it\\'s' \"a\\\"b\";", "[it's][a\"b];"},
      {"a\\ b;", "[a\\][b];"},
      {"\\.m3u8$ a\\tb;", "[\\.m3u8$][a\tb];"},
      {"${name}x;", "[${name}x];"},
      {"a$b{c;}", "[a$b]{[c];}"},
      {"'';", "[];"},
      {"it's;", "[it's];"},
      {"'a'b;", "!unexpected \"b\""},
      {"('a')", "[('a')]"},
      {"a}b;", "[a}b];"},
      {"'open", "!unexpected end of file, expecting '"},
      {"end\\", "[end\\]"},
  };
  for (const Case& c : kCases) EXPECT_EQ(tokens(c.text), c.expected) << c.text;
}

TEST(Lexer, CountsLinesAlsoWithinQuotes) {
  Lexer lexer("a\n'b\nc'\n d");
  EXPECT_EQ(lexer.next().line, 1);
  EXPECT_EQ(lexer.next().line, 2);
  EXPECT_EQ(lexer.next().line, 4);
}

TEST(Lexer, RefusesAWordWithoutEnd) {
  EXPECT_EQ(tokens("'" + std::string(2 << 20, 'x')), "!too long parameter \"xxxxxxxxxx...\" started");
  EXPECT_EQ(tokens(std::string(2 << 20, 'y')), "!too long parameter \"yyyyyyyyyy...\" started");
}

TEST(Lexer, AnyBytesEndInTokensOrAnError) {
  std::mt19937 random(1);
  constexpr std::string_view kLikely = "{};'\"\\#$ \n\tab";
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 40, '\0');
    for (char& c : text) c = random() % 4 == 0 ? static_cast<char>(random()) : kLikely[random() % kLikely.size()];
    tokens(text);
    (void)parse_text(text, "f", "/nowhere/");
  }
}

constexpr std::string_view kPieces[] = {"http {",
                                        "server {",
                                        "location / {",
                                        "location ~ \\.ts$ {",
                                        "upstream u {",
                                        "events {",
                                        "map $uri $m {",
                                        "types {",
                                        "match x {",
                                        "}",
                                        "}",
                                        "}",
                                        ";",
                                        ";",
                                        "listen 80;",
                                        "listen 80 ssl;",
                                        "server_name a *.b ~^(?<c>.)$;",
                                        "server 1.2.3.4:5;",
                                        "proxy_pass http://u;",
                                        "proxy_pass http://$host;",
                                        "return 200 $c;",
                                        "default $m;",
                                        "~^/(.*) $1;",
                                        "video/mp2t ts;",
                                        "proxy_cache z;",
                                        "cache_zone z ram=1m;",
                                        "access_log /a combined;",
                                        "allow all;",
                                        "proxy_read_timeout 1s;",
                                        "keepalive 1;",
                                        "status 200;",
                                        "health_check;",
                                        "ssl_certificate a;",
                                        "ssl_certificate_key b;",
                                        "hash $uri consistent;",
                                        "x",
                                        "$",
                                        "'",
                                        "concurrency adaptive;",
                                        "shared_index redis://a:1/2;",
                                        "log_format f $uri;",
                                        "add_header A $arg_b always;",
                                        "1",
                                        "-"};

// Pieces of real configurations in any order: never a crash, and an error always names a line.
TEST(Load, AnyOrderOfWordsIsAConfigOrAnErrorWithItsLine) {
  std::mt19937 random(2);
  int loaded = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string text = random() % 2 == 0 ? "http {\n" : "";
    const size_t pieces = random() % 14;
    for (size_t i = 0; i < pieces; ++i) text += std::string(kPieces[random() % std::size(kPieces)]) + "\n";
    for (size_t i = random() % 4; i > 0; --i) text += "}\n";
    const auto result = load_text(text, "/nowhere/");
    if (const auto* error = std::get_if<ConfigError>(&result)) {
      EXPECT_FALSE(error->text.empty());
    } else {
      ++loaded;
    }
  }
  EXPECT_GT(loaded, 0);
}

}  // namespace
}  // namespace levee::conf
