#include "proxy/client/answer.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <random>

#include "cache/date.h"
#include "proxy/client/answer_head.h"
#include "proxy/client/commons.h"
#include "proxy/client/error_page.h"
#include "proxy/client/exchange.h"
#include "proxy/client/slices.h"
#include "proxy/http/conditional.h"

namespace levee {
namespace {

constexpr uint64_t kSmallFile = 64 * 1024;  // read and sent with its head rather than by sendfile

bool has_no_body(int status) {
  return status < 200 || status == 204 || status == 304;
}

// Any field that makes of a 200 something else.
bool asks_for_less(const Fields& fields) {
  return fields.has(FieldId::kRange) || fields.has(FieldId::kIfNoneMatch) || fields.has(FieldId::kIfModifiedSince) ||
         fields.has(FieldId::kIfMatch) || fields.has(FieldId::kIfUnmodifiedSince);
}

std::string new_boundary() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  char digits[17];
  const auto end = std::to_chars(digits, digits + sizeof digits, random(), 16).ptr;
  return std::string("levee-").append(digits, end);
}

// What of the content is to be sent.
struct Selection {
  Shape shape;
  ResolvedRanges ranges;  // kParts: these
  std::string boundary;   // of several
  bool failed = false;    // 412 or 416: an answer of our own
};

// `length`: of the whole content; nothing while nobody knows.
void select_ranges(const Exchange& x, const Validators& validators, std::optional<uint64_t> length, bool complete,
                   Selection& chosen) {
  const Fields& fields = x.head.fields();
  if (chosen.shape.status != 200 || !length || x.head.method() != Method::kGet) return;
  if (!fields.has(FieldId::kRange) || !if_range_allows(fields, validators)) return;
  const auto set = parse_range(fields.get(FieldId::kRange));
  if (!set) return;
  chosen.ranges = resolve(*set, *length);
  switch (chosen.ranges.kind) {
    case ResolvedRanges::Kind::kWhole:
      return;
    case ResolvedRanges::Kind::kUnsatisfiable:
      chosen.shape.status = 416;
      chosen.shape.range = ContentRange{std::nullopt, length};
      chosen.failed = true;
      return;
    case ResolvedRanges::Kind::kParts:
      break;
  }
  if (chosen.ranges.count > 1 && !complete) {
    chosen.ranges = {};  // the whole, as it comes
    return;
  }
  chosen.shape.status = 206;
  if (chosen.ranges.count == 1) {
    chosen.shape.range = ContentRange{chosen.ranges.ranges[0], length};
  } else {
    chosen.boundary = new_boundary();
    chosen.shape.boundary = chosen.boundary;
  }
}

void select(const Exchange& x, int status, const Validators& validators, std::optional<uint64_t> length, bool complete,
            Selection& chosen) {
  chosen.shape.status = status;
  const Method method = x.head.method();
  if (x.forwarded_conditions || (method != Method::kGet && method != Method::kHead)) return;
  if (!asks_for_less(x.head.fields())) return;
  switch (evaluate(x.head.fields(), method, status, validators)) {
    case Condition::kNotModified:
      chosen.shape.status = 304;
      chosen.shape.not_modified = true;
      return;
    case Condition::kPreconditionFailed:
      chosen.shape.status = 412;
      chosen.failed = true;
      return;
    case Condition::kProceed:
      break;
  }
  select_ranges(x, validators, length, complete, chosen);
}

// How the client learns where the body ends. Sets keep_alive as far as that depends on it.
Framing framing_for(Exchange& x, int status, std::optional<uint64_t> length) {
  if (has_no_body(status)) return {};
  if (length) return {Framing::Kind::kLength, *length};
  if (x.head.method() == Method::kHead) return {};
  if (x.head.minor() >= 1) return {Framing::Kind::kChunked, 0};
  x.keep_alive = false;
  x.cut_is_clean = false;
  return {Framing::Kind::kUntilClose, 0};
}

std::string_view content_type(const Exchange& x) {
  const auto type = x.entry->fields.find("Content-Type");
  return type ? *type : std::string_view();
}

uint64_t prepare_parts(const Selection& chosen, std::string_view type, uint64_t length,
                       std::vector<Sender::Part>& parts, std::string& tail) {
  bool first = true;
  char text[1024];
  for (const ByteRange& range : chosen.ranges.parts()) {
    HeadWriter out(text);
    write_part_head(out, chosen.boundary, type, range, length, first);
    first = false;
    parts.push_back({std::string(out.written()), range.first, range.last + 1});
  }
  HeadWriter out(text);
  write_parts_end(out, chosen.boundary);
  tail = out.written();
  uint64_t size = tail.size();
  for (const Sender::Part& part : parts) size += part.head.size() + (part.end - part.first);
  return size;
}

void keep_head(Exchange& x, std::span<const iovec> views) {
  if (x.plan == nullptr || !x.plan->keeps_head) return;
  for (const iovec& view : views) x.sent_head.append(static_cast<const char*>(view.iov_base), view.iov_len);
}

iovec view_of(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};
}

