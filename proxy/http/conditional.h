// Conditional requests answered at the edge (RFC 9110 section 13). Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cache/fields.h"
#include "proxy/http/request_head.h"

namespace levee {

// What is known of the selected representation.
struct Validators {
  std::string_view etag;                 // as sent, W/ included; empty: none
  std::optional<int64_t> last_modified;  // seconds since 1970
  std::optional<int64_t> date;           // of the response, seconds: whether Last-Modified is a strong validator
};

enum class Condition : uint8_t { kProceed, kNotModified, kPreconditionFailed };
// In the order of RFC 9110 section 13.2.2. `status` is the stored one: conditions count only where the answer would be
// 2xx.
Condition evaluate(const Fields& request, Method method, int status, const Validators& known);
// Whether Range may be applied: no If-Range, or it names exactly this representation (RFC 9110 section 13.1.5).
bool if_range_allows(const Fields& request, const Validators& known);

bool weakly_equal(std::string_view a, std::string_view b);  // RFC 9110 section 8.8.3.2
bool strongly_equal(std::string_view a, std::string_view b);
bool is_entity_tag(std::string_view text);
// Whether the list of entity tags (or "*") in all lines of `id` has `etag`.
bool lists_etag(const Fields& fields, FieldId id, std::string_view etag, bool weak);

// Fields that a generated 304 carries (RFC 9110 section 15.4.5), and those that do not describe the content.
bool belongs_in_304(FieldId id);

}  // namespace levee
