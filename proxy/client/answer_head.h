// Writes the lines of a head that each answer gets anew. Pure but for the clock of the exchange's worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cache/entry.h"
#include "proxy/http/framing.h"
#include "proxy/http/range.h"
#include "proxy/http/writer.h"

namespace levee {

class Exchange;

// What one answer's head says of its content.
struct Shape {
  int status = 200;
  Framing framing;                    // as the client is told; kNone: nothing is said
  bool not_modified = false;          // 304: only what RFC 9110 section 15.4.5 asks for
  std::optional<ContentRange> range;  // 206 of one range, 416
  std::string_view boundary;          // 206 of several
};

// The entry's field lines but for those that this answer replaces or leaves out, with Location rewritten as
// proxy_redirect says.
void write_entry_fields(HeadWriter& out, const Exchange& x, const Shape& shape);
// Whether the entry's block can go out as it is.
bool is_plain(const Exchange& x, const Shape& shape);
// Age, Cache-Status, Via, framing, ranges, Connection, add_header, and the empty line.
void write_rest(HeadWriter& out, const Exchange& x, const Shape& shape);
// Whether that, of a plain one, follows from the entry, the origin's name and the second alone: others get the same.
bool is_repeatable(const Exchange& x, const Shape& shape);
// The same for an answer of our own: Server and Date too.
void write_own_head(HeadWriter& out, const Exchange& x, const Shape& shape, std::string_view type);

// Seconds after which who is refused may come back: a crowd that was refused together is to come back over three.
int64_t spread_retry(const Exchange& x);

// Location as this location's proxy_redirect makes it; nothing: as it is.
std::optional<std::string> rewritten_location(const Exchange& x, std::string_view value);

}  // namespace levee
