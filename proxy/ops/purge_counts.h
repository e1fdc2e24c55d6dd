// What is counted of purges, for the process. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>

namespace levee {

struct PurgeCounts {
  std::atomic<uint64_t> requests{0};   // PURGE
  std::atomic<uint64_t> forbidden{0};  // of these
};
PurgeCounts& purge_counts();

}  // namespace levee
