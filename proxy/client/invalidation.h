// What a successful unsafe request makes of the store: its URI, and what its answer names, are forgotten (RFC 9111
// section 4.4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace levee {

class Exchange;

// Whether an answer with this status to the request of `x` changes what is stored.
bool invalidates(const Exchange& x, int status);

// Forgets what a GET for the request's own URI would find.
void forget_target(const Exchange& x);

// Forgets the request's URI, and Location and Content-Location of its answer (x.entry) if of the same origin: whoever
// may write to one host says nothing of another.
void invalidate(const Exchange& x);

// The target (path and query) that `reference` names, seen from a request for `base` at `authority`; nothing: it is of
// another origin, or no URI reference that we understand.
std::optional<std::string> same_origin_target(std::string_view reference, std::string_view base,
                                              std::string_view scheme, std::string_view authority);

}  // namespace levee
