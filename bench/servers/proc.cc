#include "bench/servers/proc.h"

#include <sched.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace levee::bench {

const Processors& processors() {
  static const Processors kFound = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> usable;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
      for (int each = 0; each < CPU_SETSIZE; ++each) {
        if (CPU_ISSET(each, &set)) usable.push_back(each);
      }
    }
    return usable.empty() ? Processors{} : Processors{usable.front(), usable[usable.size() > 1 ? 1 : 0]};
  }();
  return kFound;
}

double cpu_seconds(const std::vector<pid_t>& pids) {
  double ticks = 0;
  for (const pid_t pid : pids) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    if (const size_t name_end = line.rfind(')'); name_end != std::string::npos) {
      std::istringstream fields(line.substr(name_end + 1));
      std::string skipped;
      for (int i = 3; i < 14; ++i) fields >> skipped;  // utime and stime are the fields 14 and 15
      double user = 0, system = 0;
      fields >> user >> system;
      ticks += user + system;
    }
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

uint64_t resident_bytes(const std::vector<pid_t>& pids) {
  uint64_t pages = 0;
  for (const pid_t pid : pids) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
    uint64_t size = 0, resident = 0;
    if (file >> size >> resident) pages += resident;
  }
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace levee::bench
