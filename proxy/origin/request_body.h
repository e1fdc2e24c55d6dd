// A request's body on its way from a session to its fetch, through a bounded window. Both are on one worker.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace levee {

// The session appends and ends, the fetch takes. What was taken is gone: a fetch that has taken bytes is not retried,
// unless the whole is kept (proxy_request_buffering on, within the buffer).
struct RequestBody {
  std::optional<uint64_t> length;  // nothing: chunked
  std::string bytes;               // arrived and not yet taken
  bool ended = false;              // the client sent it all
  bool aborted = false;            // the client went away: end the fetch, close the connection
  uint64_t taken = 0;
  std::function<void()> on_more;    // set by the fetch: there are bytes, or it ended, or it aborted
  std::function<void()> on_room;    // set by the session: the window has room again
  std::function<void()> on_wanted;  // set by the session: the origin wants the body (Order::expects_continue)
};

}  // namespace levee
