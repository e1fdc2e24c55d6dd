#include "bench/servers/interruption.h"

#include <csignal>

namespace levee::bench {
namespace {
volatile std::sig_atomic_t first = 0;
}

void interrupt(int number) {
  if (first == 0) first = number;
}

void heed_interruption() {
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
}

int interrupted_by() {
  return first;
}

}  // namespace levee::bench
