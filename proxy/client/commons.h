// What the sessions of one worker have in common: free lists, scratch memory, plans, logs, counts.
//
// Loop thread only, but for the counts.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "proxy/client/access_log.h"
#include "proxy/client/exchange.h"
#include "proxy/client/plan.h"
#include "proxy/client/recent_heads.h"
#include "proxy/ops/client_counts.h"
#include "proxy/worker.h"

namespace levee {

class Commons {
 public:
  explicit Commons(Worker& worker);
  ~Commons();
  Commons(const Commons&) = delete;
  Commons& operator=(const Commons&) = delete;

  std::unique_ptr<Exchange> take_exchange();
  void give_back(std::unique_ptr<Exchange> exchange);

  // The plans for the worker's generation now.
  const std::shared_ptr<Plans>& plans();

  // Scratch memory: whoever uses it is done with it before it returns to anybody else.
  std::string key, text;
  std::array<char, 72 * 1024> head;
  std::array<std::byte, 64 * 1024> body;

  RecentHeads recent_heads;
  AccessLogs logs;
  ClientCounts counts;

 private:
  static constexpr size_t kSpare = 1024;  // exchanges kept for later
  Worker& worker_;
  std::shared_ptr<Plans> plans_;
  std::vector<std::unique_ptr<Exchange>> spare_;
};

}  // namespace levee
