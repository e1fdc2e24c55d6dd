// Plain requests, each sent when it is due, whether earlier ones have been answered or not. Loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/rehearse/plan.h"
#include "bench/viewer/crowd.h"

namespace levee::bench {

class OpenLoad {
 public:
  OpenLoad(Crowd& crowd, const Plan::Requests& requests);
  ~OpenLoad();
  OpenLoad(const OpenLoad&) = delete;
  OpenLoad& operator=(const OpenLoad&) = delete;

  // Sends what is due, `began_us` being when the rehearsal began.
  void send_due(int64_t began_us, int64_t now);
  // What has no answer yet: how long each request has waited for its first byte (0: that has come), and for its last.
  void each_wait(int64_t now, const std::function<void(int64_t first_us, int64_t whole_us)>& visit) const;

 private:
  class Ask;
  int64_t due_us(uint32_t number) const;
  void send(int64_t due_us);

  Crowd& crowd_;
  const Plan::Requests& requests_;
  const std::string fields_;
  Connections::Home home_;
  uint32_t sent_ = 0;
  std::vector<std::unique_ptr<Ask>> asks_;
  std::vector<Ask*> free_;
};

}  // namespace levee::bench
