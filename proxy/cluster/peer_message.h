// What one node of a PoP asks another, and what it is answered. Pure.
//
// The question is a GET with Levee-Secret, Levee-Zone and Levee-Key, and the fields of the viewer's request, which
// select the variant; Levee-Slice if slices of that size are of use; Levee-Purges if the peer must have carried out
// purges up to there; Range and If-Range if it goes on where something broke. The answer says in Levee-Peer what it is:
//
//   entry ...         the response follows, with all that its fields do not say of its lifetime; a slice as 206
//   absent            this node neither has it nor fetches it
//   uncacheable MS    it is not for sharing
//   fault ...         its fetch failed just now
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "cache/flight.h"
#include "cache/freshness.h"

namespace levee {

inline constexpr std::string_view kPeerTarget = "/levee-peer";
inline constexpr std::string_view kPeerSecretField = "Levee-Secret";
inline constexpr std::string_view kPeerZoneField = "Levee-Zone";
inline constexpr std::string_view kPeerKeyField = "Levee-Key";
inline constexpr std::string_view kPeerSliceField = "Levee-Slice";
inline constexpr std::string_view kPeerPurgesField = "Levee-Purges";
inline constexpr std::string_view kPeerAnswerField = "Levee-Peer";

struct PeerQuestion {
  std::string_view secret, zone, key;
  std::string_view host;    // the peer's address
  std::string_view fields;  // the viewer's, a line each
  uint64_t offset = 0;      // of the first byte that is wanted
  std::string_view if_range;
  std::string_view purges = {};  // a PurgeMark: what the peer must have carried out; empty: no matter
  uint64_t slice = 0;            // bytes of the slices that are of use; 0: only the whole is
};
// Whether a question can carry all these fields of a viewer's, of which any may select the variant.
bool fits_question(std::string_view fields);
// The whole request head.
std::string format_question(const PeerQuestion& question);
// A key as Levee-Key has it, and back; nothing: it is none.
std::string escape_key(std::string_view key);
std::optional<std::string> unescape_key(std::string_view text);

struct PeerEntry {
  Lifetime lifetime;               // initial_age: the age when it was sent
  int64_t waited = 0;              // ms between the question's arrival and this answer
  bool keep = true;                // false: shared with those who wait, but not stored
  uint64_t slice = 0, series = 0;  // as in Part; 0: it is the whole
};
struct PeerAbsent {};
struct PeerUncacheable {
  int64_t remember = 0;  // ms
};
using PeerAnswer = std::variant<PeerEntry, PeerAbsent, PeerUncacheable, Fault>;
std::string format_answer(const PeerAnswer& answer);
// Nothing: no peer speaks so.
std::optional<PeerAnswer> parse_answer(std::string_view text);

}  // namespace levee
