#include "bench/client/fetch_json.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace levee::bench {

JsonFetcher::JsonFetcher(ClientLoop& loop, const Target& target, Done done)
    : target_(target), done_(std::move(done)), client_(loop, target_, *this) {}

void JsonFetcher::fetch() {
  if (client_.is_busy()) return;
  text_.clear();
  client_.get(target_.path);
}

void JsonFetcher::on_end() {
  const auto document = nlohmann::json::parse(text_, nullptr, false);
  done_(status_ == 200 && !document.is_discarded() ? document : nlohmann::json());
}

void JsonFetcher::on_failure(Failure) {
  done_(nlohmann::json());
}

}  // namespace levee::bench
