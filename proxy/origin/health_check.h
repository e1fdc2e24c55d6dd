// Asks servers now and then whether they are well (health_check), so that a sick one is left alone before a viewer
// finds out. Run by one worker (Worker::local); loop thread only.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "proxy/generation.h"
#include "proxy/http/response_head.h"
#include "proxy/worker.h"

namespace levee {

// Whether a response is what the check wants to see. Pure.
bool is_well(const HealthCheck& check, const ResponseHead& head);

class HealthChecks {
 public:
  explicit HealthChecks(Worker& worker);
  ~HealthChecks();
  HealthChecks(const HealthChecks&) = delete;
  HealthChecks& operator=(const HealthChecks&) = delete;

  // Checks what this generation's upstreams want checked, and nothing else.
  void use(const std::shared_ptr<const Generation>& generation);

 private:
  class Round;  // of one upstream
  void bury_all();
  Worker& worker_;
  std::map<std::string, std::unique_ptr<Round>, std::less<>> rounds_;  // by upstream
};

}  // namespace levee
