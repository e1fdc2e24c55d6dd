// Idle connections to origins, kept for the next fetch. One a worker (Worker::local), loop thread only.
//
// An idle connection is watched: what it gets is a close, or bytes that nobody asked for, and both end it.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "conf/upstream.h"
#include "proxy/net/stream.h"
#include "proxy/worker.h"

namespace levee {

// A connection and what must fit for another fetch to use it.
struct OriginConnection {
  std::unique_ptr<Stream> stream;
  std::string identity;   // peer, and what TLS was asked to verify: equal text, equal connection
  uint32_t requests = 0;  // that it has had
  int64_t created = 0;    // ms
  bool reused() const { return requests > 1; }
};

class OriginPool {
 public:
  explicit OriginPool(Worker& worker);
  ~OriginPool();

  // The newest idle one that is still good; null: connect. It then belongs to `owner`.
  std::unique_ptr<OriginConnection> take(const std::string& upstream, const std::string& identity, StreamOwner& owner);
  // After a response that allows another. Closes it instead if the upstream's limits say so.
  void keep(const Upstream& upstream, std::unique_ptr<OriginConnection> connection);
  // Closes when the callback that is running has returned.
  void drop(std::unique_ptr<OriginConnection> connection);
  size_t idle(const std::string& upstream) const;

 private:
  class Idle;
  using Shelf = std::list<std::unique_ptr<Idle>>;  // newest first
  std::unique_ptr<OriginConnection> take_from(Shelf& shelf, const std::string& identity, StreamOwner& owner);
  void remove(Idle& idle);
  Worker& worker_;
  std::map<std::string, Shelf, std::less<>> shelves_;  // by upstream; none is empty: proxy_pass may compute names
};

}  // namespace levee
