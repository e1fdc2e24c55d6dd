// What can be worked out once for each location of a generation, so that requests need not.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "cache/store.h"
#include "proxy/client/access_log.h"
#include "proxy/generation.h"

namespace levee {

class Pop;  // proxy/cluster/pop.h

struct Plan {
  const Location* location = nullptr;
  const ProxyPass* pass = nullptr;  // null: something else answers
  Store* store = nullptr;           // null: no cache
  Pop* pop = nullptr;               // whose index has what is in the store; null: none
  Rules rules;
  bool plain_head = true;    // no add_header, no expires: stored fields are sent as they are
  bool default_key = false;  // $scheme$proxy_host$request_uri, and no variables in proxy_pass
  bool conditional = false;  // proxy_cache_bypass, proxy_no_cache or request directives are to be looked at
  bool keeps_head = false;   // a log or a field wants $sent_http_...
  bool checks_access = false;
  const Secret* purge_secret = nullptr;  // null: none is asked for
  struct Log {
    const AccessLog* log;
    LogSink* sink;
  };
  std::vector<Log> logs;
};

// The plans of one generation, and the generation with them. Loop thread only.
class Plans {
 public:
  Plans(std::shared_ptr<const Generation> generation, AccessLogs& logs)
      : generation_(std::move(generation)), logs_(logs) {}
  const std::shared_ptr<const Generation>& generation() const { return generation_; }
  const Plan& of(const Location& location);

 private:
  const std::shared_ptr<const Generation> generation_;
  AccessLogs& logs_;
  std::unordered_map<const Location*, std::unique_ptr<Plan>> plans_;
};

}  // namespace levee
