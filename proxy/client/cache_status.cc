#include "proxy/client/cache_status.h"

namespace levee {
namespace {

CacheStatus::Forward forward_of(const CacheNote& note) {
  using Forward = CacheStatus::Forward;
  switch (note.use) {
    case CacheUse::kNone:
    case CacheUse::kStale:
    case CacheUse::kUpdating:
    case CacheUse::kHit:
      return Forward::kNone;
    case CacheUse::kPass:
    case CacheUse::kBypass:
      return note.forward == Forward::kNone ? Forward::kBypass : note.forward;
    case CacheUse::kMiss:
      return note.forward == Forward::kNone ? Forward::kMiss : note.forward;
    case CacheUse::kExpired:
    case CacheUse::kRevalidated:
      return Forward::kStale;
  }
  return Forward::kNone;
}

constexpr std::string_view kName = "Levee";

}  // namespace

std::string_view word_of(CacheUse use) {
  switch (use) {
    case CacheUse::kNone:
    case CacheUse::kPass:
      return {};
    case CacheUse::kMiss:
      return "MISS";
    case CacheUse::kBypass:
      return "BYPASS";
    case CacheUse::kExpired:
      return "EXPIRED";
    case CacheUse::kRevalidated:
      return "REVALIDATED";
    case CacheUse::kStale:
      return "STALE";
    case CacheUse::kUpdating:
      return "UPDATING";
    case CacheUse::kHit:
      return "HIT";
  }
  return {};
}

std::string_view detail_of(Failure why) {
  switch (why) {
    case Failure::kAbandoned:
      return "abandoned";
    case Failure::kConnect:
      return "connect";
    case Failure::kTimeout:
      return "timeout";
    case Failure::kReset:
      return "reset";
    case Failure::kInvalid:
      return "invalid";
    case Failure::kCut:
      return "cut";
    case Failure::kOverloaded:
      return "overloaded";
    case Failure::kChanged:
      return "changed";
    case Failure::kOriginStatus:
      return "origin-status";
  }
  return {};
}

void write_cache_status(HeadWriter& out, const CacheNote& note, const Entry& entry, int64_t now) {
  if (note.use == CacheUse::kNone) return;
  CacheStatus status;
  status.cache = kName;
  status.forward = forward_of(note);
  status.hit = status.forward == CacheStatus::Forward::kNone;
  status.detail = note.detail;
  const bool revalidated = note.use == CacheUse::kRevalidated;
  if (!status.hit) status.forward_status = revalidated ? 304 : entry.status;
  status.collapsed = note.collapsed;
  status.stored = !status.hit && !note.alone && entry.keep;
  if (!note.alone) status.key = note.key;
  if (status.hit || status.stored) {
    status.has_ttl = true;
    status.ttl = entry.fresh_for(now);
  }
  write_cache_status(out, status);
}

void write_cache_status(HeadWriter& out, const CacheNote& note) {
  if (note.use == CacheUse::kNone) return;
  CacheStatus status;
  status.cache = kName;
  status.forward = forward_of(note);
  status.collapsed = note.collapsed;
  status.detail = note.detail;
  write_cache_status(out, status);
}

}  // namespace levee
