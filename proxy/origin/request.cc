#include "proxy/origin/request.h"

#include "cache/date.h"

namespace levee {

bool is_conditional(const Order& order) {
  if (order.stale == nullptr || order.body != nullptr || !order.range.empty()) return false;
  if (order.method != "GET" && order.method != "HEAD") return false;
  if (order.stale->etag.empty() && !order.stale->last_modified) return false;
  return order.location->cache_revalidate || order.stale->lifetime.always_validate;
}

std::string request_head(const Order& order, const Resumption* resume, bool conditional, bool keep_alive) {
  std::string head;
  head.reserve(order.fields.size() + order.target.size() + 256);
  const bool http10 = order.location->http10;
  head.append(order.method).append(" ").append(order.target).append(http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  head.append(order.fields);
  if (resume != nullptr) {
    head.append("Range: bytes=").append(std::to_string(resume->offset)).append("-\r\n");
    head.append("If-Range: ").append(resume->validator).append("\r\n");
  } else if (conditional) {
    if (!order.stale->etag.empty()) head.append("If-None-Match: ").append(order.stale->etag).append("\r\n");
    if (order.stale->last_modified) {
      char date[kDateSize];
      format_date(*order.stale->last_modified, date);
      head.append("If-Modified-Since: ").append(date, kDateSize).append("\r\n");
    }
  } else if (!order.range.empty()) {
    head.append("Range: ").append(order.range).append("\r\n");
  }
  if (order.body != nullptr) {
    if (order.body->length) {
      head.append("Content-Length: ").append(std::to_string(*order.body->length)).append("\r\n");
    } else {
      head.append("Transfer-Encoding: chunked\r\n");
    }
  }
  if (!keep_alive) {
    head.append("Connection: close\r\n");
  } else if (http10) {
    head.append("Connection: keep-alive\r\n");
  }
  return head.append("\r\n");
}

}  // namespace levee
