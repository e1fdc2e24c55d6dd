// One loaded configuration with what was built from it. Immutable; held by the requests that began under it.
//
// What must survive a reload (stores, upstream state, TLS session keys, counters) is shared between generations by
// name.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "cache/store.h"
#include "conf/config.h"

namespace levee {

class UpstreamStates;  // proxy/origin/upstream_state.h

struct Generation {
  std::shared_ptr<const Config> config;
  std::map<std::string, std::shared_ptr<Store>, std::less<>> stores;  // by zone name
  std::shared_ptr<UpstreamStates> upstreams;  // the same object in every generation; apply(config) at each load
};

}  // namespace levee
