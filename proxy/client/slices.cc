#include "proxy/client/slices.h"

#include "cache/date.h"
#include "proxy/client/exchange.h"
#include "proxy/http/conditional.h"

namespace levee {

std::optional<ByteRange> wanted_range(const Exchange& x, const Entry& entry) {
  const Fields& fields = x.head.fields();
  if (x.head.method() != Method::kGet || !fields.has(FieldId::kRange)) return std::nullopt;
  const auto date = entry.fields.find("Date");
  const Validators validators{entry.etag, entry.last_modified, date ? parse_date(*date) : std::nullopt};
  if (!if_range_allows(fields, validators)) return std::nullopt;
  const auto set = parse_range(fields.get(FieldId::kRange));
  if (!set) return std::nullopt;
  const ResolvedRanges ranges = resolve(*set, entry.part->total);
  if (ranges.kind != ResolvedRanges::Kind::kParts || ranges.count != 1) return std::nullopt;
  return ranges.ranges[0];
}

uint64_t first_slice(const Exchange& x) {
  const Fields& fields = x.head.fields();
  const uint64_t size = x.plan->location->slice;
  if (x.head.method() != Method::kGet || fields.has(FieldId::kIfRange)) return 0;
  const auto set = parse_range(fields.get(FieldId::kRange));
  if (!set || set->count != 1 || set->specs[0].suffix) return 0;
  const uint64_t first = set->specs[0].first / size * size;
  return first < UINT64_MAX - size ? first : 0;
}

uint64_t slice_start(const Exchange& x) {
  const uint64_t size = x.slicing.of->part->slice;
  return x.slicing.at / size * size;
}

// The key of the whole and a number that it has had once: when the first slice is forgotten, so are all of them. That
// one is found under the key of the whole itself.
void append_slice_key(const Exchange& x, std::string& key) {
  const Part& part = *x.slicing.of->part;
  key.append(x.slicing.key);
  if (slice_start(x) == part.first) return;
  key.append("\n").append(std::to_string(part.series)).append("-");
  key.append(std::to_string(slice_start(x)));
}

bool is_next_slice(const Exchange& x) {
  return x.entry->part->first == slice_start(x) && x.entry->part->series == x.slicing.of->part->series;
}

void append_slice_range(const Exchange& x, std::string& out) {
  const uint64_t size = x.plan->location->slice;
  const uint64_t first = x.slicing.of != nullptr ? slice_start(x) : 0;
  out.append("bytes=").append(std::to_string(first)).append("-").append(std::to_string(first + size - 1));
}

SliceOrder slice_order(const Exchange& x) {
  const uint64_t size = x.plan->location->slice;
  if (x.slicing.of == nullptr) return {first_slice(x), size, nullptr};
  return {slice_start(x), x.slicing.of->part->slice, x.slicing.of};
}

}  // namespace levee