// What stands behind the stored fields: as it was written for somebody else in this second, or else now.
std::string_view rest_of_head(HeadWriter& out, const Exchange& x, const Shape& shape) {
  RecentHeads& recent = x.connection->commons.recent_heads;
  const bool repeatable = is_repeatable(x, shape);
  const int64_t now = x.connection->worker.now();
  if (repeatable) {
    if (const std::string_view text = recent.find(*x.entry, x.plan->pass->host, now); !text.empty()) return text;
  }
  const size_t before = out.size();
  write_rest(out, x, shape);
  const std::string_view text = out.written().substr(before);
  if (repeatable) recent.keep(x.entry, x.plan->pass->host, now, text);
  return text;
}

// Head and content go out: the stored block as it lies there if nothing in it changes.
Sender::Outcome send_entry_head(Exchange& x, const Shape& shape) {
  HeadWriter out(x.connection->commons.head);
  write_status_line(out, shape.status);
  x.status = shape.status;
  iovec views[3];
  size_t count = 1;
  if (is_plain(x, shape)) {
    views[0] = view_of(out.written());
    views[1] = view_of(x.entry->fields.text());
    views[2] = view_of(rest_of_head(out, x, shape));
    count = 3;
  } else {
    write_entry_fields(out, x, shape);
    write_rest(out, x, shape);
    views[0] = view_of(out.written());
  }
  keep_head(x, {views, count});
  return x.sender.start(x.connection->stream, {views, count});
}

Sender::Outcome send_own(Exchange& x, const Shape& shape, std::string_view type) {
  HeadWriter out(x.connection->commons.head);
  write_own_head(out, x, shape, type);
  x.status = shape.status;
  const iovec view = view_of(out.written());
  keep_head(x, {&view, 1});
  return x.sender.start(x.connection->stream, {&view, 1});
}

Sender::Outcome send_failed_selection(Exchange& x, const Selection& chosen) {
  if (chosen.shape.status == 416 && chosen.shape.range) {
    char text[96];
    HeadWriter out(text);
    write_content_range(out, *chosen.shape.range);
    x.own_fields += out.written();
  }
  return send_error(x, chosen.shape.status);
}

bool sends_body(const Exchange& x, int status) {
  return !has_no_body(status) && x.head.method() != Method::kHead;
}

// The content from `first` on, as much as the framing says.
void add_content(Exchange& x, Framing framing, const Body& body, uint64_t first) {
  const uint64_t end = framing.kind == Framing::Kind::kLength ? first + framing.length : Sender::kOpen;
  if (x.reader) {
    x.sender.send_flight(*x.reader, first, end, framing.kind == Framing::Kind::kChunked, x.passed);
    if (x.head.fields().has_member(FieldId::kTe, "trailers")) x.sender.with_trailers();
  } else {
    x.sender.send_body(body, first, end);
  }
}

}  // namespace

