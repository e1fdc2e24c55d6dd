#include "proxy/client/exchange.h"

#include "cache/vary.h"

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
  blocked = false;
  sender.reset();
  reader.reset();
  entry.reset();
  stale.reset();
  if (trace) trace->on_interim = nullptr;  // its fetch may go on without us
  trace.reset();
  fault = {};
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

void Exchange::vary_values(std::string_view names, std::string& out) const {
  levee::vary_values(head.fields(), names, out);
}

}  // namespace levee
