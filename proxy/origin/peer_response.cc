// What a peer's answer means: the entry as the peer has it, older by the way.
#include "cache/tags.h"
#include "cache/vary.h"
#include "proxy/origin/fetch_pop.h"
#include "proxy/origin/response.h"

namespace levee {

std::shared_ptr<Entry> entry_from_peer(const Order& order, const ResponseHead& head, const PeerEntry& said,
                                       int64_t asked, int64_t now) {
  const Fields& fields = head.fields();
  const bool ignores_vary = order.location->ignore_headers.has(IgnoredField::kVary);
  const auto names = ignores_vary ? std::optional<std::string>("") : vary_names(fields);
  if (!names) return nullptr;
  auto entry = std::make_shared<Entry>();
  entry->status = head.status();
  entry->fields = StoredFields::of(fields, [](const Field& field) { return same_name(field.name, kPeerAnswerField); });
  if (head.has_content_length()) entry->content_length = head.content_length();
  if (head.framing().kind == Framing::Kind::kNone) entry->content_length = 0;
  entry->lifetime = said.lifetime;
  const int64_t on_the_way = std::max<int64_t>(now - asked - said.waited, 0);
  entry->lifetime.initial_age = saturating_add(said.lifetime.initial_age, on_the_way);
  entry->response_time = now;
  entry->keep = said.keep;
  describe_content(*entry, fields);
  entry->tags = tags_of(fields);
  if (names->empty()) return entry;
  entry->vary_names = *names;
  Fields request;
  request.read_lines(order.vary_source);
  vary_values(request, entry->vary_names, entry->vary_values);
  return entry;
}

}  // namespace levee
