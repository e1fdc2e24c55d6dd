#include "proxy/origin/request.h"

#include "cache/date.h"

namespace levee {

namespace {

void append_range(uint64_t first, std::optional<uint64_t> last, std::string& out) {
  out.append("Range: bytes=").append(std::to_string(first)).append("-");
  if (last) out.append(std::to_string(*last));
  out.append("\r\n");
}

// Connection, and the fields that it names.
void append_connection(const Order& order, bool keep_alive, std::string& out) {
  const bool http10 = order.location->http10;
  const bool upgrades = !order.upgrade.empty() && !http10;
  const bool trailers = order.wants_trailers && !http10;
  if (upgrades) out.append("Upgrade: ").append(order.upgrade).append("\r\n");
  if (trailers) out.append("TE: trailers\r\n");
  std::string options = upgrades ? "upgrade" : !keep_alive ? "close" : http10 ? "keep-alive" : "";
  if (trailers) options.append(options.empty() ? "TE" : ", TE");
  if (!options.empty()) out.append("Connection: ").append(options).append("\r\n");
}

}  // namespace

bool is_conditional(const Order& order) {
  if (order.stale == nullptr || order.body != nullptr || !order.range.empty() || !order.upgrade.empty()) return false;
  if (order.method != "GET" && order.method != "HEAD") return false;
  if (order.stale->etag.empty() && !order.stale->last_modified) return false;
  return order.location->cache_revalidate || order.stale->lifetime.always_validate;
}

std::string request_head(const Order& order, const Resumption* resume, bool conditional, bool whole, bool keep_alive) {
  std::string head;
  head.reserve(order.fields.size() + order.target.size() + 256);
  const bool http10 = order.location->http10;
  head.append(order.method).append(" ").append(order.target).append(http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  head.append(order.fields);
  if (resume != nullptr) {
    append_range(resume->offset, resume->last, head);
    head.append("If-Range: ").append(resume->validator).append("\r\n");
  } else if (!order.range.empty()) {
    head.append("Range: ").append(order.range).append("\r\n");
  } else if (order.slice && !whole) {
    append_range(order.slice->first, order.slice->first + order.slice->size - 1, head);
  }
  if (conditional) {
    if (!order.stale->etag.empty()) head.append("If-None-Match: ").append(order.stale->etag).append("\r\n");
    if (order.stale->last_modified) {
      char date[kDateSize];
      format_date(*order.stale->last_modified, date);
      head.append("If-Modified-Since: ").append(date, kDateSize).append("\r\n");
    }
  }
  if (order.body != nullptr) {
    if (order.body->length) {
      head.append("Content-Length: ").append(std::to_string(*order.body->length)).append("\r\n");
    } else {
      head.append("Transfer-Encoding: chunked\r\n");
    }
    if (order.expects_continue && !http10) head.append("Expect: 100-continue\r\n");
  }
  append_connection(order, keep_alive, head);
  return head.append("\r\n");
}

}  // namespace levee
