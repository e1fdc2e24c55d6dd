// Every upstream as the process knows it: peers with their health, connections in use, limit and budget. By upstream
// name, and kept over reloads.
//
// Thread-safe.
#pragma once

#include <memory>
#include <string_view>

#include "conf/config.h"

namespace levee {

class UpstreamState;

class UpstreamStates {
 public:
  UpstreamStates();
  ~UpstreamStates();
  // What the configuration now says of its upstreams; those that it no longer names are forgotten when nobody uses
  // them.
  void apply(const Config& config);
  // An upstream of the configuration, or one made for a host:port that proxy_pass computed.
  std::shared_ptr<UpstreamState> find(std::string_view name);

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

}  // namespace levee
