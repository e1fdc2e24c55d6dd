// What Linux says of running processes: processor time and memory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace levee::bench {

// The numbers of the first two processors that this program might use when it began: one for the server that is
// measured, one for all else. The same twice if there is one only.
struct Processors {
  int of_server = 0, of_rest = 0;
};
const Processors& processors();

// Seconds of processor time, user and system, that these processes have used.
double cpu_seconds(const std::vector<pid_t>& pids);
// Bytes resident; memory that several of them share counts once for each (as it does in top).
uint64_t resident_bytes(const std::vector<pid_t>& pids);

}  // namespace levee::bench
