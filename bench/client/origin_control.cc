#include "bench/client/origin_control.h"

#include <utility>

namespace levee::bench {

void OriginControl::tell(std::string what) {
  waiting_.push_back(std::move(what));
  if (!client_.is_busy()) send_next();
}

void OriginControl::send_next() {
  if (waiting_.empty()) return;
  told_ = std::move(waiting_.front());
  waiting_.pop_front();
  client_.send("POST", "/control/" + told_, "Content-Length: 0\r\n");
}

}  // namespace levee::bench
