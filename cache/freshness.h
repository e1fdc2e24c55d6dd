// Whether a response may be stored, and how long it is good for: RFC 9111, RFC 5861, RFC 8246, RFC 9213. Pure
// functions.
//
// All times are milliseconds and saturate instead of overflowing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cache/fields.h"

namespace levee {

// How long a stored response is good for (RFC 9111 section 4.2). Its age now is initial_age plus the time since it
// came.
struct Lifetime {
  int64_t fresh_for = 0;               // freshness lifetime, counted from age 0
  int64_t initial_age = 0;             // corrected_initial_age of RFC 9111 section 4.2.3
  int64_t stale_while_revalidate = 0;  // beyond fresh_for (RFC 5861 section 3); 0: no window
  int64_t stale_if_error = 0;          // beyond fresh_for (RFC 5861 section 4); 0: no window of its own
  bool must_revalidate = false;        // must-revalidate, proxy-revalidate or s-maxage: never served stale
  bool always_validate = false;        // no-cache: never served without asking, not even when an error prevents it
  bool immutable = false;              // RFC 8246
  bool heuristic = false;              // fresh_for is our guess (RFC 9111 section 4.2.2)
  bool explicit_freshness = false;     // the response or the configuration said how long
  bool operator==(const Lifetime&) const = default;
};

// What of the request counts.
struct RequestFacts {
  enum class Method : uint8_t { kGet, kHead, kPost, kOther } method = Method::kGet;
  bool authorized = false;                  // it had Authorization (RFC 9111 section 3.5)
  bool no_store = false;                    // it had Cache-Control: no-store, and the configuration obeys requests
  bool content_location_is_target = false;  // of a POST: Content-Location names the request's own URI
};

// What the configuration says on the response: proxy_ignore_headers and proxy_cache_valid.
struct Hints {
  bool ignore_cache_control = false;  // and with it the targeted fields
  bool ignore_expires = false;
  bool ignore_x_accel_expires = false;
  bool ignore_set_cookie = false;
  bool ignore_vary = false;
  std::optional<int64_t> valid{};           // proxy_cache_valid for this status, ms; used if the response says nothing
  std::optional<int64_t> stale_if_error{};  // the least window, whatever the response says, unless it forbids stale
};

struct Times {
  int64_t request = 0;        // ms on the process clock when the request was sent
  int64_t response = 0;       // ... and when the head arrived
  int64_t wall_response = 0;  // the latter in ms since 1970, to compare with Date and Expires
};

// Why a response may not be stored and shared.
enum class Refusal : uint8_t {
  kNone,            // it may
  kMethod,          // not GET, HEAD, or such a POST
  kInterim,         // 1xx, 101
  kRequestNoStore,  // the request asked so
  kNoStore,
  kPrivate,
  kAuthorization,  // without public, s-maxage or must-revalidate
  kSetCookie,      // without public or s-maxage, and not ignored
  kVaryStar,
  kPartial,         // 206 or 304 where a whole response is needed
  kMustUnderstand,  // a status that we do not know
  kNoFreshness,     // nothing says how long, no validator to ask with, and no heuristic applies
  kExpired,         // stale on arrival, and no validator
};
std::string_view describe(Refusal why);  // a word for logs and Cache-Status details

struct Verdict {
  Refusal refusal = Refusal::kNone;
  Lifetime lifetime;
  // May be given to those who asked while it was on its way: storable, or an error (404, 410, 429, 5xx) that only lacks
  // freshness, or a 200 that is declared stale at once. If not storable it is for them alone, and is not kept.
  bool shareable = false;
  // Refused for what the response is, so that the next one of this key will probably be too. Never after an error, nor
  // for what one client's request was.
  bool uncacheable = false;
  bool remember_as_uncacheable() const { return uncacheable; }
  bool storable() const { return refusal == Refusal::kNone; }
};

// The whole judgement on a final response with its fields.
Verdict judge(int status, const Fields& response, const RequestFacts& request, const Times& times, const Hints& hints);

// Whether the response says of one of its fields that it must not be kept with it: private="field", no-cache="field".
bool is_withheld(const Fields& response, const Field& field, const Hints& hints);

// What Cache-Control of a request asks for (RFC 9111 section 5.2.1). Pragma: no-cache counts if there is no
// Cache-Control.
struct RequestDirectives {
  bool no_cache = false, no_store = false, only_if_cached = false;
  std::optional<int64_t> max_age, min_fresh;  // ms
  std::optional<int64_t> max_stale;           // ms; any staleness: INT64_MAX
};
RequestDirectives request_directives(const Fields& request);
// Whether a stored response of this age (ms) satisfies them (fresh enough, or stale within max-stale where that is
// allowed).
bool satisfies(const RequestDirectives& wanted, const Lifetime& lifetime, int64_t age);

// Statuses that may be cached without being told (RFC 9110 section 15.1), 206 excepted.
bool is_heuristically_cacheable(int status);

int64_t saturating_add(int64_t a, int64_t b);
int64_t saturating_subtract(int64_t a, int64_t b);

}  // namespace levee
