// The tags of a response, by which many responses are purged at once: Cache-Tag ("a, b") and Surrogate-Key ("a b").
//
// Kept as sorted hashes of eight bytes each. Two tags may look like one (1 in 2^64 a comparison): then a purge costs
// one fetch too many.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cache/fields.h"

namespace levee {

using Tags = std::vector<uint64_t>;

// All tags that the fields of a response, or of a request to purge, name: as text, in their order.
std::vector<std::string> tag_names(const Fields& fields);
Tags hashed(const std::vector<std::string>& names);
inline Tags tags_of(const Fields& fields) {
  const bool any = fields.has(FieldId::kCacheTag) || fields.has(FieldId::kSurrogateKey);
  return any ? hashed(tag_names(fields)) : Tags();
}
bool share_one(const Tags& a, const Tags& b);

}  // namespace levee
