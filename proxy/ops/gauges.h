// Numbers that parts of the proxy add to levee_status and levee_metrics: limits, queues, breakers, the shared index.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace levee {

struct Sample {
  std::string name;  // of the metric: levee_upstream_limit; counters end in _total
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
  std::string help;  // one line; that of the first sample of a name counts
};

// Asked whenever somebody looks, on any worker's thread. Dropping the token ends it.
class GaugeSource {
 public:
  explicit GaugeSource(std::function<void(std::vector<Sample>&)> collect);
  ~GaugeSource();
  GaugeSource(const GaugeSource&) = delete;
  GaugeSource& operator=(const GaugeSource&) = delete;

 private:
  friend std::vector<Sample> collect_gauges();
  const std::function<void(std::vector<Sample>&)> collect_;
};

std::vector<Sample> collect_gauges();

}  // namespace levee
