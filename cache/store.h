// The entries of one zone and the flights into it, and the one decision on who fetches.
//
// Thread-safe. Sharded by key hash; lock order is shard, then flight; find() on a hit takes one shard lock, allocates
// nothing and touches nothing else. A key (and variant) never has two flights.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "cache/ban.h"
#include "cache/entry.h"
#include "cache/flight.h"
#include "cache/key.h"

namespace levee {

// How the location of a request wants it treated.
struct Rules {
  bool stale_while_updating = false;  // proxy_cache_use_stale updating: besides a response's own window
  bool background_update = true;      // the one who finds it stale gets the stale copy too, and leads a refresh
  bool stale_if_error = false;        // any error word in proxy_cache_use_stale: Lead and Follow carry the stale entry
  bool revalidate = false;   // proxy_cache_revalidate: keep stale entries with validators for a conditional request
  uint32_t min_uses = 1;     // proxy_cache_min_uses
  uint32_t max_waiters = 0;  // readers a flight may have; 0: no cap
  bool bypass = false;       // proxy_cache_bypass: do not answer from the store, but fill it
  bool only_join = false;    // for a peer: what is fresh, or on its way; never lead
};

// What a request asks of the store. `vary` renders the request's normalised values for a list of field names; it is
// called under a lock, so it must be pure.
class VarySource {
 public:
  virtual ~VarySource() = default;
  // Appends the normalised values for `names` (Entry::vary_names) to `out`.
  virtual void vary_values(std::string_view names, std::string& out) const = 0;
  // Whether this partial response is enough for the request: it asks for nothing else, or knows where the rest is.
  virtual bool takes(const Entry& /*part*/) const { return false; }
};
struct Ask {
  KeyView key;
  const VarySource& vary;
  Subscriber subscriber;
  Rules rules;
  int64_t now;  // ms
};

struct Hit {
  std::shared_ptr<const Entry> entry;
};
struct Stale {
  std::shared_ptr<const Entry> entry;
  std::optional<Flown> refresh;  // lead a refresh in the background; nothing: somebody does already
};
struct Follow {
  Reader reader;
  std::shared_ptr<const Entry> stale;  // may be answered with if the flight fails; or null
};
struct Lead {
  Writer writer;
  Reader reader;
  std::shared_ptr<const Entry> stale;  // to validate, and to fall back on if rules and response allow; or null
  std::shared_ptr<const Entry> begun;  // a part from byte 0 on with a strong validator, to be completed; or null
};
struct Pass {
  // kRefused: the origin had no room for this key just now (Failure::kOverloaded), and what is stored is of no use; the
  // crowd behind the one who was told so does not ask again.
  enum class Why : uint8_t { kUncacheable, kMinUses, kWaiters, kAbsent, kRefused } why = Why::kUncacheable;
};
// Whether a request selects this response (RFC 9111 section 4.1), and can use it if it is a part: followers ask when
// the head has come, and look up again if not.
bool matches(const Entry& entry, const VarySource& vary);

using Found = std::variant<Hit, Stale, Follow, Lead, Pass>;

struct StoreStats {
  uint64_t entries = 0, bytes = 0, capacity = 0, flights = 0;
  uint64_t hits = 0, misses = 0, stale = 0, collapsed = 0, passes = 0, evictions = 0, landed = 0, failed = 0;
  uint64_t purged = 0;  // entries, and flights that were not stored for it
  uint64_t bans = 0;    // being carried out now
};

// Who wants to know what leaves a store while nothing takes its place: evicted or purged, not replaced, not made stale.
// Called on any thread, without locks; must only note it.
class Departures {
 public:
  virtual ~Departures() = default;
  virtual void left(const std::string& store, const Entry& entry) = 0;
};

class Store {
 public:
  // capacity: bytes, everything that the zone holds counted.
  Store(std::string name, uint64_t capacity);
  ~Store();

  Found find(const Ask& ask);
  // What is there, without a decision (HEAD probes, purge, status). Null: nothing.
  std::shared_ptr<const Entry> peek(const KeyView& key, const VarySource& vary);
  // Whether a stale entry may answer now that its fetch failed (RFC 5861 section 4, and rules.stale_if_error).
  static bool may_serve_on_error(const Entry& entry, const Rules& rules, int64_t now);

  // Unsafe methods and purges: forget the key with all variants (soft: make it stale as of `now`, ms). What is on its
  // way reaches those who wait for it, but is not stored. How many variants and flights there were.
  size_t purge(const KeyView& key, bool soft, int64_t now);
  // The same for many keys: in force at once, and carried out by sweep(). What is on its way when a ban by tag is made,
  // and has no head yet, still gathers followers until its tags are known. Null: too many bans are being carried out.
  static constexpr size_t kMostBans = 128;
  std::shared_ptr<const Ban> ban(Sweeping what, int64_t now);
  // Carries out a little of the bans: takes one shard's lock for some 20 microseconds. False: nothing is left to do.
  bool sweep();
  // Null: nobody wants to know.
  void tell_departures(std::shared_ptr<Departures> who);
  // A response to one client alone turned out to be one that may be kept: the next who asks leads.
  void forget_uncacheable(const KeyView& key);
  void resize(uint64_t capacity);
  StoreStats stats() const;
  const std::string& name() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // writers outlive a store that a reload dropped
};

}  // namespace levee
