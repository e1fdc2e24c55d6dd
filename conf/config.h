// What the operator said: the whole configuration as plain structs, immutable once loaded.
//
// Everything is effective: inherited values are copied in, names are resolved, regexes and strings are compiled. Units
// are in the types (Milliseconds) or in the comment; sizes are bytes.
#pragma once

#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "conf/location.h"
#include "conf/upstream.h"

namespace levee {

// cache_zone, or proxy_cache_path.
struct CacheZone {
  std::string name;
  uint64_t ram = 0;   // bytes, all that the zone holds counted
  std::string path;   // proxy_cache_path: reserved for the disk tier, nothing is kept there yet
  uint64_t disk = 0;  // max_size, bytes; 0: any
  std::string levels;
  Milliseconds inactive{600'000};
  conf::Place place;
};

// map SOURCE $name { ... }.
struct Map {
  std::string name;  // of the variable, without $
  Expression source;
  std::map<std::string, Expression, std::less<>> exact;  // keys in lower case
  std::vector<std::pair<std::string, Expression>> leading,
      trailing;  // hostnames: ".example.com", "www."; longest first
  std::vector<std::pair<Regex, Expression>> regexes;
  Expression otherwise;  // default
  bool hostnames = false;
  // Whether the variable has a part in the result.
  bool uses(Var id) const;
  // The result for a value of the source.
  const Expression& find(std::string_view value) const;
};

struct Certificate {
  std::string certificate, key;  // files, PEM
};
struct ServerTls {
  std::vector<Certificate> certificates;
  Words<TlsProtocol> protocols;
  std::string ciphers, ecdh_curve;
  bool prefer_server_ciphers{};
  uint64_t session_cache{};  // bytes; 0: off
  Milliseconds session_timeout{};
  bool session_tickets{};
  std::vector<std::string> session_ticket_keys;  // files
  uint64_t buffer_size{};
};

struct ServerName {
  enum class Kind : uint8_t { kExact, kLeading, kTrailing, kRegex } kind = Kind::kExact;
  std::string text;      // lower case; kLeading ".example.com" (from *.), kTrailing "www.example." (from .*)
  bool or_bare = false;  // kLeading written as ".example.com": the bare name too
  std::optional<Regex> regex;
};

struct Server {
  std::vector<ServerName> names;  // none: ""
  std::string name;               // $server_name: the first, as written
  Location base;  // what holds outside of locations, which are in it; answers what none of them matches. A Return in it
                  // is the answer to all requests
  ServerTls tls;
  Milliseconds client_header_timeout{};
  uint64_t client_header_buffer_size{};
  struct {
    uint32_t count{};
    uint64_t size{};
  } large_client_header_buffers;  // a line fits in one; a head in all of them
  bool ignore_invalid_headers{}, underscores_in_headers{}, merge_slashes{};
};

struct ServerIndex;  // conf/route.cc

// An address to listen on, with the servers that share it.
struct Listen {
  std::string text;  // normalised: "0.0.0.0:80", "[::]:80", "unix:/path"; what identifies a socket over reloads
  SocketAddress address;
  bool ssl = false;
  bool http2 = false;
  bool reuseport = false;  // accepted: every worker has its own socket in any case
  bool ipv6only = true;
  int backlog = 4096;          // of each worker's socket; the system's somaxconn bounds it
  int rcvbuf = 0, sndbuf = 0;  // bytes; 0: the system's
  int fastopen = 0;
  struct KeepAlive {  // so_keepalive; seconds, 0: the system's
    bool on = false;
    int idle = 0, interval = 0, count = 0;
  } keepalive;
  bool deferred = false;
  bool has_options = false;                   // backlog and the like: one line of an address may have them
  std::vector<const Server*> servers;         // in the order of the file
  const Server* default_server = nullptr;     // never null once loaded
  std::shared_ptr<const ServerIndex> routes;  // made by load(), for find_server
};

// Where new connections and new keys are refused, so that those who are here are served well. 0: never.
struct Overload {
  Milliseconds loop_lag{0};
  double connections = 0;  // of worker_connections, 0 to 1
  double descriptors = 0;  // of the limit on open files, 0 to 1
  double memory = 0;       // of the machine's or the cgroup's, 0 to 1
  uint64_t resident = 0;   // bytes of the process
};

// The nodes of a PoP and their shared index.
struct SharedIndex {
  struct Address {
    std::string host;
    uint16_t port = 6379;
  };
  std::vector<Address> addresses;  // several: Redis Cluster, or Sentinels
  bool tls = false;                // rediss://
  std::string ca;                  // whom to trust about certificates, a file; empty: the system's authorities
  std::string tls_name;            // that all certificates must prove; empty: each its address
  std::string sentinel_master;     // redis+sentinel://...: the master's name; empty: no Sentinels
  uint32_t database = 0;
  std::string user, password, prefix = "levee";
  Milliseconds timeout{20};
  uint32_t nodes = 1;  // how many share the index, for as long as Redis has not said it
};
struct Cluster {
  std::optional<SharedIndex> shared_index;
  std::string node;       // its name
  std::string advertise;  // http://ip:port or https://
  std::optional<SocketAddress> peer_listen;
  const Location* peer_location = nullptr;  // of the server that peer_listen makes; it lives in Http::servers
  std::string peer_secret_file;
  Milliseconds peer_timeout{};
};

struct Http {
  std::vector<std::unique_ptr<Server>> servers;
  std::vector<Listen> listens;
  std::map<std::string, Upstream, std::less<>> upstreams;  // implicit ones included
  std::map<std::string, CacheZone, std::less<>> zones;
  std::map<std::string, LogFormat, std::less<>> log_formats;
  std::map<std::string, Map, std::less<>> maps;
  std::map<std::string, HealthMatch, std::less<>> matches;
  Overload overload;
  Cluster cluster;
  conf::Places places;  // of the lines outside of servers and upstreams
};

enum class LogLevel : uint8_t { kEmergency, kAlert, kCritical, kError, kWarning, kNotice, kInfo, kDebug };
struct ErrorLog {
  std::string path;  // relative to the prefix; "stderr"
  LogLevel level{};
};

struct Config {
  Config() = default;
  Config(Config&&) = default;  // pointers between the parts stay good
  Config& operator=(Config&&) = default;

