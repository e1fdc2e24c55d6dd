// What it costs to make a request's key, to be let in to an origin, and to learn from its answer.
#include <benchmark/benchmark.h>

#include <string>

#include "cache/key.h"
#include "conf/expression.h"
#include "proxy/origin/admission.h"
#include "proxy/origin/limiter.h"

namespace levee {
namespace {

class Values final : public VariableSource {
 public:
  bool get(const Variable& variable, std::string& out) const override {
    out +=
        variable.id == Var::kRequestUri ? "/live/channel-7/video/1080p/segment-184467.m4s?_HLS_msn=7" : "example.org";
    return true;
  }
};

// As a hit does it: the string into memory that is there already, then its hash.
void make_key(benchmark::State& state) {
  const auto compiled = Expression::compile("$scheme$proxy_host$request_uri", {});
  const auto& key = std::get<Expression>(compiled);
  const Values values;
  std::string text;
  for (auto _ : state) {
    text.clear();
    key.append_to(text, values);
    const KeyView view(text);
    benchmark::DoNotOptimize(view);
  }
}
BENCHMARK(make_key);

constexpr Concurrency kAdaptive{true, 64, 1, 1000};

// An origin that answers in 20 ms, give or take five, 64 at a time.
void limiter_sample(benchmark::State& state) {
  Limiter limiter(kAdaptive);
  int64_t now = 0;
  for (auto _ : state) {
    ++now;
    limiter.sample(now / 64 - 20 - now % 5, now / 64, 64);
    benchmark::DoNotOptimize(limiter.limit());
  }
}
BENCHMARK(limiter_sample);

// A fetch is let in and ends; there is room.
void admit(benchmark::State& state) {
  const auto admission = std::make_shared<Admission>();
  Upstream upstream;
  upstream.concurrency = kAdaptive;
  admission->apply(upstream);
  int64_t now = 0;
  for (auto _ : state) {
    auto answer = admission->admit(Priority::kLive, true, {}, ++now);
    std::get<Permit>(answer).head_came(1, now - 1, now);
  }
}
BENCHMARK(admit);

}  // namespace
}  // namespace levee
