// What a peer's answer means: the entry as the peer has it, older by the way.
#include <algorithm>

#include "cache/tags.h"
#include "cache/vary.h"
#include "proxy/http/range.h"
#include "proxy/origin/fetch_pop.h"
#include "proxy/origin/response.h"

namespace levee {
namespace {

// The slice that a peer's 206 is. Nothing: the order has no use for it.
std::optional<Part> slice_of(const Order& order, const ResponseHead& head, const PeerEntry& said) {
  std::optional<Part> part = part_of(order, head);
  if (!part || !order.slice || said.slice != order.slice->size || part->first % said.slice != 0) return std::nullopt;
  const uint64_t size = parse_content_range(head.fields().get(FieldId::kContentRange))->range->size();
  if (size != std::min(said.slice, part->total - part->first)) return std::nullopt;
  part->slice = said.slice;
  part->series = said.series;
  return part;
}

// An order for one slice of many is answered by that alone, or by an error.
bool answers(const Order& order, const Entry& entry) {
  const Entry* const of = order.slice ? order.slice->of.get() : nullptr;
  if (of == nullptr) return true;
  if (!entry.part) return entry.status != 200 && entry.status != 416;
  return entry.part->series == of->part->series && entry.part->first == order.slice->first && belongs_to(entry, *of);
}

}  // namespace

std::shared_ptr<Entry> entry_from_peer(const Order& order, const ResponseHead& head, const PeerEntry& said,
                                       int64_t asked, int64_t now) {
  const Fields& fields = head.fields();
  const bool ignores_vary = order.location->ignore_headers.has(IgnoredField::kVary);
  const auto names = ignores_vary ? std::optional<std::string>("") : vary_names(fields);
  if (!names) return nullptr;
  const std::optional<Part> part = slice_of(order, head, said);
  if (head.status() == 206 && !part) return nullptr;
  auto entry = std::make_shared<Entry>();
  entry->status = head.status();
  entry->part = part;
  entry->fields = StoredFields::of(fields, [&](const Field& field) {
    return same_name(field.name, kPeerAnswerField) || (part && field.id == FieldId::kContentRange);
  });
  if (head.has_content_length()) entry->content_length = head.content_length();
  if (part) entry->content_length = parse_content_range(fields.get(FieldId::kContentRange))->range->size();
  if (head.framing().kind == Framing::Kind::kNone) entry->content_length = 0;
  entry->lifetime = said.lifetime;
  const int64_t on_the_way = std::max<int64_t>(now - asked - said.waited, 0);
  entry->lifetime.initial_age = saturating_add(said.lifetime.initial_age, on_the_way);
  entry->response_time = now;
  entry->keep = said.keep;
  describe_content(*entry, fields);
  entry->tags = tags_of(fields);
  if (!answers(order, *entry)) return nullptr;
  if (names->empty()) return entry;
  entry->vary_names = *names;
  Fields request;
  request.read_lines(order.vary_source);
  vary_values(request, entry->vary_names, entry->vary_values);
  return entry;
}

}  // namespace levee
