#include "proxy/origin/response.h"

#include <algorithm>
#include <array>

#include "cache/date.h"
#include "cache/store.h"
#include "cache/vary.h"
#include "proxy/http/conditional.h"
#include "proxy/http/range.h"

namespace levee {
namespace {

constexpr int64_t kRemember = 10'000;  // ms that a key is known to be uncacheable

RequestFacts facts_of(const Order& order) {
  RequestFacts facts;
  facts.method = order.method == "GET"    ? RequestFacts::Method::kGet
                 : order.method == "HEAD" ? RequestFacts::Method::kHead
                 : order.method == "POST" ? RequestFacts::Method::kPost
                                          : RequestFacts::Method::kOther;
  facts.authorized = order.authorized;
  return facts;
}

Hints hints_of(const Location& location, int status) {
  Hints hints;
  const auto ignores = [&](IgnoredField field) { return location.ignore_headers.has(field); };
  hints.ignore_cache_control = ignores(IgnoredField::kCacheControl);
  hints.ignore_expires = ignores(IgnoredField::kExpires);
  hints.ignore_x_accel_expires = ignores(IgnoredField::kXAccelExpires);
  hints.ignore_set_cookie = ignores(IgnoredField::kSetCookie);
  hints.ignore_vary = ignores(IgnoredField::kVary);
  if (const auto valid = valid_for(location, status)) hints.valid = valid->count();
  return hints;
}

bool named(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& n) { return same_name(n, name); });
}

// proxy_hide_header and proxy_pass_header.
bool is_hidden(const Location& location, const Field& field) {
  switch (field.id) {
    case FieldId::kServer:
    case FieldId::kXPad:
    case FieldId::kXAccelBuffering:
    case FieldId::kXAccelCharset:
    case FieldId::kXAccelExpires:
    case FieldId::kXAccelLimitRate:
    case FieldId::kXAccelRedirect:
      return !named(location.pass_headers, field.name);
    default:
      return named(location.hide_headers, field.name);
  }
}

void describe_content(Entry& entry, const Fields& fields) {
  if (const std::string_view etag = fields.get(FieldId::kETag); is_entity_tag(etag)) entry.etag = std::string(etag);
  entry.last_modified = parse_date(fields.get(FieldId::kLastModified));
}

}  // namespace

Heard hear(const Order& order, const ResponseHead& head, const Times& times) {
  const Fields& fields = head.fields();
  const Hints hints = hints_of(*order.location, head.status());
  const Verdict verdict = judge(head.status(), fields, facts_of(order), times, hints);

  Heard heard;
  const bool cacheable = !order.key.empty() && order.may_store;
  std::optional<std::string> names = hints.ignore_vary ? std::string() : vary_names(fields);
  heard.shared = cacheable && names && verdict.shareable;
  heard.entry = std::make_shared<Entry>();
  Entry& entry = *heard.entry;
  entry.status = head.status();
  entry.fields = StoredFields::of(fields, [&](const Field& field) {
    return is_hidden(*order.location, field) || (heard.shared && is_withheld(fields, field, hints));
  });
  if (!fields.has(FieldId::kDate)) {
    char date[kDateSize];
    format_date(times.wall_response / 1000, date);
    entry.fields.add("Date", std::string_view(date, kDateSize));
    entry.fields.trim();
  }
  if (head.has_content_length()) entry.content_length = head.content_length();
  if (head.framing().kind == Framing::Kind::kNone && order.method != "HEAD") entry.content_length = 0;
  entry.lifetime = verdict.lifetime;
  entry.response_time = times.response;
  describe_content(entry, fields);

  heard.storable = verdict.storable() && head.status() == 200;
  entry.keep = heard.shared && verdict.storable();
  entry.tags = tags_of(fields);
  if (!heard.shared) {
    heard.remember = cacheable && (!names || verdict.remember_as_uncacheable()) ? kRemember : 0;
    return heard;
  }
  if (!names->empty()) {
    entry.vary_names = *names;
    Fields request;
    request.read_lines(order.vary_source);
    vary_values(request, entry.vary_names, entry.vary_values);
  }
  return heard;
}

