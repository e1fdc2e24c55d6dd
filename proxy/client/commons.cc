#include "proxy/client/commons.h"

namespace levee {

Commons::Commons(Worker& worker) : logs(worker.loop()), counts(worker.counters()), worker_(worker) {}
Commons::~Commons() = default;

std::unique_ptr<Exchange> Commons::take_exchange() {
  if (spare_.empty()) return std::make_unique<Exchange>();
  auto exchange = std::move(spare_.back());
  spare_.pop_back();
  return exchange;
}

void Commons::give_back(std::unique_ptr<Exchange> exchange) {
  if (spare_.size() >= kSpare) return;
  exchange->input.clear();
  spare_.push_back(std::move(exchange));
}

const std::shared_ptr<Plans>& Commons::plans() {
  if (!plans_ || plans_->generation().get() != worker_.generation().get()) {
    plans_ = std::make_shared<Plans>(worker_.generation(), logs);
  }
  return plans_;
}

}  // namespace levee
