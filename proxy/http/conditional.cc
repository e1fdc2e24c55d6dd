#include "proxy/http/conditional.h"

#include <algorithm>

#include "cache/date.h"

namespace levee {
namespace {

bool is_weak(std::string_view tag) {
  return tag.starts_with("W/");
}
std::string_view opaque(std::string_view tag) {
  return is_weak(tag) ? tag.substr(2) : tag;
}

std::optional<int64_t> date_of(const Fields& request, FieldId id, const Validators& known) {
  if (request.count(id) != 1) return std::nullopt;  // a list of dates is no date (RFC 9110 section 13.1.3)
  return parse_date(request.get(id), known.date.value_or(0));
}

// RFC 9110 section 13.1.1. `*` matches: there is a representation, or we would not be here.
bool if_match_holds(const Fields& request, const Validators& known) {
  return lists_etag(request, FieldId::kIfMatch, known.etag, false);
}

}  // namespace

bool is_entity_tag(std::string_view text) {
  const std::string_view tag = opaque(text);
  if (tag.size() < 2 || tag.front() != '"' || tag.back() != '"') return false;
  for (const char c : tag.substr(1, tag.size() - 2)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == '"' || byte == 0x7f) return false;
  }
  return true;
}

bool weakly_equal(std::string_view a, std::string_view b) {
  return is_entity_tag(a) && opaque(a) == opaque(b);
}
bool strongly_equal(std::string_view a, std::string_view b) {
  return is_entity_tag(a) && a == b && !is_weak(a);
}

// Entity tags have no escapes: a backslash in one is itself, and so the list is not read as quoted strings are.
bool lists_etag(const Fields& fields, FieldId id, std::string_view etag, bool weak) {
  for (size_t i = fields.first(id); i < fields.size(); i = fields.next(i)) {
    std::string_view rest = fields[i].value;
    if (rest == "*") return true;
    while (!rest.empty()) {
      const size_t begin = rest.find_first_not_of(" \t,");
      if (begin == std::string_view::npos) break;
      rest.remove_prefix(begin);
      const size_t open = is_weak(rest) ? 2 : 0;
      const bool quoted = open < rest.size() && rest[open] == '"';
      const size_t close = quoted ? rest.find('"', open + 1) : std::string_view::npos;
      // Not a tag: compared as it stands up to the comma, since clients send back what some origins made without
      // quotes.
      const size_t end = close != std::string_view::npos ? close + 1 : std::min(rest.find(','), rest.size());
      const std::string_view tag = rest.substr(0, end);
      if (!etag.empty() && (weak ? weakly_equal(tag, etag) || tag == etag : strongly_equal(tag, etag))) return true;
      rest.remove_prefix(end);
    }
  }
  return false;
}

Condition evaluate(const Fields& request, Method method, int status, const Validators& known) {
  // RFC 9110 section 13.2.1: conditions do not apply where the answer without them would be no success.
  if (status < 200 || status >= 300) return Condition::kProceed;
  const bool reads = method == Method::kGet || method == Method::kHead;
  if (request.has(FieldId::kIfMatch)) {
    if (!if_match_holds(request, known)) return Condition::kPreconditionFailed;
  } else if (request.has(FieldId::kIfUnmodifiedSince)) {
    const auto since = date_of(request, FieldId::kIfUnmodifiedSince, known);
    if (since && known.last_modified && *known.last_modified > *since) return Condition::kPreconditionFailed;
  }
  if (request.has(FieldId::kIfNoneMatch)) {
    if (!lists_etag(request, FieldId::kIfNoneMatch, known.etag, true)) return Condition::kProceed;
    return reads ? Condition::kNotModified : Condition::kPreconditionFailed;
  }
  if (reads && request.has(FieldId::kIfModifiedSince)) {
    const auto since = date_of(request, FieldId::kIfModifiedSince, known);
    // Without Last-Modified, Date is as good: the representation has not changed since it was sent.
    const auto modified = known.last_modified ? known.last_modified : known.date;
    if (since && modified && *modified <= *since) return Condition::kNotModified;
  }
  return Condition::kProceed;
}

bool if_range_allows(const Fields& request, const Validators& known) {
  if (!request.has(FieldId::kIfRange)) return true;
  const std::string_view value = request.get(FieldId::kIfRange);
  if (request.count(FieldId::kIfRange) > 1) return false;
  if (is_entity_tag(value)) return strongly_equal(value, known.etag);
  // A date is a strong validator if it lies well before the response (RFC 9110 section 8.8.2.2).
  const auto date = parse_date(value, known.date.value_or(0));
  return date && known.last_modified && *date == *known.last_modified && known.date &&
         *known.last_modified + 1 <= *known.date;
}

bool belongs_in_304(FieldId id) {
  switch (id) {
    case FieldId::kContentEncoding:
    case FieldId::kContentLanguage:
    case FieldId::kContentLength:
    case FieldId::kContentMd5:
    case FieldId::kContentRange:
    case FieldId::kContentType:
    case FieldId::kTransferEncoding:
      return false;
    default:
      return true;
  }
}

}  // namespace levee