namespace {

// Conditions or Range: a 304, a part, several, or an error may come of it.
Sender::Outcome send_selected(Exchange& x, const Body* body, std::optional<uint64_t> length) {
  const Entry& entry = *x.entry;
  const bool complete = !x.reader;
  const auto date = entry.fields.find("Date");
  const Validators validators{entry.etag, entry.last_modified, date ? parse_date(*date) : std::nullopt};
  Selection chosen;
  select(x, entry.status, validators, length, complete, chosen);
  if (chosen.failed) return send_failed_selection(x, chosen);
  if (chosen.shape.range) length = chosen.ranges.ranges[0].size();
  std::vector<Sender::Part> parts;
  std::string tail;
  if (!chosen.boundary.empty()) length = prepare_parts(chosen, content_type(x), *length, parts, tail);
  chosen.shape.framing = framing_for(x, chosen.shape.status, length);
  if (sends_body(x, chosen.shape.status)) {
    if (!parts.empty()) {
      x.sender.send_body(*body, 0, 0);
      x.sender.in_parts(std::move(parts), std::move(tail));
    } else {
      const uint64_t first = chosen.shape.range ? chosen.ranges.ranges[0].first : 0;
      add_content(x, chosen.shape.framing, *body, first);
    }
  }
  return send_entry_head(x, chosen.shape);
}

// A 206 that has only these bytes, to a request that did not ask for one range within them: as it came, from byte
// `first` of the whole on.
Sender::Outcome send_part_from(Exchange& x, uint64_t first) {
  const Part& part = *x.entry->part;
  const uint64_t end = part.first + *x.entry->content_length;
  Shape shape;
  shape.status = 206;
  shape.range = ContentRange{ByteRange{first, end - 1}, part.total};
  shape.framing = framing_for(x, 206, end - first);
  if (sends_body(x, 206)) add_content(x, shape.framing, *x.entry->body, first - part.first);
  return send_entry_head(x, shape);
}

// A slice alone, from the byte on at which the peer goes on.
Sender::Outcome send_slice_to_peer(Exchange& x) {
  const Part& part = *x.entry->part;
  const auto range = wanted_range(x, *x.entry);
  const bool goes_on = range && range->first >= part.first && range->first - part.first < *x.entry->content_length;
  return send_part_from(x, goes_on ? range->first : part.first);
}

// From a part of the whole: the range that it has, or all that the slices have together.
Sender::Outcome send_part(Exchange& x) {
  const Entry& entry = *x.entry;
  const Part& part = *entry.part;
  const bool sliced = part.slice > 0;
  if (sliced && x.peer_store != nullptr) return send_slice_to_peer(x);
  const auto range = wanted_range(x, entry);
  if (!sliced && (!range || !x.takes(entry))) return send_part_from(x, part.first);
  const auto date = entry.fields.find("Date");
  const Validators validators{entry.etag, entry.last_modified, date ? parse_date(*date) : std::nullopt};
  Selection chosen;
  chosen.shape.status = 200;
  if (asks_for_less(x.head.fields())) select(x, 200, validators, part.total, false, chosen);
  if (chosen.failed) {
    x.slicing = {};
    return send_failed_selection(x, chosen);
  }
  const uint64_t first = chosen.shape.range ? chosen.shape.range->range->first : 0;
  const uint64_t length = chosen.shape.range ? chosen.shape.range->range->size() : part.total;
  chosen.shape.framing = framing_for(x, chosen.shape.status, length);
  if (!sends_body(x, chosen.shape.status)) {
    x.slicing = {};
  } else if (sliced) {
    x.slicing.at = first;
    x.slicing.end = first + length;
    x.slicing.begun = true;
    send_more(x);
  } else {
    add_content(x, chosen.shape.framing, *entry.body, first - part.first);
  }
  return send_entry_head(x, chosen.shape);
}

}  // namespace

