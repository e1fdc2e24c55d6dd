// A purge of many keys at once: all responses with one of some tags, or all whose keys begin alike.
//
// It is in force from the moment it is made, whatever it costs to find what it covers: whoever meets a response that is
// older than the newest ban looks whether one covers it, and a sweep goes over all of a store in small steps. When the
// sweep has passed, the ban is done and forgotten. Thread-safe: constant, but for its counts.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cache/budget.h"
#include "cache/tags.h"

namespace levee {

// What is to be purged.
struct Sweeping {
  Tags tags;           // any of these; none: by prefix
  std::string prefix;  // of keys; "": all
  bool soft = false;   // make stale rather than forget
};

class Ban {
 public:
  // number: later bans have larger ones, from 1 on. now: ms. shards: how many must carry it out.
  Ban(Sweeping what, uint64_t number, int64_t now, uint32_t shards, std::shared_ptr<Budget> budget);
  ~Ban();
  Ban(const Ban&) = delete;
  Ban& operator=(const Ban&) = delete;

  bool by_tag() const { return !what_.tags.empty(); }
  bool soft() const { return what_.soft; }
  uint64_t number() const { return number_; }
  int64_t made() const { return made_; }  // ms
  bool covers(std::string_view key, const Tags& tags) const {
    return by_tag() ? share_one(what_.tags, tags) : key.starts_with(what_.prefix);
  }

  // Responses that it purged, stored ones and such as were on their way.
  uint64_t purged() const { return purged_.load(std::memory_order_relaxed); }
  bool is_done() const { return shards_left_.load(std::memory_order_acquire) == 0; }

  // From shards.
  void count() const { purged_.fetch_add(1, std::memory_order_relaxed); }
  void carried_out() const { shards_left_.fetch_sub(1, std::memory_order_release); }

 private:
  size_t footprint() const;
  const Sweeping what_;
  const uint64_t number_;
  const int64_t made_;
  const std::shared_ptr<Budget> budget_;
  mutable std::atomic<uint64_t> purged_{0};
  mutable std::atomic<uint32_t> shards_left_;
};

}  // namespace levee
