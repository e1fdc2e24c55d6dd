// One stored (or still filling) response: what was said about it, and its bytes.
//
// Immutable once published, but for its Body while that fills, for advertised and for stale_since.
// Shared between threads by shared_ptr<const Entry>.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cache/body.h"
#include "cache/fields.h"
#include "cache/freshness.h"
#include "cache/key.h"
#include "cache/tags.h"

namespace levee {

// Which bytes of its representation the body of a partial response (206) has: size() of them from `first` on.
struct Part {
  uint64_t first = 0;
  uint64_t total = 0;   // bytes of the whole
  uint64_t slice = 0;   // not 0: one of slices of this size, each an entry of its own,
  uint64_t series = 0;  // and those of one representation have this number
};

struct Entry {
  std::string key;
  KeyHash hash;
  int status = 200;
  StoredFields fields;  // as they will be sent: no hop-by-hop field, no Age, no Cache-Status, no framing
  std::optional<uint64_t> content_length;  // bytes, as the origin declared it; a landed entry's is body->size()
  Lifetime lifetime;                       // RFC 9111 section 4.2, as computed when the head arrived
  int64_t response_time = 0;               // ms on the process clock when the head arrived (or was last validated)
  std::optional<Part> part;                // of a 206 that may be used again
  std::string etag;                        // with quotes and W/ if weak; empty: none
  std::optional<int64_t> last_modified;    // seconds since 1970
  std::string vary_names;                  // normalised list of RFC 9111 section 4.1, empty: none
  std::string vary_values;                 // the request's normalised values for them
  Tags tags;                               // for purges by tag
  bool keep = true;                        // false: shared with those who waited, but not stored
  bool stopgap = false;                    // an answer of our own for want of one: never stored beside another
  std::shared_ptr<Body> body;

  // Age in ms now (RFC 9111 section 4.2.3); never negative.
  int64_t age(int64_t now) const;
  // How long it is still fresh, ms; negative: stale since so long.
  int64_t fresh_for(int64_t now) const;
  bool has_strong_validator() const;
  // Memory held besides the body, in bytes.
  size_t footprint() const;
  // The same response with another body (and its length, if that is complete).
  std::shared_ptr<Entry> with_body(std::shared_ptr<Body> other) const;

  mutable std::atomic<uint32_t> advertised{0};  // not 0: other nodes were told of it, in this epoch of their index
  mutable std::atomic<int64_t> stale_since{0};  // not 0: made stale by a soft purge, ms
};

}  // namespace levee
