// Rules of times: how long answers are kept, and how long viewers wait for them.
#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

#include "conf/lint_rules.h"

namespace levee::conf {
namespace {

constexpr Milliseconds kLongestError{1'000};
constexpr int kHeldSegments = 3;  // how long an origin may hold a request for a playlist of low latency (LL-HLS)

// The line that says how long a 200 is kept, or null: one of its own goes before "any".
const CacheValid* line_of_200(const Location& location) {
  for (const uint16_t wanted : {uint16_t{200}, uint16_t{0}}) {
    const auto line = std::ranges::find(location.cache_valid, wanted, &CacheValid::status);
    if (line != location.cache_valid.end()) return &*line;
  }
  return nullptr;
}

void lint_playlist_lifetime(const Location& location, const LintTerms& terms, Findings& findings) {
  const CacheValid* const valid = line_of_200(location);
  if (valid == nullptr || valid->time * 2 <= terms.segment) return;
  findings.add(valid->place, "playlists are kept for " + in_words(valid->time) + ", more than half of a segment of " +
                                 in_words(terms.segment) + ": players find nothing new and stall");
}

struct Ages {
  Milliseconds everywhere{0}, shared{0};  // a viewer's own cache does not heed s-maxage (RFC 9111 section 5.2.2.10)
};

// The longest max-age and s-maxage in a Cache-Control.
Ages longest_ages(std::string text) {
  text = in_lower_case(std::move(text));
  std::erase(text, '-');
  constexpr std::string_view kAge = "maxage=";
  Ages longest;
  for (size_t at = text.find(kAge); at != std::string::npos; at = text.find(kAge, at + 1)) {
    uint32_t seconds = 0;
    const auto read = std::from_chars(text.data() + at + kAge.size(), text.data() + text.size(), seconds);
    if (read.ec == std::errc::result_out_of_range) seconds = std::numeric_limits<uint32_t>::max();
    Milliseconds& age = at > 0 && text[at - 1] == 's' ? longest.shared : longest.everywhere;
    age = std::max<Milliseconds>(age, std::chrono::seconds(seconds));
  }
  return longest;
}

// What we tell viewers, whose own caches then hold the playlist, and the caches on the way to them.
void lint_told_lifetime(const Location& location, const LintTerms& terms, Findings& findings) {
  const auto warn = [&](const Place& place, const std::string& who, Milliseconds time, const std::string& what) {
    if (time * 2 <= terms.segment) return;
    findings.add(place, who + " keep playlists for " + in_words(time) + ", more than half of a segment of " +
                            in_words(terms.segment) + ": " + what);
  };
  const std::string own = "a player is given its own old copy, finds nothing new and stalls";
  constexpr Milliseconds kYears = std::chrono::hours(24 * 3650);
  constexpr Milliseconds kDay = std::chrono::hours(24);
  using Kind = Expires::Kind;
  const Expires& expires = location.expires;
  const Milliseconds told = expires.kind == Kind::kMax ? kYears : expires.kind == Kind::kDaily ? kDay : expires.time;
  warn(place_of(location, "expires"), "\"expires\" has viewers", told, own);
  for (const AddHeader& added : location.add_headers) {
    if (in_lower_case(added.name) != "cache-control") continue;
    const Place& place = place_of(location, "add_header");
    const std::string line = "\"add_header\" Cache-Control has ";
    const Ages ages = longest_ages(added.value.source());
    warn(place, line + "viewers", ages.everywhere, own);
    warn(place, line + "caches between here and viewers", ages.shared, "players find nothing new and stall");
  }
}

void lint_negative(const Location& location, Findings& findings) {
  for (const CacheValid& valid : location.cache_valid) {
    const bool is_error = valid.status == 0 || valid.status >= 400;
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

constexpr std::pair<Trouble, std::string_view> kTroubles[] = {
    {Trouble::kError, "error"},      {Trouble::kTimeout, "timeout"},  {Trouble::kHttp500, "http_500"},
    {Trouble::kHttp502, "http_502"}, {Trouble::kHttp503, "http_503"}, {Trouble::kHttp504, "http_504"}};

void lint_stale(const Location& location, Findings& findings) {
  const Place& place = place_of(location, "proxy_cache_use_stale");
  if (!location.use_stale.any()) {
    findings.add(place, "\"proxy_cache_use_stale\" off: when the origin fails, so does every viewer at once");
    return;
  }
  std::string missing;
  for (const auto& [trouble, word] : kTroubles) {
    if (!location.use_stale.has(trouble)) missing.append(missing.empty() ? "" : " ").append(word);
  }
  if (missing.empty()) return;
  findings.add(place, "\"proxy_cache_use_stale\" lacks \"" + missing +
                          "\": a copy that is at hand is not used when the origin fails in this way");
}

// Who waits when a copy expires: with both, nobody.
void lint_updating(const Location& location, Findings& findings) {
  if (!location.use_stale.any()) return;
  if (!location.use_stale.has(Trouble::kUpdating)) {
    findings.add(place_of(location, "proxy_cache_use_stale"),
                 "\"proxy_cache_use_stale\" lacks \"updating\": whenever a copy expires, all who want it wait for the "
                 "origin, however slow it is");
  } else if (!location.cache_background_update) {
    findings.add(place_of(location, "proxy_cache_background_update"),
                 "\"proxy_cache_background_update\" off: the viewer who finds a copy expired waits for the origin, "
                 "however slow it is, while all others get the copy");
  }
}

}  // namespace

void lint_times(const Location& location, Role role, const LintTerms& terms, Findings& findings) {
  if (role.playlists && !role.multivariant) {
    lint_playlist_lifetime(location, terms, findings);
    lint_told_lifetime(location, terms, findings);
  }
  if (role.playlists || role.segments) {
    lint_negative(location, findings);
    lint_patience(location, role, terms, findings);
    lint_connections(location, terms, findings);
    lint_uses(location, findings);
    lint_updating(location, findings);
  }
  lint_stale(location, findings);
  if (location.ignore_headers.has(IgnoredField::kCacheControl) && location.cache_valid.empty()) {
    findings.add(place_of(location, "proxy_ignore_headers"),
                 "\"proxy_ignore_headers\" Cache-Control without \"proxy_cache_valid\": nothing says how long to keep "
                 "a response, so every request reaches the origin");
  }
}

}  // namespace levee::conf