std::shared_ptr<Entry> renewed(const Order& order, const ResponseHead& head, const Times& times) {
  const Entry& stale = *order.stale;
  const Fields& update = head.fields();
  const std::string_view etag = update.get(FieldId::kETag);
  if (!etag.empty() && !stale.etag.empty() && !weakly_equal(etag, stale.etag)) return nullptr;

  auto entry = std::make_shared<Entry>();
  entry->key = stale.key;
  entry->hash = stale.hash;
  entry->status = stale.status;
  entry->fields = stale.fields.updated(update);
  entry->fields.trim();
  // Judged as the whole response that it now stands for; what is hidden from clients counts as well.
  std::string lines(entry->fields.text());
  for (const FieldId id : {FieldId::kXAccelExpires, FieldId::kAge}) {
    if (update.has(id)) lines.append(field_name(id)).append(": ").append(update.get(id)).append("\r\n");
  }
  Fields all;
  all.read_lines(lines);
  const Verdict verdict = judge(stale.status, all, facts_of(order), times, hints_of(*order.location, stale.status));
  if (!verdict.storable()) return nullptr;
  entry->lifetime = verdict.lifetime;
  entry->content_length = stale.content_length;
  entry->response_time = times.response;
  describe_content(*entry, all);
  const bool has_tags = update.has(FieldId::kCacheTag) || update.has(FieldId::kSurrogateKey);
  entry->tags = has_tags ? tags_of(update) : stale.tags;
  entry->vary_names = stale.vary_names;
  entry->vary_values = stale.vary_values;
  entry->body = stale.body;
  return entry;
}

std::optional<Trouble> trouble_of(int status) {
  switch (status) {
    case 403:
      return Trouble::kHttp403;
    case 404:
      return Trouble::kHttp404;
    case 429:
      return Trouble::kHttp429;
    case 500:
      return Trouble::kHttp500;
    case 502:
      return Trouble::kHttp502;
    case 503:
      return Trouble::kHttp503;
    case 504:
      return Trouble::kHttp504;
    default:
      return std::nullopt;
  }
}

bool prefers_stale(const Order& order, int status, int64_t now) {
  if (order.stale == nullptr || status < 400) return false;
  const std::optional<Trouble> trouble = trouble_of(status);
  Rules rules;
  rules.stale_if_error = trouble && order.location->use_stale.has(*trouble);
  // RFC 5861 section 4: of 500, 502, 503 and 504 stale-if-error of the response alone is enough.
  if (!rules.stale_if_error && status != 500 && status != 502 && status != 503 && status != 504) return false;
  return Store::may_serve_on_error(*order.stale, rules, now);
}

int64_t retry_after(const Fields& fields, int64_t wall_ms) {
  const std::string_view text = fields.get(FieldId::kRetryAfter);
  if (text.empty()) return 0;
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    if (text.size() > 6) return int64_t{86'400'000};
    return std::min<int64_t>(std::stoll(std::string(text)) * 1000, 86'400'000);
  }
  const std::optional<int64_t> date = parse_date(text, wall_ms / 1000);
  return date ? std::clamp<int64_t>(*date * 1000 - wall_ms, 0, 86'400'000) : 0;
}

std::optional<Resumption> resumption(const Order& order, const Entry& entry, const Framing& framing, uint64_t offset) {
  if (order.method != "GET" || order.body != nullptr || entry.status != 200 || offset == 0) return std::nullopt;
  if (framing.kind == Framing::Kind::kNone) return std::nullopt;
  if (entry.fields.find("Accept-Ranges").value_or("") == "none") return std::nullopt;
  if (!entry.etag.empty() && !entry.etag.starts_with("W/")) return Resumption{offset, entry.etag};
  // A date is a strong validator if it is a minute older than the response (RFC 9110 section 8.8.2.2).
  const auto date = parse_date(entry.fields.find("Date").value_or(""));
  if (!entry.etag.empty() || !entry.last_modified || !date || *date - *entry.last_modified < 60) return std::nullopt;
  return Resumption{offset, std::string(entry.fields.find("Last-Modified").value_or(""))};
}

Rejoin rejoin(const ResponseHead& head, const Entry& entry, const Resumption& asked, std::optional<uint64_t>& total) {
  const Fields& fields = head.fields();
  const auto encoding = entry.fields.find("Content-Encoding").value_or("");
  const bool by_date = entry.etag.empty();
  const bool same = by_date ? fields.get(FieldId::kLastModified) == asked.validator
                            : strongly_equal(fields.get(FieldId::kETag), entry.etag);
  if (head.status() == 200) {
    return same && fields.get(FieldId::kContentEncoding) == encoding ? Rejoin::kAgain : Rejoin::kAnother;
  }
  if (head.status() != 206) return Rejoin::kAnother;
  // A 206 need not repeat Last-Modified, but what it repeats must fit.
  if (!same && !(by_date && !fields.has(FieldId::kLastModified))) return Rejoin::kAnother;
  const auto range = parse_content_range(fields.get(FieldId::kContentRange));
  if (!range || !range->range || range->range->first != asked.offset) return Rejoin::kAnother;
  if (range->length) {
    if (total && *total != *range->length) return Rejoin::kAnother;
    total = range->length;
  }
  const uint64_t end = range->range->last + 1;
  if (total && end > *total) return Rejoin::kAnother;
  if (head.framing().kind == Framing::Kind::kLength && head.framing().length != range->range->size()) {
    return Rejoin::kAnother;
  }
  if (!total) total = end;
  return Rejoin::kGoesOn;
}

}  // namespace levee
