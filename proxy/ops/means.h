// What the process has used of descriptors and memory. Thread-safe; each call is a few system calls.
#pragma once

#include <cstdint>
#include <string>

namespace levee {

struct DescriptorUse {
  uint64_t used = 0, limit = 0;
};
// `used` is the number of the lowest descriptor that is free: all below it are taken.
DescriptorUse descriptor_use();

struct MemoryUse {
  double share = 0;       // of the machine's memory or the cgroup's, whichever is shorter: 0 to 1
  uint64_t resident = 0;  // bytes of this process
};
// root: where /proc and /sys are; for tests.
MemoryUse memory_use(const std::string& root = "");

}  // namespace levee
