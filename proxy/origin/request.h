// What a fetch says to an origin. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proxy/origin/fetch.h"

namespace levee {

// Where a broken response goes on.
struct Resumption {
  uint64_t offset = 0;           // of the next byte in the whole representation
  std::optional<uint64_t> last;  // of the last byte that is wanted; nothing: to the end
  std::string validator;         // for If-Range: a strong entity tag, or a date
};

// Whether the order is best asked as a validation of its stale entry.
bool is_conditional(const Order& order);
// The whole request head. resume: null at the first time. whole: no slice after all. keep_alive: whether the connection
// is to be kept.
std::string request_head(const Order& order, const Resumption* resume, bool conditional, bool whole, bool keep_alive);

}  // namespace levee
