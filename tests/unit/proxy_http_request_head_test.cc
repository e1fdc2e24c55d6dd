#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "proxy/http/request_head.h"

namespace levee {
namespace {

struct Parsed {
  Parse state = Parse::kMore;
  RequestHead head;
};
// One call for each cut of the bytes, as they would arrive.
Parsed parse_in(const std::string& bytes, const std::vector<size_t>& cuts, const HeadLimits& limits = {}) {
  Parsed parsed;
  for (const size_t cut : cuts) {
    parsed.state = parsed.head.parse(std::string_view(bytes).substr(0, cut), limits);
    if (parsed.state != Parse::kMore) break;
  }
  return parsed;
}
Parsed parse(const std::string& bytes, const HeadLimits& limits = {}) {
  return parse_in(bytes, {bytes.size()}, limits);
}

const std::string kHost = "Host: a.example\r\n";

struct Refused {
  const char* rule;
  std::string bytes;
  RequestError error;
  int status;
};
// RFC 9112 section 3: the request line.
std::vector<Refused> refused_request_lines() {
  using namespace std::string_literals;
  return {
      {"3: HTTP/0.9", "GET /\r\n\r\n", RequestError::kLine, 400},
      {"3: no target", "GET  HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kTarget, 400},
      {"3: two spaces", "GET /  HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kTarget, 400},
      {"3: space in target", "GET /a b HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kTarget, 400},
      {"3: tab for a space", "GET\t/ HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kMethod, 400},
      {"3: tab before the version", "GET /a\tHTTP/1.1\r\n" + kHost + "\r\n", RequestError::kTarget, 400},
      {"3: tab in target", "GET /a\tb HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kTarget, 400},
      {"3: NUL in target", "GET /a\0b HTTP/1.1\r\n"s + kHost + "\r\n", RequestError::kTarget, 400},
      {"3: DEL in target", "GET /a\x7f HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kTarget, 400},
      {"3: CR in target", "GET /a\rb HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kTarget, 400},
      {"3.1: method no token", "G[T / HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kMethod, 400},
      {"3.1: method too long", std::string(40, 'A') + " / HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kMethod, 400},
      {"3.1: leading space", " GET / HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kMethod, 400},
      {"3.2: fragment", "GET /a#b HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kTarget, 400},
      {"3.2: relative", "GET a HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kTarget, 400},
      {"3.2.2: other scheme", "GET ftp://a.example/ HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kTarget, 400},
      {"3.2.2: userinfo", "GET http://u@a.example/ HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kTarget, 400},
      {"3.2.2: no host", "GET http:///a HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kTarget, 400},
      {"3.2.3: CONNECT", "CONNECT a.example:443 HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kConnect, 405},
      {"3.2.4: * with GET", "GET * HTTP/1.1\r\n" + kHost + "\r\n", RequestError::kTarget, 400},
      {"2.3: version 2", "GET / HTTP/2.0\r\n" + kHost + "\r\n", RequestError::kVersion, 505},
      {"2.3: preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", RequestError::kVersion, 505},
      {"2.3: version 0.9", "GET / HTTP/0.9\r\n" + kHost + "\r\n", RequestError::kVersion, 505},
      {"2.3: lower case", "GET / http/1.1\r\n" + kHost + "\r\n", RequestError::kLine, 400},
      {"2.3: two digits", "GET / HTTP/1.10\r\n" + kHost + "\r\n", RequestError::kLine, 400},
      {"2.3: behind the version", "GET / HTTP/1.1 \r\n" + kHost + "\r\n", RequestError::kTarget, 400},
  };
}

// RFC 9112 section 2.2: line ends.
std::vector<Refused> refused_line_ends() {
  return {
      {"2.2: LF alone", "GET / HTTP/1.1\nHost: a\n\n", RequestError::kBareLineEnd, 400},
      {"2.2: LF alone in fields", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", RequestError::kBareLineEnd, 400},
      {"2.2: empty line of LF", "GET / HTTP/1.1\r\n" + kHost + "\n", RequestError::kBareLineEnd, 400},
      {"2.2: CR in a value", "GET / HTTP/1.1\r\n" + kHost + "X: a\rb\r\n\r\n", RequestError::kBareLineEnd, 400},
      {"2.2: CR CR LF", "GET / HTTP/1.1\r\n" + kHost + "X: a\r\r\n\r\n", RequestError::kBareLineEnd, 400},
      {"TLS on a plain port", "\x16\x03\x01\x02", RequestError::kMethod, 400},
  };
}

// RFC 9112 section 5: fields.
std::vector<Refused> refused_fields() {
  using namespace std::string_literals;
  return {
      {"5.1: space before colon", "GET / HTTP/1.1\r\n" + kHost + "X : y\r\n\r\n", RequestError::kFieldName, 400},
      {"5.1: space in name", "GET / HTTP/1.1\r\n" + kHost + "X Y: y\r\n\r\n", RequestError::kFieldName, 400},
      {"5.1: no colon", "GET / HTTP/1.1\r\n" + kHost + "X\r\n\r\n", RequestError::kFieldName, 400},
      {"5.1: empty name", "GET / HTTP/1.1\r\n" + kHost + ": y\r\n\r\n", RequestError::kFieldName, 400},
      {"5.1: CR in a known name", "GET / HTTP/1.1\r\n" + kHost + "Content\rLength: 5\r\n\r\n", RequestError::kFieldName,
       400},
      {"5.1: NUL in name", "GET / HTTP/1.1\r\n"s + kHost + "X\0: y\r\n\r\n"s, RequestError::kFieldName, 400},
      {"5.2: obs-fold", "GET / HTTP/1.1\r\n" + kHost + "X: a\r\n b\r\n\r\n", RequestError::kFolded, 400},
      {"5.2: fold before fields", "GET / HTTP/1.1\r\n X: y\r\n" + kHost + "\r\n", RequestError::kFolded, 400},
      {"9110 5.5: NUL in value", "GET / HTTP/1.1\r\n"s + kHost + "X: a\0b\r\n\r\n"s, RequestError::kFieldValue, 400},
      {"9110 5.5: control", "GET / HTTP/1.1\r\n" + kHost + "X: a\x0b\r\n\r\n", RequestError::kFieldValue, 400},
  };
}

// RFC 9112 section 3.2 and RFC 9110 section 7.2: Host.
std::vector<Refused> refused_hosts() {
  return {
      {"3.2: no Host", "GET / HTTP/1.1\r\n\r\n", RequestError::kHostMissing, 400},
      {"3.2: two Hosts", "GET / HTTP/1.1\r\n" + kHost + kHost + "\r\n", RequestError::kHostRepeated, 400},
      {"3.2: empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", RequestError::kHost, 400},
      {"3.2: Host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", RequestError::kHost, 400},
      {"3.2: Host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", RequestError::kHost, 400},
      {"3.2: Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", RequestError::kHost, 400},
      {"3.2: Host bad port", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", RequestError::kHost, 400},
      {"3.2: Host port too large", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", RequestError::kHost, 400},
      {"3.2: Host open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", RequestError::kHost, 400},
      {"3.2.2: bad Host beside absolute", "GET http://a/ HTTP/1.1\r\nHost: b c\r\n\r\n", RequestError::kHost, 400},
  };
}

// RFC 9112 section 6: framing.
std::vector<Refused> refused_framing() {
  return {
      {"6.1: CL and TE", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
       RequestError::kLengthAndEncoding, 400},
      {"6.1: TE and CL", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
       RequestError::kLengthAndEncoding, 400},
      {"6.1: TE in 1.0", "POST / HTTP/1.0\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n",
       RequestError::kTransferEncoding, 400},
      {"6.1: chunked twice", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked, chunked\r\n\r\n",
       RequestError::kTransferEncoding, 400},
      {"6.1: chunked not last", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked, gzip\r\n\r\n",
       RequestError::kTransferEncoding, 400},
      {"6.1: two lines",
       "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
       RequestError::kTransferEncoding, 400},
      {"6.1: identity", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: identity\r\n\r\n",
       RequestError::kTransferEncoding, 400},
      {"6.1: parameter", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked;a=b\r\n\r\n",
       RequestError::kTransferEncoding, 400},
      {"6.1: quoted", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: \"chunked\"\r\n\r\n",
       RequestError::kTransferEncoding, 400},
      {"6.1: empty", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding:\r\n\r\n", RequestError::kTransferEncoding,
       400},
      {"6.1: another coding", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: gzip, chunked\r\n\r\n",
       RequestError::kCodingUnknown, 501},
      {"6.2: sign", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: +5\r\n\r\n", RequestError::kContentLength, 400},
      {"6.2: negative", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: -1\r\n\r\n", RequestError::kContentLength,
       400},
      {"6.2: hexadecimal", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 0x5\r\n\r\n", RequestError::kContentLength,
       400},
      {"6.2: list", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 5, 6\r\n\r\n", RequestError::kContentLength, 400},
      {"6.2: two", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
       RequestError::kContentLength, 400},
      {"6.2: empty", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: \r\n\r\n", RequestError::kContentLength, 400},
      {"6.2: overflow", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 18446744073709551621\r\n\r\n",
       RequestError::kContentLength, 400},
      {"9110 10.1.1: two", "POST / HTTP/1.1\r\n" + kHost + "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n",
       RequestError::kExpectation, 417},
      {"9110 10.1.1: expectation", "POST / HTTP/1.1\r\n" + kHost + "Expect: a\r\n\r\n", RequestError::kExpectation,
       417},
  };
}

std::vector<Refused> refused() {
  std::vector<Refused> rows;
  for (const auto& some :
       {refused_request_lines(), refused_line_ends(), refused_fields(), refused_hosts(), refused_framing()}) {
    rows.insert(rows.end(), some.begin(), some.end());
  }
  return rows;
}

TEST(RequestHead, RefusesWhatIsNotARequest) {
  for (const Refused& row : refused()) {
    SCOPED_TRACE(row.rule);
    const Parsed parsed = parse(row.bytes);
    EXPECT_EQ(parsed.state, Parse::kBad);
    EXPECT_EQ(describe(parsed.head.error()), describe(row.error));
    EXPECT_EQ(status_of(parsed.head.error()), row.status);
  }
}

TEST(RequestHead, SaysWhatIsTooLarge) {
  HeadLimits limits{.line = 40, .field = 50, .total = 200, .field_count = 3};
  const auto error = [&](const std::string& bytes) { return parse(bytes, limits).head.error(); };
  EXPECT_EQ(error("GET /" + std::string(40, 'a') + " HTTP/1.1\r\n"), RequestError::kLineTooLong);
  EXPECT_EQ(error("GET /" + std::string(40, 'a')), RequestError::kLineTooLong) << "without waiting for its end";
  EXPECT_EQ(error("GET / HTTP/1.1\r\nX: " + std::string(50, 'a') + "\r\n"), RequestError::kFieldTooLong);
  EXPECT_EQ(error("GET / HTTP/1.1\r\nX: " + std::string(50, 'a')), RequestError::kFieldTooLong);
  EXPECT_EQ(error("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n"), RequestError::kTooManyFields);
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "\r\n";
  EXPECT_EQ(error(lines + "GET / HTTP/1.1\r\n"), RequestError::kHeadTooLarge);
  EXPECT_EQ(error(lines), RequestError::kHeadTooLarge) << "they are not read for ever";
  std::string fields;
  for (int i = 0; i < 4; ++i) fields += "A: " + std::string(45, 'a') + "\r\n";
  limits.field_count = 9;
  EXPECT_EQ(error("GET / HTTP/1.1\r\n" + fields), RequestError::kHeadTooLarge);
  EXPECT_EQ(status_of(RequestError::kLineTooLong), 414);
  EXPECT_EQ(status_of(RequestError::kFieldTooLong), 431);
  EXPECT_EQ(status_of(RequestError::kTooManyFields), 431);
  EXPECT_EQ(status_of(RequestError::kHeadTooLarge), 431);
}

TEST(RequestHead, ReadsWhatAPlayerSends) {
  const std::string bytes =
      "\r\nGET /live/a/seg-17.m4s?x=1&y HTTP/1.1\r\nHost: edge.example:8080\r\nUser-Agent: player/1.0\r\n"
      "Accept-Encoding:  gzip, br \t\r\nX-Own: z\r\nconnection: keep-alive\r\n\r\nrest";
  const Parsed parsed = parse(bytes);
  ASSERT_EQ(parsed.state, Parse::kDone);
  const RequestHead& head = parsed.head;
  EXPECT_EQ(head.size(), bytes.size() - 4);
  EXPECT_EQ(head.method(), Method::kGet);
  EXPECT_EQ(head.method_name(), "GET");
  EXPECT_EQ(head.line(), "GET /live/a/seg-17.m4s?x=1&y HTTP/1.1");
  EXPECT_EQ(head.request_uri(), "/live/a/seg-17.m4s?x=1&y");
  EXPECT_EQ(head.path(), "/live/a/seg-17.m4s");
  EXPECT_EQ(head.query(), "x=1&y");
  EXPECT_EQ(head.host(), "edge.example");
  EXPECT_EQ(head.authority(), "edge.example:8080");
  EXPECT_EQ(head.fields().size(), 5U);
  EXPECT_EQ(head.fields().get(FieldId::kAcceptEncoding), "gzip, br");
  EXPECT_EQ(head.fields().find("x-own"), "z");
  EXPECT_TRUE(head.keep_alive());
  EXPECT_EQ(head.framing(), Framing{});
}

TEST(RequestHead, TakesTheFormsOfTargets) {
  struct Row {
    const char* rule;
    const char* line;
    const char* uri;
    const char* path;
    const char* query;
    const char* host;
  };
  for (const Row& row : std::vector<Row>{
           {"3.2.1: origin-form", "GET /a?b?c HTTP/1.1", "/a?b?c", "/a", "b?c", "a.example"},
           {"3.2.2: absolute-form", "GET http://b.example:81/p?q HTTP/1.1", "/p?q", "/p", "q", "b.example"},
           {"3.2.2: scheme in any case", "GET HTTPS://b.example/ HTTP/1.1", "/", "/", "", "b.example"},
           {"3.2.2: without a path", "GET http://b.example HTTP/1.1", "/", "/", "", "b.example"},
           {"3.2.2: query only", "GET http://b.example?q HTTP/1.1", "?q", "/", "q", "b.example"},
           {"3.2.4: asterisk-form", "OPTIONS * HTTP/1.1", "*", "*", "", "a.example"},
           {"3.2.2: address", "GET http://[::1]:80/ HTTP/1.1", "/", "/", "", "[::1]"},
       }) {
    SCOPED_TRACE(row.rule);
    const std::string bytes = std::string(row.line) + "\r\n" + kHost + "\r\n";
    const Parsed parsed = parse(bytes);
    ASSERT_EQ(parsed.state, Parse::kDone) << describe(parsed.head.error());
    EXPECT_EQ(parsed.head.request_uri(), row.uri);
    EXPECT_EQ(parsed.head.path(), row.path);
    EXPECT_EQ(parsed.head.query(), row.query);
    EXPECT_EQ(parsed.head.host(), row.host);
  }
}

TEST(RequestHead, KnowsFramingAndPersistence) {
  const auto head_of = [](const std::string& bytes) {
    const Parsed parsed = parse(bytes);
    EXPECT_EQ(parsed.state, Parse::kDone) << bytes << describe(parsed.head.error());
    return parsed.head;
  };
  EXPECT_EQ(head_of("POST / HTTP/1.1\r\n" + kHost + "Content-Length: 005\r\n\r\n").framing(),
            (Framing{Framing::Kind::kLength, 5}));
  EXPECT_EQ(head_of("POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: ChunkeD\r\n\r\n").framing().kind,
            Framing::Kind::kChunked);
  EXPECT_FALSE(head_of("GET / HTTP/1.0\r\n\r\n").keep_alive());
  EXPECT_TRUE(head_of("GET / HTTP/1.0\r\nConnection: a, Keep-Alive\r\n\r\n").keep_alive());
  EXPECT_FALSE(head_of("GET / HTTP/1.1\r\n" + kHost + "Connection: a\r\nConnection: b, close\r\n\r\n").keep_alive());
  EXPECT_TRUE(head_of("GET / HTTP/1.2\r\n" + kHost + "\r\n").keep_alive());
  EXPECT_TRUE(
      head_of("PUT / HTTP/1.1\r\n" + kHost + "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\n").expects_continue());
  EXPECT_FALSE(head_of("PUT / HTTP/1.0\r\n" + kHost + "Content-Length: 1\r\nExpect: x\r\n\r\n").expects_continue());
  EXPECT_TRUE(
      head_of("GET / HTTP/1.1\r\n" + kHost + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n").wants_upgrade());
  EXPECT_FALSE(head_of("GET / HTTP/1.1\r\n" + kHost + "Upgrade: websocket\r\n\r\n").wants_upgrade());
  EXPECT_FALSE(head_of("GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n").wants_upgrade());
}

// RFC 9110 section 7.6.1: nobody behind us sees them, so they must not select what is stored either.
TEST(RequestHead, TakesOutWhatConnectionNames) {
  const std::string bytes = "GET / HTTP/1.1\r\n" + kHost +
                            "Accept-Language: de\r\nX-Own: 1\r\nCookie: a\r\nVia: 1.1 x\r\nCDN-Loop: x\r\nTE: "
                            "trailers\r\nContent-Length: 0\r\n"
                            "X-Own: 2\r\nAccept: b\r\nConnection: close, x-own, Accept-Language, host, via\r\n"
                            "Connection: TE, cdn-loop, content-length, connection, cookie\r\n\r\n";
  const Parsed parsed = parse(bytes);
  ASSERT_EQ(parsed.state, Parse::kDone);
  std::string names;
  for (size_t i = 0; i < parsed.head.fields().size(); ++i) names.append(parsed.head.fields()[i].name).append(" ");
  EXPECT_EQ(names, "Host Via CDN-Loop TE Content-Length Accept Connection Connection ");
  EXPECT_EQ(parsed.head.fields().get(FieldId::kAccept), "b");
  EXPECT_FALSE(parsed.head.fields().has(FieldId::kCookie));
  EXPECT_FALSE(parsed.head.keep_alive());
}

// Everything that tells one result from another, with nothing of the addresses.
std::string result(const Parsed& parsed) {
  if (parsed.state == Parse::kBad) return std::string(describe(parsed.head.error()));
  if (parsed.state == Parse::kMore) return "more";
  std::string text = std::to_string(parsed.head.size());
  for (const std::string_view part : {parsed.head.line(), parsed.head.request_uri(), parsed.head.host()}) {
    text.append("|").append(part);
  }
  for (size_t i = 0; i < parsed.head.fields().size(); ++i) {
    const Field field = parsed.head.fields()[i];
    text.append("|").append(field.name).append("=").append(field.value);
  }
  return text;
}

TEST(RequestHead, AnySplitGivesTheSameResult) {
  std::vector<std::string> inputs;
  for (const Refused& row : refused()) inputs.push_back(row.bytes);
  inputs.push_back("\r\n\r\nGET /a HTTP/1.1\r\n" + kHost + "X: " + std::string(60, 'x') + "\r\nY:\r\n\r\nGET /b");
  inputs.push_back("GET /" + std::string(300, 'a') + " HTTP/1.1\r\n" + kHost + "\r\n");
  std::mt19937 random(7);
  const std::string alphabet = "aG/ :\r\n\tH.1,;\x01\xff";
  for (int i = 0; i < 300; ++i) {
    std::string bytes = "GET /p HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nCookie: a=b; c=d\r\n\r\n";
    for (int k = 0; k < 2; ++k) bytes[random() % bytes.size()] = alphabet[random() % alphabet.size()];
    inputs.push_back(bytes);
  }
  for (const HeadLimits& limits : {HeadLimits{}, HeadLimits{.line = 60, .field = 40, .total = 90, .field_count = 2}}) {
    for (const std::string& bytes : inputs) {
      const std::string whole = result(parse(bytes, limits));
      std::vector<size_t> each;
      for (size_t i = 1; i <= bytes.size(); ++i) each.push_back(i);
      EXPECT_EQ(result(parse_in(bytes, each, limits)), whole) << bytes;
      for (size_t cut = 1; cut < bytes.size(); cut += 3) {
        EXPECT_EQ(result(parse_in(bytes, {cut, bytes.size()}, limits)), whole) << bytes << "\ncut at " << cut;
      }
    }
  }
}

TEST(RequestHead, ItsViewsFollowTheMemory) {
  std::string bytes = "GET /a HTTP/1.1\r\nHost: x\r\nAccept: y\r\n\r\n";
  Parsed parsed = parse(bytes);
  const std::string moved = bytes;
  bytes.assign(bytes.size(), '#');
  parsed.head.rebase(moved.data());
  EXPECT_EQ(parsed.head.path(), "/a");
  EXPECT_EQ(parsed.head.fields().get(FieldId::kAccept), "y");
}

TEST(NormalisePath, IsLikeNginxUri) {
  struct Row {
    const char* path;
    const char* expected;  // null: refused
  };
  for (const Row& row : std::vector<Row>{
           {"/", "/"},
           {"/a/b.c", "/a/b.c"},
           {"//a///b", "/a/b"},
           {"/a/./b", "/a/b"},
           {"/a/../b", "/b"},
           {"/a/b/..", "/a/"},
           {"/a/b/.", "/a/b/"},
           {"/a/b/../../c", "/c"},
           {"/.hidden", "/.hidden"},
           {"/a/..b/...", "/a/..b/..."},
           {"/%41%2fb", "/A/b"},
           {"/a/%2e%2E/b", "/b"},
           {"/a%20b", "/a b"},
           {"/..", nullptr},
           {"/a/../..", nullptr},
           {"/%2e%2e/a", nullptr},
           {"/a%2f..%2f..%2fb", nullptr},
           {"/a%00b", nullptr},
           {"/a%2", nullptr},
           {"/a%", nullptr},
           {"/a%zz", nullptr},
           {"", nullptr},
       }) {
    SCOPED_TRACE(row.path);
    std::vector<char> buffer(64);
    const auto path = normalise_path(row.path, buffer);
    EXPECT_EQ(path.has_value(), row.expected != nullptr);
    EXPECT_EQ(path.value_or(""), row.expected == nullptr ? "" : row.expected);
  }
}

TEST(NormalisePath, GivesBackANormalOneAsItIs) {
  const std::string_view path = "/live/a/seg-1.m4s";
  std::vector<char> buffer(path.size());
  EXPECT_EQ(normalise_path(path, buffer)->data(), path.data());
}

}  // namespace
}  // namespace levee
