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

inline constexpr int64_t kRemember = 10'000;  // ms that a key is known to be uncacheable

struct Heard {
  std::shared_ptr<Entry> entry;  // key and body are the flight's to set
  bool shared = false;           // open(), else pass()
  bool storable = false;         // whatever the order allows
  int64_t remember = 0;          // with pass(): ms
};
// Sets what an entry knows of its validators.
void describe_content(Entry& entry, const Fields& fields);
// A final response that is no answer to a condition of ours. `whole`: no slice was asked for after all. A 206 that may
// serve again has Entry::part; any other is for its client alone, as it is.
Heard hear(const Order& order, const ResponseHead& head, const Times& times, bool whole = false);
// The part that a 206 to a fetch for the store brings, if it says clearly which it is, and of what.
std::optional<Part> part_of(const Order& order, const ResponseHead& head);
// Whether both are of the same representation.
bool belongs_to(const Entry& slice, const Entry& of);
// Whether an answer to an order with a slice is to be asked for as a whole instead, or the first slice (there is
// nothing where this one would begin), or is of another representation than the slices before it.
enum class SliceFit : uint8_t { kFits, kAskFirst, kAskWhole, kChanged };
SliceFit slice_fit(const Order& order, const ResponseHead& head, const Heard& heard);
// What Order::begun becomes with the rest that this 206 brings. Null: the two do not belong together, or the whole may
// not be stored.
std::shared_ptr<Entry> completed(const Order& order, const ResponseHead& head, const Times& times,
                                 const Resumption& asked);
// The answer to a POST as it is kept for later GETs (Order::keep_for_get). Null: it is not.
std::shared_ptr<Entry> kept_for_get(const Order& order, const ResponseHead& head, const Times& times);
// The stale entry under the fields of a 304. Null: the 304 names another representation than the one that we have, or
// something that may not be stored any more.
std::shared_ptr<Entry> renewed(const Order& order, const ResponseHead& head, const Times& times);

// The word of proxy_next_upstream and proxy_cache_use_stale for a status; nothing: it has none.
std::optional<Trouble> trouble_of(int status);
// Whether the location prefers a stale entry to this status, and the order has one that may be served.
bool prefers_stale(const Order& order, int status, int64_t now);
// Retry-After in ms; 0: none.
int64_t retry_after(const Fields& fields, int64_t wall_ms);

// What a cut response that was to be stored is kept as: the bytes that came of `total`, if they have a strong entity
// tag (RFC 9111 section 3.3). Null: nothing is kept of it.
std::shared_ptr<Entry> part_of_cut(const Order& order, const Entry& entry, uint64_t size,
                                   std::optional<uint64_t> total);
// How a response that was cut short may go on; nothing: not at all. `size`: bytes of its body that came.
std::optional<Resumption> resumption(const Order& order, const Entry& entry, const Framing& framing, uint64_t size);
// What the answer to a resumption is.
enum class Rejoin : uint8_t {
  kGoesOn,   // 206, from the offset on
  kAgain,    // 200, the same representation: its first `offset` bytes are to be left out
  kAnother,  // something else: the response cannot be completed
};
Rejoin rejoin(const ResponseHead& head, const Entry& entry, const Resumption& asked, std::optional<uint64_t>& total);

}  // namespace levee
