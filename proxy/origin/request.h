// What a fetch says to an origin. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "proxy/origin/fetch.h"

namespace levee {

// Where a broken response goes on.
struct Resumption {
  uint64_t offset = 0;    // bytes that are there
  std::string validator;  // for If-Range: a strong entity tag, or a date
};

// Whether the order is best asked as a validation of its stale entry.
bool is_conditional(const Order& order);
// The whole request head. resume: null at the first time. keep_alive: whether the connection is to be kept.
std::string request_head(const Order& order, const Resumption* resume, bool conditional, bool keep_alive);

}  // namespace levee
