// All that the configuration says on how to answer a request: the effective values, inherited ones included.
//
// A member's {} is only "nothing yet": the default is in the directive table, and load() applies it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "conf/upstream.h"

namespace levee {

// Which requests a location is for: location [= | ^~ | ~ | ~*] pattern.
struct LocationMatch {
  enum class Kind : uint8_t { kPrefix, kExact, kPrefixNoRegex, kRegex } kind = Kind::kPrefix;
  std::string pattern;         // of kRegex: as written
  std::optional<Regex> regex;  // kRegex
};

// --- What answers.
struct Files {};  // root or alias
struct ProxyPass {
  Expression url;           // as written; with variables: evaluated for each request to scheme://host[:port][uri]
  bool is_dynamic = false;  // url has variables; the rest is empty
  bool tls = false;         // https
  std::string upstream;     // name in Http::upstreams
  std::string host;         // $proxy_host: as written, with the port if it is not the scheme's
  std::string port;         // $proxy_port
  std::optional<std::string>
      uri;  // replaces the part of the path that the location matched; nothing: the client's target
};
struct Return {
  uint16_t status = 0;  // 444: close without an answer
  Expression text;      // a body; of 301, 302, 303, 307 and 308: the Location
};
struct LeveeStatus {};
struct LeveeMetrics {};
struct LeveePeer {};  // what peer_listen answers with
using Answer = std::variant<Files, ProxyPass, Return, LeveeStatus, LeveeMetrics, LeveePeer>;

// --- Fields.
struct SetHeader {  // proxy_set_header
  std::string name;
  Expression value;  // an empty value: not sent
};
struct AddHeader {
  std::string name;
  Expression value;     // an empty value: not added
  bool always = false;  // with any status; else 200, 201, 204, 206, 301, 302, 303, 304, 307, 308
};
struct Expires {
  enum class Kind : uint8_t { kOff, kEpoch, kMax, kAfterAccess, kAfterModified, kDaily } kind = Kind::kOff;
  Milliseconds time{0};  // may be negative; kDaily: since midnight
};
struct Redirect {  // proxy_redirect: how an origin's Location is rewritten
  Expression from, to;
  std::optional<Regex> regex;  // instead of from
};

// --- Logs.
struct LogFormat {
  enum class Escape : uint8_t { kDefault, kJson, kNone } escape = Escape::kDefault;
  std::string name;
  Expression line;
};
struct AccessLog {
  std::string path;                   // "syslog:..." is refused; /dev/stdout and /dev/stderr are fine
  const LogFormat* format = nullptr;  // lives in Http::log_formats
  std::optional<Expression> condition;
  uint64_t buffer = 0;    // bytes; 0: as it comes
  Milliseconds flush{0};  // 0: when the buffer is full
};

// --- Sets of words, as bits.
// proxy_next_upstream and proxy_cache_use_stale.
enum class Trouble : uint32_t {
  kError = 1 << 0,
  kTimeout = 1 << 1,
  kInvalidHeader = 1 << 2,
  kHttp403 = 1 << 3,
  kHttp404 = 1 << 4,
  kHttp429 = 1 << 5,
  kHttp500 = 1 << 6,
  kHttp502 = 1 << 7,
  kHttp503 = 1 << 8,
  kHttp504 = 1 << 9,
  kNonIdempotent = 1 << 10,
  kUpdating = 1 << 11,
  kOverloaded = 1 << 12,
};
// proxy_ignore_headers.
enum class IgnoredField : uint32_t {
  kXAccelRedirect = 1 << 0,
  kXAccelExpires = 1 << 1,
  kXAccelLimitRate = 1 << 2,
  kXAccelBuffering = 1 << 3,
  kXAccelCharset = 1 << 4,
  kExpires = 1 << 5,
  kCacheControl = 1 << 6,
  kSetCookie = 1 << 7,
  kVary = 1 << 8,
};
enum class CacheMethod : uint32_t { kGet = 1 << 0, kHead = 1 << 1, kPost = 1 << 2 };
enum class TlsProtocol : uint32_t { kTls10 = 1 << 0, kTls11 = 1 << 1, kTls12 = 1 << 2, kTls13 = 1 << 3 };

template <typename Word>
struct Words {
  uint32_t bits = 0;
  bool has(Word word) const { return (bits & static_cast<uint32_t>(word)) != 0; }
  bool any() const { return bits != 0; }
  void add(Word word) { bits |= static_cast<uint32_t>(word); }
  void remove(Word word) { bits &= ~static_cast<uint32_t>(word); }
};

// --- Who may, and how soon.
struct AccessRule {
  bool allow = false;
  AddressBlock block;
};
struct CacheValid {
  uint16_t status = 0;  // 0: any
  Milliseconds time{0};
  conf::Place place;
};
struct CachePurge {  // who may purge; all that is given must hold
  bool on = false;
  std::vector<Expression> conditions;  // one of these is true; none: no matter
  std::vector<AddressBlock> from;      // the client is in one of these; none: anywhere
  std::string secret_file;             // Authorization: Bearer has the secret in it; empty: none is asked for
};
enum class Priority : uint8_t { kAuto, kPlaylist, kLive, kOther, kBackground };  // kAuto: from type and path

struct ProxyTls {
  bool verify{};  // proxy_ssl_verify
  uint32_t verify_depth{};
  std::string trusted_certificate;  // a file; empty: the system's authorities
  std::string certificate, certificate_key;
  bool server_name{};  // send SNI
  Expression name;     // for SNI and verification
  Words<TlsProtocol> protocols;
  std::string ciphers;  // OpenSSL's words
  bool session_reuse{};
};

struct LocationIndex;  // conf/route.cc

struct Location {
  LocationMatch match;                          // of a server's base: the prefix "/"
  Answer answer;                                // never inherited
  std::vector<Location> locations;              // nested, in the order of the file; search with find_location
  std::shared_ptr<const LocationIndex> routes;  // of locations; made by load(), null if there are none

