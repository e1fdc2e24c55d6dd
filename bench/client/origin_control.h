// Tells a levee-bench origin what to do to itself. Loop thread only.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "bench/client/http_client.h"

namespace levee::bench {

class OriginControl final : private HttpClient::Observer {
 public:
  // `origin`: its path does not matter.
  OriginControl(ClientLoop& loop, const Target& origin) : target_(origin), client_(loop, target_, *this) {}
  // POSTs /control/WHAT ("hang?for=5000"), behind what it has not yet taken.
  void tell(std::string what);
  bool is_telling() const { return client_.is_busy(); }
  // What it would not do.
  const std::vector<std::string>& refused() const { return refused_; }

 private:
  void on_head(const ResponseHead& head) override {
    if (head.status >= 400) refused_.push_back(told_);
  }
  void on_body(std::string_view) override {}
  void on_end() override { send_next(); }
  void on_failure(Failure) override { send_next(); }
  void send_next();

  const Target target_;
  std::deque<std::string> waiting_;
  std::string told_;  // last
  std::vector<std::string> refused_;
  HttpClient client_;
};

}  // namespace levee::bench