void send_more(Exchange& x) {
  const Part& part = *x.entry->part;
  const uint64_t end = std::min(x.slicing.end, part.first + *x.entry->content_length);
  if (x.reader) {
    x.sender.send_flight(*x.reader, x.slicing.at - part.first, end - part.first, false, x.passed);
  } else {
    x.sender.send_body(*x.entry->body, x.slicing.at - part.first, end - part.first);
  }
  x.slicing.at = end;
}

Sender::Outcome send_entry(Exchange& x) {
  const Entry& entry = *x.entry;
  if (entry.part) return send_part(x);
  const bool complete = !x.reader;
  if (entry.stopgap) x.note.detail = detail_of(Failure::kOverloaded);
  if (complete && entry.body && entry.body->is_resting()) x.awake = Body::wake(*entry.body, nullptr);
  const Body* body = x.awake ? x.awake.get() : entry.body.get();
  const std::optional<uint64_t> length = complete && body != nullptr ? body->size() : entry.content_length;
  if (asks_for_less(x.head.fields())) return send_selected(x, body, length);
  Shape shape;
  shape.status = entry.status;
  shape.framing = framing_for(x, shape.status, length);
  if (sends_body(x, shape.status)) add_content(x, shape.framing, *body, 0);
  return send_entry_head(x, shape);
}

Sender::Outcome send_text(Exchange& x, int status, std::string_view type, std::string text) {
  Shape shape;
  shape.status = status;
  shape.framing = framing_for(x, status, text.size());
  if (!has_no_body(status) && x.head.method() != Method::kHead) x.sender.send_text(std::move(text));
  return send_own(x, shape, type);
}

Sender::Outcome send_error(Exchange& x, int status) {
  return send_text(x, status, "text/html", error_page(status, x.plan == nullptr || x.plan->location->server_tokens));
}

Sender::Outcome send_file(Exchange& x, const OpenFile& file) {
  char date[kDateSize], tag[40] = "\"";
  format_date(file.modified, date);
  char* at = std::to_chars(tag + 1, tag + 20, file.modified, 16).ptr;
  *at++ = '-';
  at = std::to_chars(at, at + 17, file.size, 16).ptr;
  *at++ = '"';
  const bool has_etag = x.plan->location->etag;
  const std::string_view etag(tag, has_etag ? static_cast<size_t>(at - tag) : 0);
  x.file_modified = file.modified;

  Selection chosen;
  select(x, 200, {etag, file.modified, std::nullopt}, file.size, true, chosen);
  if (chosen.failed) {
    close(file.descriptor);
    return send_failed_selection(x, chosen);
  }
  x.own_fields.append("Last-Modified: ").append(date, kDateSize).append("\r\n");
  if (has_etag) x.own_fields.append("ETag: ").append(etag).append("\r\n");
  if (!chosen.shape.not_modified) x.own_fields.append("Accept-Ranges: bytes\r\n");

  uint64_t first = 0, end = file.size;
  std::vector<Sender::Part> parts;
  std::string tail;
  uint64_t length = file.size;
  if (chosen.shape.range) {
    first = chosen.ranges.ranges[0].first;
    end = chosen.ranges.ranges[0].last + 1;
    length = end - first;
  } else if (!chosen.boundary.empty()) {
    length = prepare_parts(chosen, file.type, file.size, parts, tail);
  }
  chosen.shape.framing = framing_for(x, chosen.shape.status, length);
  if (!sends_body(x, chosen.shape.status)) {
    close(file.descriptor);
  } else if (!parts.empty()) {
    x.sender.send_file(file.descriptor, 0, 0);
    x.sender.in_parts(std::move(parts), std::move(tail));
  } else if (length <= kSmallFile) {
    std::string text(length, '\0');
    const ssize_t got = pread(file.descriptor, text.data(), length, static_cast<off_t>(first));
    close(file.descriptor);
    if (got != static_cast<ssize_t>(length)) return send_error(x, 500);
    x.sender.send_text(std::move(text));
  } else {
    x.sender.send_file(file.descriptor, first, end);
  }
  return send_own(x, chosen.shape, chosen.shape.not_modified ? std::string_view() : file.type);
}

}  // namespace levee
