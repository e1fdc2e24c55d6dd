#include "proxy/ops/gauges.h"

#include <mutex>

namespace levee {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<const GaugeSource*> sources;
};
Registry& registry() {
  static Registry one;
  return one;
}

}  // namespace

GaugeSource::GaugeSource(std::function<void(std::vector<Sample>&)> collect) : collect_(std::move(collect)) {
  const std::lock_guard lock(registry().mutex);
  registry().sources.push_back(this);
}

GaugeSource::~GaugeSource() {
  const std::lock_guard lock(registry().mutex);
  std::erase(registry().sources, this);
}

std::vector<Sample> collect_gauges() {
  std::vector<Sample> samples;
  const std::lock_guard lock(registry().mutex);
  for (const GaugeSource* source : registry().sources) source->collect_(samples);
  return samples;
}

}  // namespace levee
