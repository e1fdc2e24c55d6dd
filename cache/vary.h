// Which variant of a response a request selects (RFC 9111 section 4.1). Pure functions.
//
// Values are compared normalised: whitespace and the order of lines do not count, Accept-Encoding and Accept-Language
// count by what they prefer, not by how they spell it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cache/fields.h"

namespace levee {

inline constexpr size_t kMaxVaryNames = 16;

// The names in Vary: lower case, sorted, without repetition, joined by ",". With Content-Language it is
// "accept-language=de": whoever wants that language most gets it, whatever else the list has. Empty: none. Nothing: `*`
// is among them, or there are more than kMaxVaryNames or something that is no name: no request ever matches.
std::optional<std::string> vary_names(const Fields& response);

// Appends the request's normalised values for such a list. Equal text: the same variant. A missing field and an empty
// one differ. The text is unambiguous: no value can look like two.
void vary_values(const Fields& request, std::string_view names, std::string& out);

// The normalised value of one request field, appended (all its lines).
void normalise_value(const Fields& request, std::string_view name, std::string& out);

}  // namespace levee
