// One small JSON document, fetched again and again: Levee's status, the origin's counts.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "bench/client/http_client.h"

namespace levee::bench {

class JsonFetcher final : private HttpClient::Observer {
 public:
  // `done`: gets the document, or null when there is none.
  using Done = std::function<void(const nlohmann::json&)>;
  JsonFetcher(ClientLoop& loop, const Target& target, Done done);

  // Does nothing while the last request still runs.
  void fetch();

 private:
  void on_head(const ResponseHead& head) override { status_ = head.status; }
  void on_body(std::string_view bytes) override { text_ += bytes; }
  void on_end() override;
  void on_failure(Failure failure) override;

  const Target target_;
  const Done done_;
  int status_ = 0;
  std::string text_;
  HttpClient client_;
};

}  // namespace levee::bench
