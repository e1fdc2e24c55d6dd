// Rules of times: how long answers are kept, and how long viewers wait for them.
#include "conf/lint_rules.h"

namespace levee::conf {
namespace {

constexpr Milliseconds kLongestError{1'000};
constexpr int kHeldSegments = 3;  // how long an origin may hold a request for a playlist of low latency (LL-HLS)

void lint_playlist_lifetime(const Location& location, const LintTerms& terms, Findings& findings) {
  for (const CacheValid& valid : location.cache_valid) {
    if (valid.status != 200 || valid.time * 2 <= terms.segment) continue;
    findings.add(valid.place, "playlists are kept for " + in_words(valid.time) + ", more than half of a segment of " +
                                  in_words(terms.segment) + ": players find nothing new and stall");
  }
}

void lint_negative(const Location& location, Findings& findings) {
  for (const CacheValid& valid : location.cache_valid) {
    const bool is_error = valid.status == 0 || valid.status == 404 || valid.status >= 500;
    if (!is_error || valid.time <= kLongestError) continue;
    findings.add(valid.place, (valid.status == 0 ? "errors are" : std::to_string(valid.status) + " is") +
                                  std::string(" kept for ") + in_words(valid.time) +
                                  " at the live edge: one request that comes early, or one bad moment of "
                                  "the origin, hides a segment from everybody for so long");
  }
}

void lint_patience(const Location& location, Role role, const LintTerms& terms, Findings& findings) {
  if (location.cache_lock_timeout < location.read_timeout) {
    findings.add(place_of(location, location.places.contains("proxy_cache_lock_timeout") ? "proxy_cache_lock_timeout"
                                                                                         : "proxy_read_timeout"),
                 "\"proxy_cache_lock_timeout\" " + in_words(location.cache_lock_timeout) +
                     " is below \"proxy_read_timeout\" " + in_words(location.read_timeout) +
                     ": viewers are told 504 while the fetch that they wait for may still succeed");
  }
  if (location.connect_timeout > terms.segment) {
    findings.add(place_of(location, "proxy_connect_timeout"),
                 "\"proxy_connect_timeout\" " + in_words(location.connect_timeout) + " is above a segment's " +
                     in_words(terms.segment) + ": an origin that is gone is noticed when players have stalled");
  }
  const Milliseconds patience = role.segments ? terms.segment : terms.segment * kHeldSegments;
  if (location.read_timeout > patience) {
    findings.add(place_of(location, "proxy_read_timeout"),
                 "\"proxy_read_timeout\" " + in_words(location.read_timeout) + " is above " +
                     (role.segments ? "a segment's " : "the longest hold of a playlist, ") + in_words(patience) +
                     ": an origin that hangs is noticed when players have stalled");
  }
}

void lint_connections(const Location& location, const LintTerms& terms, Findings& findings) {
  if (location.keepalive_timeout >= terms.segment) return;
  findings.add(place_of(location, "keepalive_timeout"),
               "\"keepalive_timeout\" " + in_words(location.keepalive_timeout) + " is below a segment's " +
                   in_words(terms.segment) +
                   ": every viewer connects anew for each segment, over TLS with a handshake");
}

void lint_uses(const Location& location, Findings& findings) {
  if (location.cache_min_uses <= 1) return;
  findings.add(
      place_of(location, "proxy_cache_min_uses"),
      "\"proxy_cache_min_uses\" " + std::to_string(location.cache_min_uses) +
          ": the origin is asked for each new segment and playlist more than once, in the moment when all want "
          "it");
}

void lint_stale(const Location& location, Findings& findings) {
  const Place& place = place_of(location, "proxy_cache_use_stale");
  if (!location.use_stale.any()) {
    findings.add(place, "\"proxy_cache_use_stale\" off: when the origin fails, so does every viewer at once");
    return;
  }
  const bool bad_answers = location.use_stale.has(Trouble::kHttp500) && location.use_stale.has(Trouble::kHttp502) &&
                           location.use_stale.has(Trouble::kHttp503) && location.use_stale.has(Trouble::kHttp504);
  if (location.use_stale.has(Trouble::kTimeout) && bad_answers) return;
  findings.add(place, "\"proxy_cache_use_stale\" lacks " +
                          std::string(location.use_stale.has(Trouble::kTimeout) ? "some of http_500 to http_504"
                                                                                : "\"timeout\"") +
                          ": a copy that is at hand is not used when the origin fails in this way");
}

}  // namespace

void lint_times(const Location& location, Role role, const LintTerms& terms, Findings& findings) {
  if (role.playlists) lint_playlist_lifetime(location, terms, findings);
  if (role.playlists || role.segments) {
    lint_negative(location, findings);
    lint_patience(location, role, terms, findings);
    lint_connections(location, terms, findings);
    lint_uses(location, findings);
  }
  lint_stale(location, findings);
  if (location.ignore_headers.has(IgnoredField::kCacheControl) && location.cache_valid.empty()) {
    findings.add(place_of(location, "proxy_ignore_headers"),
                 "\"proxy_ignore_headers\" Cache-Control without \"proxy_cache_valid\": nothing says how long to keep "
                 "a response, so every request reaches the origin");
  }
}

}  // namespace levee::conf
