#include "cache/freshness.h"

#include <algorithm>
#include <cstdlib>

#include "cache/cache_control.h"
#include "cache/date.h"
#include "cache/vary.h"

namespace levee {
namespace {

// Statuses whose meaning for a cache we know (RFC 9111 section 5.2.2.3): the final ones of RFC 9110 and its companions,
// without 206 and 304.
bool is_understood(int status) {
  switch (status) {
    case 200:
    case 201:
    case 202:
    case 203:
    case 204:
    case 205:
    case 300:
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
    case 400:
    case 401:
    case 402:
    case 403:
    case 404:
    case 405:
    case 406:
    case 407:
    case 408:
    case 409:
    case 410:
    case 411:
    case 412:
    case 413:
    case 414:
    case 415:
    case 417:
    case 421:
    case 422:
    case 426:
    case 428:
    case 429:
    case 431:
    case 451:
    case 500:
    case 501:
    case 502:
    case 503:
    case 504:
    case 505:
    case 511:
      return true;
    default:
      return false;
  }
}

// Of whom we take the directives: the most specific field that is there and counts.
struct Source {
  CacheControl control;
  bool targeted = false;       // not Cache-Control, so that Expires does not count either
  bool from_operator = false;  // X-Accel-Expires: time runs from when the response came, whatever Age says
};

// X-Accel-Expires as nginx reads it: seconds from now, or "@" and seconds since 1970; 0: do not store.
std::optional<int64_t> accel_expires(const Fields& response, const Times& times) {
  std::string_view text = response.get(FieldId::kXAccelExpires);
  const bool absolute = text.starts_with('@');
  if (absolute) text.remove_prefix(1);
  if (text.starts_with('"')) return std::nullopt;
  const auto value = parse_delta_seconds(text);
  if (!value || !absolute) return value;
  return std::max<int64_t>(saturating_subtract(*value, times.wall_response), 0);
}

Source source_of(const Fields& response, const Times& times, const Hints& hints) {
  Source source;
  if (response.has(FieldId::kXAccelExpires) && !hints.ignore_x_accel_expires) {
    if (const auto expires = accel_expires(response, times)) {
      source.targeted = source.from_operator = source.control.present = true;
      source.control.max_age = *expires;
      source.control.no_store = *expires == 0;
      return source;
    }
  }
  if (hints.ignore_cache_control) return source;
  for (const auto parse : {parse_cdn_cache_control, parse_surrogate_control}) {
    if (const auto control = parse(response)) {
      source.control = *control;
      source.targeted = true;
      return source;
    }
  }
  source.control = parse_cache_control(response);
  return source;
}

// RFC 9111 section 4.2.3, with corrected_age_value as the initial age: apparent_age would make responses of an origin
// with a slow clock look old.
int64_t initial_age(const Fields& response, const Times& times) {
  int64_t age = 0;
  response.for_each_member(FieldId::kAge, [&](std::string_view member) {
    const auto value = member.starts_with('"') ? std::nullopt : parse_delta_seconds(member);
    age = value.value_or(0);
    return !value.has_value();  // the first valid one counts
  });
  return saturating_add(age, std::max<int64_t>(saturating_subtract(times.response, times.request), 0));
}

std::optional<int64_t> date_of(const Fields& response, FieldId id, const Times& times) {
  const auto seconds = parse_date(response.get(id), times.wall_response / 1000);
  if (!seconds) return std::nullopt;
  return *seconds * 1000;
}

// RFC 9111 section 4.2.1 and, failing that, 4.2.2.
void set_freshness(Lifetime& lifetime, int status, const Fields& response, const Source& source, const Times& times,
                   const Hints& hints) {
  const CacheControl& control = source.control;
  lifetime.explicit_freshness = true;
  if (control.s_maxage || control.max_age) {
    lifetime.fresh_for = control.s_maxage ? *control.s_maxage : *control.max_age;
    if (source.from_operator) lifetime.fresh_for = saturating_add(lifetime.fresh_for, lifetime.initial_age);
    return;
  }
  const int64_t date = date_of(response, FieldId::kDate, times).value_or(times.wall_response);
  if (!source.targeted && !hints.ignore_expires && response.has(FieldId::kExpires)) {
    const auto expires = date_of(response, FieldId::kExpires, times);  // of several lines the first counts
    lifetime.fresh_for = expires ? std::max<int64_t>(saturating_subtract(*expires, date), 0) : 0;
    return;
  }
  if (hints.valid) {
    lifetime.fresh_for = saturating_add(std::max<int64_t>(*hints.valid, 0), lifetime.initial_age);
    return;
  }
  lifetime.explicit_freshness = false;
  if (!is_heuristically_cacheable(status) && !control.is_public) return;
  const auto modified = date_of(response, FieldId::kLastModified, times);
  if (modified && *modified < date) {
    lifetime.fresh_for = saturating_subtract(date, *modified) / 10;
    lifetime.heuristic = true;
  }
}

Refusal refusal_of_request(int status, const RequestFacts& request, bool explicit_freshness) {
  switch (request.method) {
    case RequestFacts::Method::kGet:
    case RequestFacts::Method::kHead:
      break;
    case RequestFacts::Method::kPost:  // RFC 9110 section 9.3.3
      if (!explicit_freshness || !request.content_location_is_target) return Refusal::kMethod;
      break;
    case RequestFacts::Method::kOther:
      return Refusal::kMethod;
  }
  if (status < 200) return Refusal::kInterim;
  if (status == 206 || status == 304 || status == 416) return Refusal::kPartial;
  return request.no_store ? Refusal::kRequestNoStore : Refusal::kNone;
}

// RFC 9111 section 3.
Refusal refusal_of_response(int status, const Fields& response, const RequestFacts& request,
                            const CacheControl& control, const Hints& hints) {
  if (control.must_understand && !is_understood(status)) return Refusal::kMustUnderstand;
  if (control.no_store && !control.must_understand) return Refusal::kNoStore;
  if (control.is_private) return Refusal::kPrivate;
  const bool for_all = control.is_public || control.s_maxage.has_value();
  if (request.authorized && !for_all && !control.must_revalidate) return Refusal::kAuthorization;
  if (response.has(FieldId::kSetCookie) && !hints.ignore_set_cookie && !for_all &&
      !lists_name(control.private_fields, "Set-Cookie") && !lists_name(control.no_cache_fields, "Set-Cookie")) {
    return Refusal::kSetCookie;
  }
  if (!hints.ignore_vary && !vary_names(response)) return Refusal::kVaryStar;
  return Refusal::kNone;
}

// Whether there is any use in keeping it.
Refusal refusal_of_lifetime(int status, const Fields& response, const CacheControl& control, const Lifetime& lifetime) {
  const bool can_be_validated = response.has(FieldId::kETag) || (response.has(FieldId::kLastModified) &&
                                                                 parse_date(response.get(FieldId::kLastModified)));
  if (!lifetime.explicit_freshness && !lifetime.heuristic) {
    const bool storable = is_heuristically_cacheable(status) || control.is_public;
    return storable && can_be_validated ? Refusal::kNone : Refusal::kNoFreshness;
  }
  if (can_be_validated) return Refusal::kNone;
  if (lifetime.always_validate) return Refusal::kExpired;
  const int64_t window = std::max(lifetime.stale_while_revalidate, lifetime.stale_if_error);
  return saturating_add(lifetime.fresh_for, window) > lifetime.initial_age ? Refusal::kNone : Refusal::kExpired;
}

// An error that says nothing of its own freshness holds for those who asked at the same moment, so that a crowd at a
// missing segment costs one fetch.
bool is_error_for_all(int status) {
  return status == 404 || status == 410 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

}  // namespace

std::string_view describe(Refusal why) {
  switch (why) {
    case Refusal::kNone:
      return "storable";
    case Refusal::kMethod:
      return "method";
    case Refusal::kInterim:
      return "interim";
    case Refusal::kRequestNoStore:
      return "request-no-store";
    case Refusal::kNoStore:
      return "no-store";
    case Refusal::kPrivate:
      return "private";
    case Refusal::kAuthorization:
      return "authorization";
    case Refusal::kSetCookie:
      return "set-cookie";
    case Refusal::kVaryStar:
      return "vary-star";
    case Refusal::kPartial:
      return "partial";
    case Refusal::kMustUnderstand:
      return "must-understand";
    case Refusal::kNoFreshness:
      return "no-freshness";
    case Refusal::kExpired:
      return "expired";
  }
  std::abort();
}

Verdict judge(int status, const Fields& response, const RequestFacts& request, const Times& times, const Hints& hints) {
  const Source source = source_of(response, times, hints);
  const CacheControl& control = source.control;
  Verdict verdict;
  Lifetime& lifetime = verdict.lifetime;
  lifetime.initial_age = initial_age(response, times);
  set_freshness(lifetime, status, response, source, times, hints);
  lifetime.always_validate = control.no_cache;
  lifetime.must_revalidate = control.must_revalidate || control.proxy_revalidate || control.s_maxage.has_value();
  lifetime.immutable = control.immutable;
  if (!lifetime.must_revalidate && !lifetime.always_validate) {
    lifetime.stale_while_revalidate = control.stale_while_revalidate.value_or(0);
    lifetime.stale_if_error = std::max(control.stale_if_error.value_or(0), hints.stale_if_error.value_or(0));
  }

  verdict.refusal = refusal_of_request(status, request, lifetime.explicit_freshness);
  if (verdict.refusal == Refusal::kNone) {
    verdict.refusal = refusal_of_response(status, response, request, control, hints);
  }
  if (verdict.refusal == Refusal::kNone) verdict.refusal = refusal_of_lifetime(status, response, control, lifetime);

  // Who says that it is stale at once has not said that it is for one client alone.
  const bool only_unfresh = (verdict.refusal == Refusal::kNoFreshness && is_error_for_all(status)) ||
                            (verdict.refusal == Refusal::kExpired && (status == 200 || is_error_for_all(status)));
  verdict.shareable = verdict.storable() || (only_unfresh && !lifetime.always_validate);
  verdict.uncacheable = status < 400 && !verdict.shareable && verdict.refusal != Refusal::kMethod &&
                        verdict.refusal != Refusal::kInterim && verdict.refusal != Refusal::kPartial &&
                        verdict.refusal != Refusal::kAuthorization && verdict.refusal != Refusal::kRequestNoStore;
  return verdict;
}

bool is_withheld(const Fields& response, const Field& field, const Hints& hints) {
  if (hints.ignore_cache_control || !response.has(FieldId::kCacheControl)) return false;
  const CacheControl control = parse_cache_control(response);
  return lists_name(control.private_fields, field.name) || lists_name(control.no_cache_fields, field.name);
}

RequestDirectives request_directives(const Fields& request) {
  RequestDirectives wanted;
  if (!request.has(FieldId::kCacheControl)) {
    wanted.no_cache = request.has_member(FieldId::kPragma, "no-cache");
    return wanted;
  }
  request.for_each_member(FieldId::kCacheControl, [&](std::string_view member) {
    const size_t equals = member.find('=');
    const std::string_view name = member.substr(0, equals);
    const bool has_value = equals != std::string_view::npos;
    const auto value = parse_delta_seconds(has_value ? member.substr(equals + 1) : std::string_view());
    if (same_name(name, "no-cache")) wanted.no_cache = true;
    if (same_name(name, "no-store")) wanted.no_store = true;
    if (same_name(name, "only-if-cached")) wanted.only_if_cached = true;
    if (same_name(name, "max-age")) wanted.max_age = value.value_or(0);
    if (same_name(name, "min-fresh") && value) wanted.min_fresh = value;
    if (same_name(name, "max-stale")) wanted.max_stale = has_value ? value.value_or(0) : INT64_MAX;
    return true;
  });
  return wanted;
}

bool satisfies(const RequestDirectives& wanted, const Lifetime& lifetime, int64_t age) {
  if (wanted.no_cache || lifetime.always_validate) return false;
  const int64_t fresh_for = saturating_subtract(lifetime.fresh_for, age);  // negative: stale
  // A reload is no reason to ask for what does not change (RFC 8246 section 2); no-cache is.
  const bool may_have_changed = !lifetime.immutable || fresh_for <= 0;
  if (wanted.max_age && age > *wanted.max_age && may_have_changed) return false;
  if (wanted.min_fresh && fresh_for < *wanted.min_fresh) return false;
  if (fresh_for > 0) return true;
  return !lifetime.must_revalidate && wanted.max_stale && -fresh_for <= *wanted.max_stale;
}

bool is_heuristically_cacheable(int status) {
  switch (status) {
    case 200:
    case 203:
    case 204:
    case 300:
    case 301:
    case 308:
    case 404:
    case 405:
    case 410:
    case 414:
    case 501:
      return true;
    default:
      return false;
  }
}

int64_t saturating_add(int64_t a, int64_t b) {
  int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a < 0 ? INT64_MIN : INT64_MAX;
}
int64_t saturating_subtract(int64_t a, int64_t b) {
  int64_t difference;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return a < 0 ? INT64_MIN : INT64_MAX;
}

}  // namespace levee
