// Finds out that a master of a Redis Cluster has come back empty, which the purge stream, on one of them, does not
// show: on each master stands a mark, by which all nodes know what they have said to it from what they must say again.
//
// A mark is a key in the master's first slot, "PREFIX:mark{N}", that holds when it was made. Who does not find it makes
// it; who finds another than before knows that all else there is lost too. Loop thread only; one worker of the process
// has it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "proxy/cluster/redis.h"

namespace levee {

class ClusterMarks {
 public:
  static constexpr int64_t kEvery = 500;  // ms between two looks

  // lost: a master has come back without what was there.
  ClusterMarks(Redis& redis, std::string prefix, std::function<void()> lost);
  ~ClusterMarks() { *alive_ = false; }
  ClusterMarks(const ClusterMarks&) = delete;
  ClusterMarks& operator=(const ClusterMarks&) = delete;

  // Asks each master, if it is time.
  void look(int64_t now);

 private:
  struct Mark {
    std::string key;    // empty: the prefix leaves no choice of a slot, so all stands where the stream does
    std::string value;  // empty: not heard of yet
  };
  void heard(Mark& mark, const redisReply* reply) const;

  Redis& redis_;
  const std::string prefix_;
  const std::function<void()> lost_;
  int64_t next_ = 0;                // ms
  std::map<uint16_t, Mark> marks_;  // by slot
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// A mark's key in such a slot; empty: there is none.
std::string mark_key(const std::string& prefix, uint16_t slot);

}  // namespace levee
