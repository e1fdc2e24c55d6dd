// Directives of the cache: zones, keys, what is stored for how long, what may be stale.
#include "conf/block.h"

namespace levee::conf {
namespace {

constexpr uint64_t kLeastZone = 1U << 20U;
constexpr uint64_t kUsualZone = 64U << 20U;

Outcome add_zone(Scope& scope, CacheZone zone) {
  if (zone.ram < kLeastZone) return Fault{"zone \"" + zone.name + "\" is too small"};
  const std::string name = zone.name;
  if (!scope.config.http.zones.emplace(name, std::move(zone)).second) return Fault{"duplicate zone \"" + name + "\""};
  return std::nullopt;
}

constexpr Parameter<CacheZone> kZoneParameters[] = {{"ram=", take<&CacheZone::ram, bytes>}};

Outcome add_cache_zone(Scope& scope, const Line& line) {
  CacheZone zone;
  zone.name = line[1];
  zone.place = line.node.place;
  if (auto fault = apply_parameters<CacheZone>(zone, kZoneParameters, line.from(2))) return fault;
  if (zone.ram == 0) return Fault{"\"cache_zone\" must have \"ram\" parameter"};
  return add_zone(scope, std::move(zone));
}

// keys_zone=name:size. The size is that of nginx's table of keys, which we do not have.
bool take_keys_zone(CacheZone& zone, std::string_view value) {
  const size_t colon = value.find(':');
  if (colon == 0 || colon == std::string_view::npos || !bytes(value.substr(colon + 1))) return false;
  zone.name = value.substr(0, colon);
  return true;
}

constexpr Parameter<CacheZone> kPathParameters[] = {
    {"keys_zone=", take_keys_zone},
    {"ram=", take<&CacheZone::ram, bytes>},
    {"levels=", take<&CacheZone::levels, text>},
    {"inactive=", take<&CacheZone::inactive, duration>},
    {"max_size=", take<&CacheZone::disk, bytes>},
    {"use_temp_path=", skip<CacheZone>},
    {"min_free=", skip<CacheZone>},
    {"manager_files=", skip<CacheZone>},
    {"manager_sleep=", skip<CacheZone>},
    {"manager_threshold=", skip<CacheZone>},
    {"loader_files=", skip<CacheZone>},
    {"loader_sleep=", skip<CacheZone>},
    {"loader_threshold=", skip<CacheZone>},
};

Outcome add_cache_path(Scope& scope, const Line& line) {
  CacheZone zone;
  zone.path = line[1];
  zone.place = line.node.place;
  if (auto fault = apply_parameters<CacheZone>(zone, kPathParameters, line.from(2))) return fault;
  if (zone.name.empty()) return Fault{"\"proxy_cache_path\" must have \"keys_zone\" parameter"};
  if (zone.ram == 0) zone.ram = kUsualZone;
  scope.config.warnings.push_back({zone.place, "zone \"" + zone.name + "\" keeps nothing on disk yet: " +
                                                   std::to_string(zone.ram >> 20U) + "m of memory"});
  return add_zone(scope, std::move(zone));
}

Parsed<std::string> zone_name(Scope& scope, const Line& line) {
  if (line[1] == "off") return std::string();
  if (!scope.config.http.zones.contains(line[1])) return Fault{"\"proxy_cache\" zone \"" + line[1] + "\" is unknown"};
  return line[1];
}

// [code ... | any] time
Parsed<std::vector<CacheValid>> cache_valid(Scope& /*scope*/, const Line& line) {
  const std::string& last = line[line.size() - 1];
  const auto time = duration(last);
  if (!time) return Fault{"invalid time value \"" + last + "\""};
  const Place& place = line.node.place;
  if (line.size() == 2) return std::vector<CacheValid>{{200, *time, place}, {301, *time, place}, {302, *time, place}};
  std::vector<CacheValid> result;
  for (size_t i = 1; i + 1 < line.size(); ++i) {
    const auto status = line[i] == "any" ? 0 : count(line[i]);
    if (!status || (*status != 0 && (*status < 100 || *status > 599)) || (*status == 0 && line[i] != "any")) {
      return Fault{"invalid status \"" + line[i] + "\""};
    }
    result.push_back({static_cast<uint16_t>(*status), *time, place});
  }
  return result;
}

constexpr Word<CacheMethod> kMethods[] = {
    {"GET", CacheMethod::kGet}, {"HEAD", CacheMethod::kHead}, {"POST", CacheMethod::kPost}};

Parsed<Words<CacheMethod>> cache_methods(Scope& scope, const Line& line) {
  auto methods = words<kMethods>(scope, line);
  if (auto* given = std::get_if<Words<CacheMethod>>(&methods)) {
    given->add(CacheMethod::kGet);
    given->add(CacheMethod::kHead);
  }
  return methods;
}

// string ... | on | off [secret=file] [from all | address ...]
Parsed<CachePurge> cache_purge(Scope& scope, const Line& line) {
  CachePurge purge;
  if (line.size() == 2 && line[1] == "off") return purge;
  purge.on = true;
  size_t at = 1;
  for (; at < line.size() && line[at] != "from"; ++at) {
    const std::string& word = line[at];
    if (word.starts_with("secret=")) {
      purge.secret_file = word.substr(std::string_view("secret=").size());
      if (purge.secret_file.empty()) return invalid_parameter(word);
      continue;
    }
    auto condition = expression(scope, word);
    if (auto* fault = std::get_if<Fault>(&condition)) return std::move(*fault);
    purge.conditions.push_back(std::move(std::get<Expression>(condition)));
  }
  if (at + 1 == line.size()) return Fault{"\"proxy_cache_purge\" must have addresses after \"from\""};
  for (++at; at < line.size(); ++at) {
    const auto block = parse_address_block(line[at]);
    if (!block) return invalid_parameter(line[at]);
    purge.from.push_back(*block);
  }
  return purge;
}

constexpr Word<Trouble> kStaleWords[] = {
    {"error", Trouble::kError},
    {"timeout", Trouble::kTimeout},
    {"invalid_header", Trouble::kInvalidHeader},
    {"updating", Trouble::kUpdating},
    {"http_500", Trouble::kHttp500},
    {"http_502", Trouble::kHttp502},
    {"http_503", Trouble::kHttp503},
    {"http_504", Trouble::kHttp504},
    {"http_403", Trouble::kHttp403},
    {"http_404", Trouble::kHttp404},
    {"http_429", Trouble::kHttp429},
    {"overloaded", Trouble::kOverloaded},
    {"off", Trouble{}},
};

// Whoever serves stale in trouble does so too when the origin is at its limit.
Parsed<Words<Trouble>> use_stale(Scope& scope, const Line& line) {
  auto troubles = words<kStaleWords>(scope, line);
  if (auto* given = std::get_if<Words<Trouble>>(&troubles); given != nullptr && given->any()) {
    given->add(Trouble::kOverloaded);
  }
  return troubles;
}

const Directive kDirectives[] = {
    {"cache_zone", kHttp, 2, kNone, declare<add_cache_zone>,
     "Names a cache in memory and says how large it is, everything counted: cache_zone live ram=256m."},
    {"proxy_cache_path",
     kHttp,
     {2, kMany},
     kNone,
     declare<add_cache_path>,
     "Names a cache as nginx does; ram= is its memory (64m if not given). Nothing is kept on disk yet."},
    {"proxy_cache", kAny, 1, "off", set<&Location::cache, zone_name>, "The zone that keeps responses, or off."},
    {"proxy_cache_key", kAny, 1, "$scheme$proxy_host$request_uri", set<&Location::cache_key, expression_word>,
     "What a response is kept under."},
    {"proxy_cache_valid",
     kAny,
     {1, kMany},
     kNone,
     add_all<&Location::cache_valid, cache_valid>,
     "How long responses without a lifetime of their own are fresh, by status (or any): proxy_cache_valid 404 500ms."},
    {"proxy_cache_methods",
     kAny,
     {1, kMany},
     "GET HEAD",
     set<&Location::cache_methods, cache_methods>,
     "Methods whose responses are kept."},
    {"proxy_cache_min_uses", kAny, 1, "1", set<&Location::cache_min_uses, some>,
     "Requests after which a response is kept."},
    {"proxy_cache_bypass",
     kAny,
     {1, kMany},
     kNone,
     add_all<&Location::cache_bypass, expressions>,
     "If any of these is neither empty nor 0, the origin is asked though a response is kept."},
    {"proxy_no_cache",
     kAny,
     {1, kMany},
     kNone,
     add_all<&Location::no_cache, expressions>,
     "If any of these is neither empty nor 0, the response is not kept."},
    {"proxy_cache_purge",
     kAny,
     {1, kMany},
     kNone,
     set<&Location::cache_purge, cache_purge>,
     "Who may PURGE what is kept: strings of which one must be neither empty nor 0 (or on, off), secret= a file, from "
     "addresses or blocks; all that is given must hold."},
    {"proxy_cache_lock", kAny, 1, "on", set<&Location::cache_lock, flag>,
     "One fetch for all who ask for the same key; on, unlike nginx's."},
    {"proxy_cache_lock_timeout", kAny, 1, "10s", set<&Location::cache_lock_timeout, duration>,
     "How long a request waits for the first byte of somebody else's fetch. Then it gets the stale copy or 504: nobody "
     "goes "
     "round the lock."},
    {"proxy_cache_lock_age", kAny, 1, "5s", set<&Location::cache_lock_age, duration>,
     "Accepted; a fetch ends by its own time-outs, and nobody else starts a second one."},
    {"proxy_cache_lock_waiters", kAny, 1, "0", set<&Location::cache_lock_waiters, count>,
     "Requests that may wait for one fetch; 0: any number."},
    {"proxy_cache_use_stale",
     kAny,
     {1, kMany},
     "error",
     set<&Location::use_stale, use_stale>,
     "When a stale copy is the answer: error, timeout, invalid_header, updating, http_500 ..., overloaded (implied by "
     "any other), off. Unlike nginx's: when there is no connection to be had (RFC 9111 section 4.2.4), unless the "
     "response forbids it."},
    {"proxy_cache_background_update", kAny, 1, "on", set<&Location::cache_background_update, flag>,
     "Whoever finds a copy stale that may be served gets it at once, and the refresh goes on behind; on, unlike "
     "nginx's."},
    {"proxy_cache_revalidate", kAny, 1, "on", set<&Location::cache_revalidate, flag>,
     "Refresh with If-None-Match and If-Modified-Since; on, unlike nginx's."},
    {"proxy_cache_convert_head", kAny, 1, "on", set<&Location::cache_convert_head, flag>,
     "Ask the origin with GET when a HEAD is to be kept."},
    {"proxy_cache_max_range_offset", kAny, 1, kNone, ignored,
     "Accepted and not needed: ranges join the whole's fetch."},
    {"cache_request_directives", kAny, 1, "off", set<&Location::cache_request_directives, flag>,
     "Whether a client's Cache-Control (no-cache, max-age, only-if-cached ...) is obeyed. Off: viewers cannot reach "
     "the origin."},
    {"slice", kAny, 1, "0", set<&Location::slice, bytes>,
     "Fetch and keep large responses in parts of this size, each collapsed and cached like any response; 0: whole. "
     "Neither $slice_range in the key nor proxy_set_header Range is needed."},
};

}  // namespace

std::span<const Directive> cache_directives() {
  return kDirectives;
}

}  // namespace levee::conf
