// One request and its answer: all that is needed between a head's first byte and the response's last.
//
// Pooled by the worker (Commons), reset before each use, so that a hit allocates nothing. Loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cache/store.h"
#include "conf/regex.h"
#include "proxy/client/cache_status.h"
#include "proxy/client/connection.h"
#include "proxy/client/input.h"
#include "proxy/client/purge.h"
#include "proxy/client/request_reader.h"
#include "proxy/client/sender.h"
#include "proxy/client/tunnel.h"
#include "proxy/client/upstream_request.h"
#include "proxy/http/request_head.h"
#include "proxy/origin/fetch.h"

namespace levee {

// An answer that is put together from slices (the `slice` directive). The one that was fetched first, wherever it is,
// is found under the request's key, and says of which representation the others are.
struct Slicing {
  std::shared_ptr<const Entry> of;  // that one; null: nothing is sliced
  std::string key;                  // of the request
  uint64_t at = 0, end = 0;         // bytes of the whole: the next to be sent, and where the answer ends
  bool begun = false;               // the head is out
  bool done() const { return of == nullptr || at >= end; }
};

class Exchange final : public VarySource {
 public:
  // Ready for another request; what has arrived of it already stays.
  void reset();
  void vary_values(std::string_view names, std::string& out) const override;
  bool takes(const Entry& partial) const override;

  Connection* connection = nullptr;
  Input input;

  // --- The request.
  RequestHead head;
  bool pipelined = false;
  int64_t began = 0, began_wall = 0;  // ms, when its first byte was seen; on the loop's clock, and since 1970
  const Server* server = nullptr;
  const Plan* plan = nullptr;
  std::string_view path;      // normalised
  std::string path_memory;    // what `path` views if that is not the head itself
  mutable Captures captures;  // proxy_redirect lends them out
  RequestReader body;
  int64_t body_deadline = 0;        // ms on the loop's clock: for more of the body; 0: none
  std::optional<int64_t> patience;  // ms that it may still be waited for: bytes earn more; nothing: client_body_timeout
  bool body_withheld = false;       // the origin has not asked for the body yet (Expect)
  bool may_be_closing = true;       // readability may mean that the client has left; false: it is a pipelined request
  mutable std::string request_id;   // made when somebody asks

  // --- The cache, and the origin.
  std::unique_ptr<ProxyTarget> target;  // of a proxy_pass with variables
  CacheNote note;
  std::string key;                     // set if this request fetches
  int looks = 0;                       // into the store
  bool bypass = false;                 // proxy_cache_bypass, or the client's wish
  bool no_store = false;               // the client's wish, where the configuration obeys it
  int64_t wait_deadline = 0;           // ms on the loop's clock: for the first byte of another's fetch; 0: none
  std::optional<Reader> reader;        // of what is not complete yet
  std::shared_ptr<const Entry> entry;  // what answers
  std::shared_ptr<const Entry> stale;  // what may answer if the flight fails
  std::shared_ptr<Trace> trace;        // of our own fetch
  Fault fault;                         // why there is only `stale`, or an error page
  bool forwarded_conditions = false;   // the origin was told of conditions and Range: its answer stands

  Slicing slicing;
  std::unique_ptr<Tunnel> tunnel;
  Store* peer_store = nullptr;  // another node asks, for what is in this store; null: a viewer does

  bool passed = false;          // the reader leads a flight that was passed: its writer waits for us
  std::shared_ptr<Body> awake;  // of an entry that rested

  std::shared_ptr<Purging> purging;  // of a PURGE

  // --- The answer.
  std::optional<int64_t> file_modified;  // seconds since 1970
  int status = 0;
  bool keep_alive = false;
  bool completed = false;    // all of it was sent
  bool cut_is_clean = true;  // false: a mere close would look like the body's end
  std::string own_fields;    // further field lines of an answer of our own making
  std::string sent_head;     // a copy, if the plan wants it
  Sender sender;
  bool blocked = false;       // the client must take something first
  int64_t send_deadline = 0;  // ms on the loop's clock, while blocked
};

}  // namespace levee
