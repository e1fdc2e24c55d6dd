#include "proxy/client/exchange.h"

#include "cache/vary.h"
#include "proxy/client/slices.h"
#include "proxy/cluster/peer_message.h"

namespace levee {

void Exchange::reset() {
  head.reset();
  pipelined = false;
  server = nullptr;
  plan = nullptr;
  path = {};
  captures.clear();
  body.reset();
  target.reset();
  request_id.clear();
  note = {};
  looks = 0;
  wait_deadline = body_deadline = send_deadline = 0;
  patience.reset();
  may_be_closing = true;
  body_withheld = false;
  blocked = false;
  sender.reset();
  reader.reset();
  entry.reset();
  stale.reset();
  if (slicing.of) slicing = {};
  tunnel.reset();
  trace.reset();
  fault = {};
  peer_store = nullptr;
  bypass = no_store = forwarded_conditions = passed = false;
  awake.reset();
  purging.reset();
  file_modified.reset();
  status = 0;
  keep_alive = completed = false;
  cut_is_clean = true;
  own_fields.clear();
  sent_head.clear();
}

// Pure: called under the shard's lock.
bool Exchange::takes(const Entry& partial) const {
  const Part& part = *partial.part;
  if (peer_store != nullptr) {  // what was cut short serves ranges alone
    return part.slice > 0 && head.fields().find(kPeerSliceField).value_or("") == std::to_string(part.slice);
  }
  if (slicing.of != nullptr) return part.series == slicing.of->part->series && part.first == slice_start(*this);
  if (part.series != 0) return plan->location->slice == part.slice && !body.has_body();
  const auto range = wanted_range(*this, partial);
  return range && range->first >= part.first && range->last - part.first < *partial.content_length;
}

void Exchange::vary_values(std::string_view names, std::string& out) const {
  levee::vary_values(head.fields(), names, out);
}

}  // namespace levee