  std::string prefix;  // relative paths start here; ends in "/"
  std::string file;    // the configuration file
  bool daemon = false;
  std::string pid;                          // a file
  std::string user, group;                  // empty: as started
  uint32_t worker_processes = 0;            // event-loop threads; 0: one a processor
  uint64_t worker_rlimit_nofile = 0;        // 0: as it is
  Milliseconds worker_shutdown_timeout{0};  // 0: no bound
  ErrorLog error_log;
  uint32_t worker_connections = 0;  // of each worker, to clients and origins
  bool multi_accept = false;
  Http http;
  conf::Places places;             // of the lines outside of http
  std::vector<std::string> files;  // the file and those that it includes, in the order of reading
  std::vector<Warning> warnings;   // what was read and does not do what it says

  // A path of the configuration: absolute as it is, else after the prefix.
  std::string full_path(std::string_view path) const;
};

struct ConfigError {
  std::string file;
  int line = 0;  // 0: the file as a whole
  std::string text;
  // "edge.conf:12: unknown directive "foo"".
  std::string to_string() const;
};

// Reads the file and all that it includes. `globals` are main-context directives (levee -g).
std::variant<Config, ConfigError> load(const std::string& file, const std::string& prefix, const std::string& globals);
// The same for a text, which errors call `name`. For tests: load_text("events {} http { server { ... } }", "/tmp/").
std::variant<Config, ConfigError> load_text(const std::string& text, const std::string& prefix,
                                            const std::string& name = "levee.conf");

// All directives with contexts, default and help, from the table: plain for `levee -h`, or as rows of a Markdown table.
void describe(std::ostream& out);
void describe_markdown(std::ostream& out);

}  // namespace levee
