// What all simulated viewers of a rehearsal share; outlives them.
#pragma once

#include <vector>

#include "bench/client/connections.h"
#include "bench/client/target.h"
#include "bench/viewer/viewer_model.h"
#include "bench/viewer/viewer_tally.h"

namespace levee::bench {

struct Crowd {
  ClientLoop& loop;
  Connections& connections;
  const std::vector<Target>& targets;
  const ViewerModel& model;
  ViewerTally& tally;
};

}  // namespace levee::bench
