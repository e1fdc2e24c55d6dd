// The directives of Cache-Control (RFC 9111 section 5.2) and of the targeted fields that mean the same (RFC 9213).
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cache/fields.h"

namespace levee {

// Of a response. Times are ms. A directive that is there but cannot be read counts as the strictest it could mean
// (max-age=junk: 0). Of repeated ones the first counts.
struct CacheControl {
  bool present = false;  // there was such a field, with any directive
  bool is_public = false, is_private = false, no_store = false, no_cache = false;
  bool must_revalidate = false, proxy_revalidate = false, must_understand = false, immutable = false;
  std::optional<int64_t> max_age, s_maxage, stale_while_revalidate, stale_if_error;
  // no-cache="a, b" and private="a, b" are about these fields alone.
  std::string_view no_cache_fields, private_fields;
};
CacheControl parse_cache_control(const Fields& response);
// Whether `name` is in such a list of names.
bool lists_name(std::string_view names, std::string_view name);

// CDN-Cache-Control as a Structured Field dictionary (RFC 9213 section 2.1); nothing if it is missing, empty or
// malformed: then it does not count.
std::optional<CacheControl> parse_cdn_cache_control(const Fields& response);
// Surrogate-Control (Edge Architecture 1.0): directives with ";target"; those for another target do not count. Nothing:
// missing, or nothing in it is for us.
std::optional<CacheControl> parse_surrogate_control(const Fields& response);

// delta-seconds, quoted or not, as ms; what does not fit saturates. Nothing: not a number.
std::optional<int64_t> parse_delta_seconds(std::string_view text);

}  // namespace levee
