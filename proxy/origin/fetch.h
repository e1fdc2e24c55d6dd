// One response brought from an origin into a flight: server, connection, request, head, body, and again when it breaks.
//
//   kAsk -> kAdmit -> kConnect -> kSend -> kReadHead -> kReadBody -> kEnded
//    ^ |      ^         ^  |         |         |            '- cut, strong validator: kConnect with Range + If-Range;
//    | |      |         |  |         |         |                   cut again: kPause first
//    | |      '---------|--'---------'---------'- next server, within proxy_next_upstream_tries and _timeout
//    | '----- a peer ---'
//    '- the peer has it not, is dead, or broke off: the index is asked again, and what its readers have goes on
//
// Without a shared index kAsk goes on at once. With it a fetch that leads holds a lease there until it has ended.
//
// Loop thread only. Lives on its worker whatever its client does; the flight's readers are all who see its bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/entry.h"
#include "cache/fields.h"
#include "cache/flight.h"
#include "cache/freshness.h"
#include "cache/store.h"
#include "conf/location.h"
#include "proxy/generation.h"
#include "proxy/origin/request_body.h"
#include "proxy/worker.h"

namespace levee {

// What one attempt at a server came to, as $upstream_* show it. Times in ms, -1: not reached.
struct Attempt {
  std::string address;
  int status = 0;
  int64_t connect_time = -1, header_time = -1, response_time = -1;
  uint64_t bytes_received = 0, bytes_sent = 0, response_length = 0;
};
struct Upgraded;  // proxy/origin/upgraded.h

// Shared by a fetch and the session that started it; same thread.
struct Trace {
  std::vector<Attempt> attempts;
  bool kept_for_get = false;           // the answer to a POST is being stored for later GETs
  std::shared_ptr<Upgraded> upgraded;  // the connection, after 101
};

// A part of a fixed size of a large response, fetched and kept by itself.
struct SliceOrder {
  uint64_t first = 0, size = 0;     // bytes
  std::shared_ptr<const Entry> of;  // another slice of the representation that this one must belong to; null: any
};

// The answer to a POST that may serve later GETs (RFC 9110 section 9.3.3): where to keep it, if Content-Location says
// that it is what a GET would bring.
struct KeepForGet {
  Store* store = nullptr;
  std::string key;
  std::function<bool(std::string_view content_location)> is_target;
};

// What to ask, and how. Made by the session; owns everything, since it outlives the request.
struct Order {
  std::shared_ptr<const Generation> generation;
  const Location* location = nullptr;  // lives in generation
  std::string upstream;                // name of an upstream, or host:port (proxy_pass with variables)
  bool tls = false;
  std::string host;      // $proxy_host
  std::string tls_name;  // for SNI and verification; empty: host
  std::string method;
  std::string target;
  std::string fields;               // field lines to send, CRLF each; without framing, conditionals, Range, Connection
  std::string range;                // a Range value to forward for a private fetch, or empty
  std::optional<SliceOrder> slice;  // only this part of it
  std::shared_ptr<const Entry> begun;  // its first bytes, with a strong validator: only the rest is asked for; or null
  std::string upgrade;                 // the protocol to ask for; empty: none
  bool expects_continue = false;       // the body is sent when the origin wants it
  bool wants_trailers = false;
  std::optional<KeepForGet> keep_for_get;
  std::shared_ptr<RequestBody> body;   // null: none
  std::shared_ptr<const Entry> stale;  // what Lead or Stale gave: to validate, and the readers' fall-back; or null
  std::string key;                     // the cache key; empty: not cacheable at all (goes straight to pass())
  // Of a private fetch whose key is held for uncacheable there: set right if the response may be kept.
  Store* known_uncacheable = nullptr;
  std::string vary_source;    // the request's own field lines, CRLF each: what a Vary may name
  bool authorized = false;    // the request had Authorization
  bool may_store = true;      // false: proxy_no_cache, or a private fetch
  bool background = false;    // a refresh: the first to give way
  bool only_if_free = false;  // in the background: not made at all if it would have to wait
  bool from_origin = false;   // no peer's answer will do: proxy_cache_bypass
  uint64_t balance_hash = 0;  // for hash and ip_hash
};

// The class of the fetch for it, by what is stored of it and what it asks for.
Priority priority_of(const Order& order, bool in_background);

// Starts a fetch on this worker. Its writer always ends in finish(), renew() or fail(). trace: null if nobody looks.
void start_fetch(Worker& worker, Order order, Writer writer, std::shared_ptr<Trace> trace);

}  // namespace levee
