// What a request knows of the connection that it came on. All that an idle connection holds, but for its step.
#pragma once

#include <cstdint>
#include <memory>

#include "cache/flight.h"
#include "proxy/client/peer_address.h"
#include "proxy/client/plan.h"
#include "proxy/net/stream.h"
#include "proxy/worker.h"

namespace levee {

class Commons;

struct Connection {
  Worker& worker;
  Commons& commons;
  Stream stream;
  Subscriber subscriber;         // who is woken by flights
  std::shared_ptr<Plans> plans;  // of the generation that the current request uses
  const Listen* listen;          // of that generation
  const Plan* plan = nullptr;    // of the last request; the next one is often for the same
  PeerAddress peer;
  uint64_t number;        // $connection
  int64_t since;          // ms on the loop's clock
  uint32_t requests = 0;  // read so far

  const std::shared_ptr<const Generation>& generation() const { return plans->generation(); }
};

}  // namespace levee
