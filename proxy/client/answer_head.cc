#include "proxy/client/answer_head.h"

#include <algorithm>
#include <ctime>

#include "cache/date.h"
#include "proxy/client/commons.h"
#include "proxy/client/error_page.h"
#include "proxy/client/exchange.h"
#include "proxy/client/peer.h"
#include "proxy/client/variables.h"
#include "proxy/cluster/peer_message.h"
#include "proxy/http/conditional.h"

namespace levee {
namespace {

// Statuses for which add_header without "always", and expires, count.
bool takes_added_fields(int status) {
  switch (status) {
    case 200:
    case 201:
    case 204:
    case 206:
    case 301:
    case 302:
    case 303:
    case 304:
    case 307:
    case 308:
      return true;
    default:
      return false;
  }
}

bool may_redirect(int status) {
  return status == 201 || (status >= 300 && status < 400 && status != 304);
}

bool sets_expires(const Exchange& x, int status) {
  return x.plan != nullptr && x.plan->location->expires.kind != Expires::Kind::kOff && takes_added_fields(status);
}

int64_t seconds_until(const Exchange& x, const Expires& expires) {
  const int64_t now = x.connection->worker.wall_ms() / 1000;
  const int64_t seconds = expires.time.count() / 1000;
  if (expires.kind == Expires::Kind::kAfterModified) {
    const auto modified = x.entry ? x.entry->last_modified : x.file_modified;
    return modified ? *modified + seconds - now : seconds;
  }
  if (expires.kind != Expires::Kind::kDaily) return seconds;
  const auto at = static_cast<time_t>(now);
  tm local{};
  localtime_r(&at, &local);
  const int64_t since_midnight = local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec;
  return (seconds - since_midnight + 86400) % 86400;
}

void write_expires(HeadWriter& out, const Exchange& x) {
  const Expires& expires = x.plan->location->expires;
  if (expires.kind == Expires::Kind::kEpoch) {
    out.field("Expires", "Thu, 01 Jan 1970 00:00:01 GMT").field("Cache-Control", "no-cache");
    return;
  }
  if (expires.kind == Expires::Kind::kMax) {
    out.field("Expires", "Thu, 31 Dec 2037 23:55:55 GMT").field("Cache-Control", "max-age=315360000");
    return;
  }
  const int64_t seconds = seconds_until(x, expires);
  char date[kDateSize];
  format_date(x.connection->worker.wall_ms() / 1000 + seconds, date);
  out.field("Expires", std::string_view(date, kDateSize));
  if (seconds < 0) {
    out.field("Cache-Control", "no-cache");
  } else {
    out.text("Cache-Control: max-age=").number(static_cast<uint64_t>(seconds)).end();
  }
}

void write_added_fields(HeadWriter& out, const Exchange& x, int status) {
  if (x.plan == nullptr || x.plan->plain_head) return;
  if (sets_expires(x, status)) write_expires(out, x);
  std::string& value = x.connection->commons.text;
  for (const AddHeader& added : x.plan->location->add_headers) {
    if (!added.always && !takes_added_fields(status)) continue;
    value.clear();
    added.value.append_to(value, Variables(x));
    if (!value.empty()) out.field(added.name, value);
  }
}

void write_content_lines(HeadWriter& out, const Shape& shape) {
  if (shape.range) write_content_range(out, *shape.range);
  if (!shape.boundary.empty()) {
    out.text("Content-Type: multipart/byteranges; boundary=").text(shape.boundary).end();
  }
  write_framing(out, shape.framing);
}

void write_connection_lines(HeadWriter& out, const Exchange& x) {
  write_connection(out, x.keep_alive, x.head.minor());
  if (x.keep_alive && x.plan != nullptr && x.plan->location->keepalive_header.count() > 0) {
    out.text("Keep-Alive: timeout=")
        .number(static_cast<uint64_t>(x.plan->location->keepalive_header.count() / 1000))
        .end();
  }
}

// The prefix `from` of `value` becomes `to`.
std::optional<std::string> replaced(std::string_view value, std::string_view from, std::string_view to) {
  if (from.empty() || !value.starts_with(from)) return std::nullopt;
  return std::string(to).append(value.substr(from.size()));
}

std::optional<std::string> default_redirect(const Exchange& x, std::string_view value) {
  const ProxyPass& pass = *x.plan->pass;
  if (pass.is_dynamic) return std::nullopt;
  if (pass.uri) return replaced(value, pass.url.literal(), x.plan->location->match.pattern);
  return replaced(value, pass.url.literal() + "/", "/");
}

// The key of the entry without scheme and origin, which are nobody's business, and without what tells slices apart.
std::string_view shown_key(const Exchange& x) {
  constexpr size_t kLongest = 1024;
  std::string_view key = x.entry->key;
  key = key.substr(0, key.find('\n'));
  if (x.plan == nullptr || x.plan->pass == nullptr || key.size() > kLongest) return {};
  const std::string_view host = x.target ? x.target->host : x.plan->pass->host;
  std::string_view rest = key;
  for (const std::string_view scheme : {"http", "s"}) {
    if (rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
    if (!host.empty() && rest.starts_with(host)) return rest.substr(host.size());
  }
  return key;
}

}  // namespace

std::optional<std::string> rewritten_location(const Exchange& x, std::string_view value) {
  if (x.plan == nullptr || x.plan->pass == nullptr) return std::nullopt;
  const Location& location = *x.plan->location;
  const Variables values(x);
  for (const Redirect& redirect : location.redirects) {
    if (redirect.regex) {
      Captures captures;
      if (!redirect.regex->matches(value, captures)) continue;
      std::swap(captures, x.captures);
      std::string result = redirect.to.evaluate(values);
      std::swap(captures, x.captures);
      return result;
    }
    if (auto result = replaced(value, redirect.from.evaluate(values), redirect.to.evaluate(values))) return result;
  }
  return location.redirect_default ? default_redirect(x, value) : std::nullopt;
}

bool is_plain(const Exchange& x, const Shape& shape) {
  return shape.status == x.entry->status && !may_redirect(shape.status) && shape.boundary.empty() &&
         (x.plan->plain_head || !sets_expires(x, shape.status));
}

bool is_repeatable(const Exchange& x, const Shape& shape) {
  const CacheNote& note = x.note;
  const bool plain_hit = note.use == CacheUse::kHit && note.forward == CacheStatus::Forward::kNone && !note.collapsed &&
                         !note.alone && note.detail.empty() && !x.entry->stopgap;
  return plain_hit && !x.reader && x.peer_store == nullptr && x.target == nullptr && x.plan->pass != nullptr &&
         x.plan->plain_head && x.plan->location->keepalive_header.count() == 0 && x.keep_alive && x.head.minor() >= 1 &&
         !shape.range && shape.framing.kind == Framing::Kind::kLength;
}

void write_entry_fields(HeadWriter& out, const Exchange& x, const Shape& shape) {
  Fields fields;
  x.entry->fields.view(fields);
  const bool expires = sets_expires(x, shape.status);
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field field = fields[i];
    if (shape.not_modified && x.entry->status != 304 && !belongs_in_304(field.id)) continue;
    if (expires && (field.id == FieldId::kExpires || field.id == FieldId::kCacheControl)) continue;
    if (shape.range && field.id == FieldId::kContentRange) continue;
    if (!shape.boundary.empty() && field.id == FieldId::kContentType) continue;
    if (field.id == FieldId::kLocation && may_redirect(shape.status)) {
      if (const auto value = rewritten_location(x, field.value)) {
        out.field(field.name, *value);
        continue;
      }
    }
    out.field(field.name, field.value);
  }
}

int64_t spread_retry(const Exchange& x) {
  return 1 + static_cast<int64_t>(x.connection->number % 3);
}

void write_rest(HeadWriter& out, const Exchange& x, const Shape& shape) {
  const int64_t now = x.connection->worker.now();
  if (x.peer_store != nullptr) {
    write_age(out, x.entry->age(now));
    out.field(kPeerAnswerField, peer_answer(*x.entry, x.began, now));
    write_content_lines(out, shape);
    write_connection_lines(out, x);
    out.end();
    return;
  }
  write_age(out, x.entry->age(now));
  CacheNote note = x.note;
  note.key = shown_key(x);
  write_cache_status(out, note, *x.entry, now);
  if (x.entry->stopgap) out.text("Retry-After: ").number(static_cast<uint64_t>(spread_retry(x))).end();
  out.text("Via: 1.1 levee\r\n");
  write_content_lines(out, shape);
  write_connection_lines(out, x);
  write_added_fields(out, x, shape.status);
  out.end();
}

void write_own_head(HeadWriter& out, const Exchange& x, const Shape& shape, std::string_view type) {
  write_status_line(out, shape.status);
  out.field("Server", server_text(x.plan == nullptr || x.plan->location->server_tokens));
  write_date(out, x.connection->worker.wall_ms() / 1000);
  if (!type.empty() && shape.boundary.empty()) out.field("Content-Type", type);
  write_cache_status(out, x.note);
  out.text(x.own_fields);
  write_content_lines(out, shape);
  write_connection_lines(out, x);
  write_added_fields(out, x, shape.status);
  out.end();
}

}  // namespace levee
