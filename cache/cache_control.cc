#include "cache/cache_control.h"

#include <algorithm>

#include "cache/structured.h"

namespace levee {
namespace {

constexpr int64_t kForever = INT64_MAX / 4;  // ms; room to add several without overflow

bool is_space(char c) {
  return c == ' ' || c == '\t';
}
std::string_view stripped(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}
std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

struct Directive {
  std::string_view name;
  std::string_view value;  // as it stands, quotes included
  bool has_value = false;
};
Directive split(std::string_view member) {
  const size_t equals = member.find('=');
  if (equals == std::string_view::npos) return {stripped(member), {}, false};
  // The name is taken without whitespace, the value with it: "max-age =5" is max-age, and "max-age= 5" is not a number.
  return {stripped(member.substr(0, equals)), member.substr(equals + 1), true};
}

// The first of repeated values counts (RFC 9111 section 4.2.1); one that cannot be read is 0.
void set_once(std::optional<int64_t>& to, const Directive& directive) {
  if (!to) to = parse_delta_seconds(directive.value).value_or(0);
}

// private or no-cache, perhaps about some fields only. Of several such lists one can be kept: more are taken as about
// the whole response, which is on the safe side.
void set_qualified(bool& whole, std::string_view& names, const Directive& directive) {
  const std::string_view list = unquoted(directive.value);
  ListReader reader(list);
  bool tokens = reader.next().has_value();
  for (ListReader again(list); const auto name = again.next();) tokens = tokens && is_token(*name);
  if (directive.has_value && tokens && names.empty()) {
    names = list;
  } else {
    whole = true;
  }
}

void apply(CacheControl& control, const Directive& directive) {
  const auto is = [&](std::string_view name) { return same_name(directive.name, name); };
  control.present = true;
  if (is("public")) {
    control.is_public = true;
  } else if (is("private")) {
    set_qualified(control.is_private, control.private_fields, directive);
  } else if (is("no-store")) {
    control.no_store = true;
  } else if (is("no-cache")) {
    set_qualified(control.no_cache, control.no_cache_fields, directive);
  } else if (is("must-revalidate")) {
    control.must_revalidate = true;
  } else if (is("proxy-revalidate")) {
    control.proxy_revalidate = true;
  } else if (is("must-understand")) {
    control.must_understand = true;
  } else if (is("immutable")) {
    control.immutable = true;
  } else if (is("max-age")) {
    set_once(control.max_age, directive);
  } else if (is("s-maxage")) {
    set_once(control.s_maxage, directive);
  } else if (is("stale-while-revalidate")) {
    set_once(control.stale_while_revalidate, directive);
  } else if (is("stale-if-error")) {
    set_once(control.stale_if_error, directive);
  }
}

// A dictionary may repeat a key, and then the last counts: what an earlier one said is taken back.
void forget(CacheControl& control, std::string_view key) {
  if (key == "max-age") control.max_age.reset();
  if (key == "s-maxage") control.s_maxage.reset();
  if (key == "stale-while-revalidate") control.stale_while_revalidate.reset();
  if (key == "stale-if-error") control.stale_if_error.reset();
  if (key == "no-store") control.no_store = false;
  if (key == "public") control.is_public = false;
  if (key == "private") control.is_private = false;
  if (key == "no-cache") control.no_cache = false;
  if (key == "must-revalidate") control.must_revalidate = false;
  if (key == "proxy-revalidate") control.proxy_revalidate = false;
  if (key == "must-understand") control.must_understand = false;
  if (key == "immutable") control.immutable = false;
}

// Durations must be Integers, flags are true without a value. What has another type does not count (RFC 9213
// section 2.1).
void apply_member(CacheControl& control, const Member& member) {
  forget(control, member.key);
  const bool takes_number = member.key == "max-age" || member.key == "s-maxage" ||
                            member.key == "stale-while-revalidate" || member.key == "stale-if-error";
  if (const auto* number = std::get_if<int64_t>(&member.value); number != nullptr && takes_number) {
    const int64_t ms = *number < 0 ? 0 : *number > kForever / 1000 ? kForever : *number * 1000;
    if (member.key == "max-age") control.max_age = ms;
    if (member.key == "s-maxage") control.s_maxage = ms;
    if (member.key == "stale-while-revalidate") control.stale_while_revalidate = ms;
    if (member.key == "stale-if-error") control.stale_if_error = ms;
  } else if (const bool* flag = std::get_if<bool>(&member.value); flag != nullptr && *flag && !takes_number) {
    apply(control, {member.key, {}, false});
  } else if (const auto* names = std::get_if<QuotedString>(&member.value); names != nullptr && !takes_number) {
    apply(control, {member.key, names->escaped, true});
  }
}

constexpr std::string_view kSurrogate = "levee";  // what we call ourselves in Surrogate-Capability

}  // namespace

std::optional<int64_t> parse_delta_seconds(std::string_view text) {
  text = unquoted(text);
  if (text.empty()) return std::nullopt;
  int64_t seconds = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    seconds = std::min<int64_t>(seconds * 10 + (c - '0'), kForever / 1000);
  }
  return seconds * 1000;
}

CacheControl parse_cache_control(const Fields& response) {
  CacheControl control;
  response.for_each_member(FieldId::kCacheControl, [&](std::string_view member) {
    apply(control, split(member));
    return true;
  });
  return control;
}

bool lists_name(std::string_view names, std::string_view name) {
  ListReader list(names);
  while (const auto one = list.next()) {
    if (same_name(*one, name)) return true;
  }
  return false;
}

std::optional<CacheControl> parse_cdn_cache_control(const Fields& response) {
  CacheControl control;
  // Several lines are one dictionary (RFC 8941 section 4.2); each line holds whole members.
  for (size_t i = response.first(FieldId::kCdnCacheControl); i < response.size(); i = response.next(i)) {
    DictionaryReader reader(response[i].value);
    while (const auto member = reader.next()) {
      apply_member(control, *member);
      control.present = true;
    }
    if (reader.malformed()) return std::nullopt;
  }
  return control.present ? std::optional(control) : std::nullopt;
}

std::optional<CacheControl> parse_surrogate_control(const Fields& response) {
  CacheControl control;
  response.for_each_member(FieldId::kSurrogateControl, [&](std::string_view member) {
    const size_t target = member.find(';');
    if (target != std::string_view::npos && !same_name(stripped(member.substr(target + 1)), kSurrogate)) return true;
    Directive directive = split(stripped(member.substr(0, target)));
    // max-age=300+600: fresh for 300, then stale while it is fetched anew for 600.
    if (const size_t plus = directive.value.find('+');
        same_name(directive.name, "max-age") && plus != std::string_view::npos) {
      set_once(control.stale_while_revalidate, {directive.name, directive.value.substr(plus + 1), true});
      directive.value = directive.value.substr(0, plus);
    }
    if (same_name(directive.name, "no-store-remote")) directive.name = "no-store";
    if (same_name(directive.name, "max-age") || same_name(directive.name, "no-store")) apply(control, directive);
    return true;
  });
  return control.present ? std::optional(control) : std::nullopt;
}

}  // namespace levee
