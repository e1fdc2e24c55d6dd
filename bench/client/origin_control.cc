#include "bench/client/origin_control.h"

#include <utility>

namespace levee::bench {

void OriginControl::tell(std::string what) {
  waiting_.push_back("/control/" + std::move(what));
  if (!client_.is_busy()) send_next();
}

void OriginControl::send_next() {
  if (waiting_.empty()) return;
  const std::string path = std::move(waiting_.front());
  waiting_.pop_front();
  client_.send("POST", path, "Content-Length: 0\r\n");
}

}  // namespace levee::bench
