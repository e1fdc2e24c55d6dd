#include "proxy/origin/response.h"

#include <algorithm>
#include <array>
#include <random>

#include "cache/date.h"
#include "cache/store.h"
#include "cache/vary.h"
#include "proxy/http/conditional.h"
#include "proxy/http/range.h"

namespace levee {
namespace {

RequestFacts facts_of(const Order& order) {
  RequestFacts facts;
  facts.method = order.method == "GET"    ? RequestFacts::Method::kGet
                 : order.method == "HEAD" ? RequestFacts::Method::kHead
                 : order.method == "POST" ? RequestFacts::Method::kPost
                                          : RequestFacts::Method::kOther;
  facts.authorized = order.authorized;
  return facts;
}

bool names_target(const Order& order, const Fields& fields) {
  return order.keep_for_get && fields.has(FieldId::kContentLocation) &&
         order.keep_for_get->is_target(fields.get(FieldId::kContentLocation));
}

Hints hints_of(const Location& location, int status) {
  Hints hints;
  const auto ignores = [&](IgnoredField field) { return location.ignore_headers.has(field); };
  hints.ignore_cache_control = ignores(IgnoredField::kCacheControl);
  hints.ignore_expires = ignores(IgnoredField::kExpires);
  hints.ignore_x_accel_expires = ignores(IgnoredField::kXAccelExpires);
  hints.ignore_set_cookie = ignores(IgnoredField::kSetCookie);
  hints.ignore_vary = ignores(IgnoredField::kVary);
  auto valid = valid_for(location, status);
  if (!valid && status == 206) valid = valid_for(location, 200);
  if (valid) hints.valid = valid->count();
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

// What names these bytes and no others: a strong entity tag, or a date a minute older than the response (RFC 9110
// section 8.8.2.2). Empty: nothing does.
std::string_view strong_validator(std::string_view etag, std::string_view modified, std::string_view date) {
  if (!etag.empty()) return is_entity_tag(etag) && !etag.starts_with("W/") ? etag : std::string_view();
  const auto changed = parse_date(modified), sent = parse_date(date);
  return changed && sent && *sent - *changed >= 60 ? modified : std::string_view();
}

std::string_view strong_validator(const StoredFields& fields) {
  return strong_validator(fields.find("ETag").value_or(""), fields.find("Last-Modified").value_or(""),
                          fields.find("Date").value_or(""));
}

// No two of a PoP have the same. It fits into an int64_t, and is never 0.
uint64_t new_series() {
  thread_local std::random_device random;
  return (static_cast<uint64_t>(random()) << 31 ^ random()) | 1;
}

}  // namespace

std::optional<Part> part_of(const Order& order, const ResponseHead& head) {
  if (head.status() != 206 || order.method != "GET" || order.body != nullptr || !order.range.empty()) {
    return std::nullopt;
  }
  const Fields& fields = head.fields();
  const auto range = parse_content_range(fields.get(FieldId::kContentRange));
  if (!range || !range->range || !range->length || range->range->last >= *range->length) return std::nullopt;
  const Framing framing = head.framing();
  if (framing.kind == Framing::Kind::kUntilClose) return std::nullopt;
  if (framing.kind == Framing::Kind::kLength && framing.length != range->range->size()) return std::nullopt;
  if (strong_validator(fields.get(FieldId::kETag), fields.get(FieldId::kLastModified), fields.get(FieldId::kDate))
          .empty()) {
    return std::nullopt;
  }
  return Part{range->range->first, *range->length, 0, 0};
}

bool belongs_to(const Entry& slice, const Entry& of) {
  return slice.part->total == of.part->total && slice.etag == of.etag &&
         strong_validator(slice.fields) == strong_validator(of.fields) &&
         slice.fields.find("Content-Encoding") == of.fields.find("Content-Encoding");
}

namespace {

// ... of an order with a slice.
bool is_slice(const SliceOrder& slice, const Part& part, uint64_t size) {
  return part.first == slice.first && size == std::min(slice.size, part.total - part.first);
}

// As part of a whole that is 200; Content-Range is said anew with each answer.
Heard hear_as(const Order& order, const ResponseHead& head, const Times& times, const std::optional<Part>& part,
              bool cacheable) {
  const Fields& fields = head.fields();
  const Hints hints = hints_of(*order.location, head.status());
  RequestFacts facts = facts_of(order);
  facts.content_location_is_target = names_target(order, fields);
  const Verdict verdict = judge(part ? 200 : head.status(), fields, facts, times, hints);

  Heard heard;
  std::optional<std::string> names = hints.ignore_vary ? std::string() : vary_names(fields);
  heard.shared = cacheable && names && verdict.shareable;
  heard.entry = std::make_shared<Entry>();
  Entry& entry = *heard.entry;
  entry.status = head.status();
  entry.part = part;
  entry.fields = StoredFields::of(fields, [&](const Field& field) {
    return is_hidden(*order.location, field) || (heard.shared && is_withheld(fields, field, hints)) ||
           (part && field.id == FieldId::kContentRange);
  });
  if (!fields.has(FieldId::kDate) || fields.has_member(FieldId::kConnection, "Date")) {
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

// A stored response under the fields of an update to it, judged as what it now stands for. Null: it may not be stored
// any more.
std::shared_ptr<Entry> updated(const Order& order, const Entry& stored, int status, const ResponseHead& head,
                               const Times& times) {
  const Fields& update = head.fields();
  const StoredFields merged = stored.fields.updated(update);
  Fields view;
  merged.view(view);
  auto entry = std::make_shared<Entry>();
  entry->key = stored.key;
  entry->hash = stored.hash;
  entry->status = status;
  const Hints hints = hints_of(*order.location, status);
  entry->fields = StoredFields::of(
      view, [&](const Field& field) { return is_hidden(*order.location, field) || is_withheld(view, field, hints); });
  // What is hidden from clients counts as well.
  std::string lines(merged.text());
  if (update.has(FieldId::kAge)) lines.append("Age: ").append(update.get(FieldId::kAge)).append("\r\n");
  Fields all;
  all.read_lines(lines);
  RequestFacts facts = facts_of(order);
  if (facts.method == RequestFacts::Method::kPost) facts.content_location_is_target = names_target(order, all);
  const Verdict verdict = judge(stored.part ? 200 : status, all, facts, times, hints);
  if (!verdict.storable()) return nullptr;
  entry->lifetime = verdict.lifetime;
  entry->response_time = times.response;
  describe_content(*entry, all);
  const bool has_tags = update.has(FieldId::kCacheTag) || update.has(FieldId::kSurrogateKey);
  entry->tags = has_tags ? tags_of(update) : stored.tags;
  entry->vary_names = stored.vary_names;
  entry->vary_values = stored.vary_values;
  return entry;
}

}  // namespace

void describe_content(Entry& entry, const Fields& fields) {
  if (const std::string_view etag = fields.get(FieldId::kETag); is_entity_tag(etag)) entry.etag = std::string(etag);
  entry.last_modified = parse_date(fields.get(FieldId::kLastModified));
}

Heard hear(const Order& order, const ResponseHead& head, const Times& times, bool whole) {
  const bool cacheable = !order.key.empty() && order.may_store;
  std::optional<Part> part;
  if (cacheable) part = part_of(order, head);
  if (part && order.slice && !whole) {
    const uint64_t size = parse_content_range(head.fields().get(FieldId::kContentRange))->range->size();
    if (is_slice(*order.slice, *part, size)) {
      part->slice = order.slice->size;
      part->series = order.slice->of ? order.slice->of->part->series : new_series();
    } else {
      part.reset();
    }
  }
  Heard heard = hear_as(order, head, times, part, cacheable);
  if (part && !heard.entry->keep) return hear_as(order, head, times, std::nullopt, cacheable);
  if (part) {
    heard.entry->content_length = parse_content_range(head.fields().get(FieldId::kContentRange))->range->size();
  }
  return heard;
}

SliceFit slice_fit(const Order& order, const ResponseHead& head, const Heard& heard) {
  const bool is_slice = heard.entry->part && heard.entry->part->slice > 0;
  const Entry* const of = order.slice->of.get();
  if (of == nullptr) {
    if (head.status() == 416 && order.slice->first > 0) return SliceFit::kAskFirst;
    const bool partial = head.status() == 206 || head.status() == 416;
    return partial && !is_slice ? SliceFit::kAskWhole : SliceFit::kFits;
  }
  if (head.status() != 200 && head.status() != 206 && head.status() != 416) return SliceFit::kFits;  // an error is one
  return is_slice && belongs_to(*heard.entry, *of) ? SliceFit::kFits : SliceFit::kChanged;
}

std::shared_ptr<Entry> renewed(const Order& order, const ResponseHead& head, const Times& times) {
  const Entry& stale = *order.stale;
  const std::string_view etag = head.fields().get(FieldId::kETag);
  if (!etag.empty() && !stale.etag.empty() && !weakly_equal(etag, stale.etag)) return nullptr;
  auto entry = updated(order, stale, stale.status, head, times);
  if (!entry) return nullptr;
  entry->part = stale.part;
  entry->content_length = stale.content_length;
  entry->body = stale.body;
  return entry;
}

std::shared_ptr<Entry> completed(const Order& order, const ResponseHead& head, const Times& times,
                                 const Resumption& asked) {
  const Entry& begun = *order.begun;
  std::optional<uint64_t> total = begun.part->total;
  if (rejoin(head, begun, asked, total) != Rejoin::kGoesOn || *total != begun.part->total) return nullptr;
  auto entry = updated(order, begun, 200, head, times);
  if (entry) entry->content_length = total;
  return entry;
}

std::shared_ptr<Entry> kept_for_get(const Order& order, const ResponseHead& head, const Times& times) {
  if (!order.keep_for_get || head.status() != 200) return nullptr;
  Heard heard = hear_as(order, head, times, std::nullopt, true);
  return heard.shared && heard.entry->keep ? std::move(heard.entry) : nullptr;
}

std::shared_ptr<Entry> part_of_cut(const Order& order, const Entry& entry, uint64_t size,
                                   std::optional<uint64_t> total) {
  if (!entry.keep || entry.status != 200 || entry.part || order.method != "GET") return nullptr;
  if (!total || size == 0 || size >= *total || !entry.has_strong_validator()) return nullptr;
  auto part = entry.with_body(nullptr);
  part->status = 206;
  part->content_length = size;
  part->part = Part{0, *total, 0, 0};
  return part;
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

std::optional<Resumption> resumption(const Order& order, const Entry& entry, const Framing& framing, uint64_t size) {
  if (order.method != "GET" || order.body != nullptr) return std::nullopt;
  if (entry.status != 200 && !entry.part) return std::nullopt;
  if (framing.kind == Framing::Kind::kNone) return std::nullopt;
  if (entry.fields.find("Accept-Ranges").value_or("") == "none") return std::nullopt;
  const std::string_view validator = strong_validator(entry.fields);
  if (validator.empty()) return std::nullopt;
  Resumption resumption{size, std::nullopt, std::string(validator)};
  if (entry.part) {
    resumption.offset += entry.part->first;
    resumption.last = entry.part->first + entry.content_length.value_or(0) - 1;
  }
  return resumption;
}

Rejoin rejoin(const ResponseHead& head, const Entry& entry, const Resumption& asked, std::optional<uint64_t>& total) {
  const Fields& fields = head.fields();
  const auto encoding = entry.fields.find("Content-Encoding").value_or("");
  const bool by_date = entry.etag.empty();
  const bool same = by_date ? fields.get(FieldId::kLastModified) == asked.validator
                            : strongly_equal(fields.get(FieldId::kETag), entry.etag);
  if (head.status() == 200 && !asked.last) {
    const bool as_long = !total || head.framing().kind != Framing::Kind::kLength || head.framing().length == *total;
    const bool is_it = same && as_long && fields.get(FieldId::kContentEncoding) == encoding;
    return is_it ? Rejoin::kAgain : Rejoin::kAnother;
  }
  if (head.status() != 206) return Rejoin::kAnother;
  // A 206 need not repeat Last-Modified, but what it repeats must fit.
  if (!same && !(by_date && !fields.has(FieldId::kLastModified))) return Rejoin::kAnother;
  const auto range = parse_content_range(fields.get(FieldId::kContentRange));
  if (!range || !range->range || range->range->first != asked.offset) return Rejoin::kAnother;
  if (head.framing().kind == Framing::Kind::kLength && head.framing().length != range->range->size()) {
    return Rejoin::kAnother;
  }
  if (asked.last) {
    const bool fits = range->length == entry.part->total && range->range->last == *asked.last;
    return fits ? Rejoin::kGoesOn : Rejoin::kAnother;
  }
  if (range->length) {
    if (total && *total != *range->length) return Rejoin::kAnother;
    total = range->length;
  }
  const uint64_t end = range->range->last + 1;
  if (total && end > *total) return Rejoin::kAnother;
  if (!total) total = end;
  return Rejoin::kGoesOn;
}

}  // namespace levee
