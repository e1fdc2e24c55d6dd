// What a response head means: an entry, whom it is for, and how a broken body goes on. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "proxy/http/response_head.h"
#include "proxy/origin/fetch.h"
#include "proxy/origin/request.h"

namespace levee {

struct Heard {
  std::shared_ptr<Entry> entry;  // key and body are the flight's to set
  bool shared = false;           // open(), else pass()
  bool storable = false;         // whatever the order allows
  int64_t remember = 0;          // with pass(): ms
};
// A final response that is no answer to a condition of ours.
Heard hear(const Order& order, const ResponseHead& head, const Times& times);
// The stale entry under the fields of a 304. Null: the 304 names another representation than the one that we have, or
// something that may not be stored any more.
std::shared_ptr<Entry> renewed(const Order& order, const ResponseHead& head, const Times& times);

// The word of proxy_next_upstream and proxy_cache_use_stale for a status; nothing: it has none.
std::optional<Trouble> trouble_of(int status);
// Whether the location prefers a stale entry to this status, and the order has one that may be served.
bool prefers_stale(const Order& order, int status, int64_t now);
// Retry-After in ms; 0: none.
int64_t retry_after(const Fields& fields, int64_t wall_ms);

// How a response that was cut short may go on; nothing: not at all.
std::optional<Resumption> resumption(const Order& order, const Entry& entry, const Framing& framing, uint64_t offset);
// What the answer to a resumption is.
enum class Rejoin : uint8_t {
  kGoesOn,   // 206, from the offset on
  kAgain,    // 200, the same representation: its first `offset` bytes are to be left out
  kAnother,  // something else: the response cannot be completed
};
Rejoin rejoin(const ResponseHead& head, const Entry& entry, const Resumption& asked, std::optional<uint64_t>& total);

}  // namespace levee
