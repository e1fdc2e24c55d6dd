// The fields of a request or a response, as lines: freshness, variants, ranges, conditions and updates of any of them.
#include "cache/fields.h"

#include <string>

#include "cache/date.h"
#include "cache/freshness.h"
#include "cache/vary.h"
#include "proxy/http/conditional.h"
#include "proxy/http/field_section.h"
#include "proxy/http/range.h"
#include "tests/fuzz/fuzz.h"

namespace levee {
namespace {

void check_freshness(const Fields& fields) {
  const Verdict verdict = judge(200, fields, {}, {0, 10, 1700000000000}, {});
  const Lifetime& lifetime = verdict.lifetime;
  MUST(lifetime.fresh_for >= 0 && lifetime.initial_age >= 0);
  MUST(lifetime.stale_while_revalidate >= 0 && lifetime.stale_if_error >= 0);
  MUST(!describe(verdict.refusal).empty());
  MUST(!verdict.storable() || verdict.shareable);
  satisfies(request_directives(fields), lifetime, lifetime.initial_age);
}

void check_vary(const Fields& fields) {
  const auto names = vary_names(fields);
  if (!names) return;
  std::string values;
  vary_values(fields, *names, values);
  size_t lines = 0, wanted = names->empty() ? 0 : 1;
  for (const char c : values) lines += c == '\n' ? 1 : 0;
  for (const char c : *names) wanted += c == ',' ? 1 : 0;
  MUST(lines == wanted);
}

void check_range(const Fields& fields) {
  const auto set = parse_range(fields.get(FieldId::kRange));
  for (const uint64_t length : {uint64_t{0}, uint64_t{1}, uint64_t{10}, uint64_t{INT64_MAX}}) {
    if (!set) break;
    const ResolvedRanges ranges = resolve(*set, length);
    for (const ByteRange& range : ranges.parts()) MUST(range.first <= range.last && range.last < length);
  }
  if (const auto range = parse_content_range(fields.get(FieldId::kContentRange)); range && range->range) {
    MUST(range->range->first <= range->range->last && (!range->length || range->range->last < *range->length));
  }
}

}  // namespace
}  // namespace levee

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace levee;
  const std::string bytes = std::string(as_text(data, size)) + "\r\n";
  Fields fields;
  fields.rebase(bytes.data());
  LinePosition position;
  if (read_fields(bytes, position, {}, Colon::kStrip, fields) != FieldFault::kNone) return 0;
  check_freshness(fields);
  check_vary(fields);
  check_range(fields);
  const StoredFields stored = StoredFields::of(fields);
  Fields again;
  MUST(again.read_lines(stored.text()));
  MUST(again.size() <= fields.size());
  stored.updated(fields);
  const Validators known{fields.get(FieldId::kETag), parse_date(fields.get(FieldId::kLastModified)), 1700000000};
  evaluate(fields, Method::kGet, 200, known);
  if_range_allows(fields, known);
  return 0;
}
