// How the cache came into an answer, in nginx's word and in RFC 9211's. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "cache/entry.h"
#include "cache/flight.h"
#include "proxy/http/writer.h"

namespace levee {

// $upstream_cache_status. Who waits for somebody else's fetch is told what that fetch is, as nginx tells those behind
// its lock; that it was collapsed is in $cache_status and Cache-Status.
enum class CacheUse : uint8_t {
  kNone,  // no cache, no origin
  kPass,  // an origin, no cache
  kMiss,
  kBypass,
  kExpired,      // fetched anew
  kRevalidated,  // the origin said that the stored one is still good
  kStale,        // stale, since the origin failed
  kUpdating,     // stale, while it is fetched anew
  kHit,
};
std::string_view word_of(CacheUse use);  // empty for kNone and kPass

// What a request came to in the cache.
struct CacheNote {
  CacheUse use = CacheUse::kNone;
  bool collapsed = false;
  bool alone = false;                                          // fetched for this client only, and not stored
  std::string_view detail;                                     // a token of static storage, or empty
  std::string_view key;                                        // as it may be shown, or empty
  CacheStatus::Forward forward = CacheStatus::Forward::kNone;  // why it was, if not by `use` alone
};

// A token for Cache-Status; of static storage.
std::string_view detail_of(Failure why);

// Writes the Cache-Status line for an entry sent now. Nothing for kNone.
void write_cache_status(HeadWriter& out, const CacheNote& note, const Entry& entry, int64_t now);
// ... for an answer of our own making, with what went wrong.
void write_cache_status(HeadWriter& out, const CacheNote& note);

}  // namespace levee
