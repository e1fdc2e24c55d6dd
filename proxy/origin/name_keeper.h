// Keeps upstreams' addresses up to date: asks for names that are due, and tells who waits. One a worker
// (Worker::local), loop thread only.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "proxy/net/resolver.h"
#include "proxy/origin/upstream_state.h"
#include "proxy/worker.h"

namespace levee {

class NameKeeper {
 public:
  explicit NameKeeper(Worker& worker) : worker_(worker) {}

  // Asks for the names of this upstream that are due, with its own resolver, or the location's if it has none.
  void refresh(const std::shared_ptr<UpstreamState>& upstream, const Upstream& rules, const Location& location);
  // Whether an answer is on its way here.
  bool asks(const UpstreamState& upstream) const { return asked_.contains(&upstream); }
  // The task is woken once when the answers have come.
  void wake_when_known(const UpstreamState& upstream, Subscriber task) { asked_[&upstream].waiting.push_back(task); }

 private:
  struct Asked {
    std::shared_ptr<UpstreamState> upstream;
    std::map<size_t, std::unique_ptr<NameResolver::Lookup>> lookups;  // by server
    std::vector<Subscriber> waiting;
  };
  void known(const UpstreamState* upstream, const UpstreamState::Line& line, const Resolved& result);
  Worker& worker_;
  std::map<const UpstreamState*, Asked> asked_;
};

}  // namespace levee
