// Tells a levee-bench origin what to do to itself. Loop thread only.
#pragma once

#include <deque>
#include <string>

#include "bench/client/http_client.h"

namespace levee::bench {

class OriginControl final : private HttpClient::Observer {
 public:
  // `origin`: its path does not matter.
  OriginControl(ClientLoop& loop, const Target& origin) : target_(origin), client_(loop, target_, *this) {}
  // POSTs /control/WHAT ("hang?for=5000"), behind what it has not yet taken. Looks at no answer.
  void tell(std::string what);
  bool is_telling() const { return client_.is_busy(); }

 private:
  void on_head(const ResponseHead&) override {}
  void on_body(std::string_view) override {}
  void on_end() override { send_next(); }
  void on_failure(Failure) override { send_next(); }
  void send_next();

  const Target target_;
  std::deque<std::string> waiting_;
  HttpClient client_;
};

}  // namespace levee::bench