  // Serving files.
  Expression root;        // or alias
  bool is_alias = false;  // root replaces the part of the path that the location matched
  std::vector<Expression> index;
  std::map<std::string, std::string, std::less<>> types;  // by extension in lower case, without the dot
  std::string default_type;
  bool etag{};

  // The client's side.
  uint64_t client_max_body_size{};  // bytes; 0: any
  uint64_t client_body_buffer_size{};
  Milliseconds client_body_timeout{}, send_timeout{};
  Milliseconds keepalive_timeout{};  // 0: close after each response
  Milliseconds keepalive_header{};   // the time in the Keep-Alive field; 0: none
  Milliseconds keepalive_time{};     // a connection's longest life
  uint32_t keepalive_requests{};
  bool server_tokens{};
  bool tcp_nodelay{}, tcp_nopush{}, sendfile{};
  std::vector<AccessRule> access;  // the first that matches decides; none does: allowed
  std::vector<AddHeader> add_headers;
  Expires expires;
  std::vector<AccessLog> access_logs;

  // The origin's side.
  std::vector<SetHeader> set_headers;     // besides the defaults: Host $proxy_host
  std::vector<std::string> hide_headers;  // besides the defaults: Date is passed; Server, X-Pad and X-Accel-... are not
  std::vector<std::string> pass_headers;
  Words<IgnoredField> ignore_headers;
  bool http10{};  // proxy_http_version 1.0: no persistent connections to the origin
  std::optional<Expression> method;
  bool pass_request_headers{}, pass_request_body{};
  bool request_buffering{};  // read the whole request body before asking the origin
  bool buffering{};          // of an uncacheable response
  bool ignore_client_abort{};
  uint64_t buffer_size{};  // bytes that a response head may have
  uint64_t limit_rate{};   // bytes a second from the origin; 0: any
  Milliseconds connect_timeout{}, proxy_send_timeout{}, read_timeout{};
  Words<Trouble> next_upstream;
  uint32_t next_upstream_tries{};        // 0: any
  Milliseconds next_upstream_timeout{};  // 0: none
  bool redirect_default{};               // the origin's own URL in Location becomes ours
  std::vector<Redirect> redirects;
  ProxyTls tls;
  Resolver resolver;
  Milliseconds resolver_timeout{};
  std::optional<HealthCheck> health_check;  // given to the upstream of proxy_pass
  Priority priority{};

  // The cache.
  std::string cache;  // name in Http::zones; empty: off
  Expression cache_key;
  std::vector<CacheValid> cache_valid;  // a status of its own goes before "any"
  Words<CacheMethod> cache_methods;
  uint32_t cache_min_uses{};
  std::vector<Expression> cache_bypass, no_cache;  // any that is true
  CachePurge cache_purge;
  bool cache_lock{};  // off: who finds a flight of the same key still joins it, unless it is not cacheable
  Milliseconds cache_lock_timeout{};  // how long a waiter waits for the first byte; then stale or 504, never the origin
  Milliseconds cache_lock_age{};
  uint32_t cache_lock_waiters{};  // readers that one flight may have; 0: any number
  Words<Trouble> use_stale;
  bool cache_background_update{}, cache_revalidate{}, cache_convert_head{};
  bool cache_request_directives{};  // obey Cache-Control of requests
  uint64_t slice{};                 // bytes; 0: whole responses

  conf::Place place;    // of the block
  conf::Places places;  // of the lines in effect
};

// The value of proxy_cache_valid for a status, if any.
std::optional<Milliseconds> valid_for(const Location& location, int status);
// Whether allow and deny let this client in.
bool is_allowed(const Location& location, const sockaddr_storage& peer);

}  // namespace levee
