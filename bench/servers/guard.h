// Sees to it that nothing of a run is left, however it ends.
#pragma once

#include <optional>

namespace levee::bench {

// Forks, so it is called before there are threads. In the child it returns nothing, and the child does the work. In the
// parent it returns when the child has ended, with its exit code (128 and the signal's number, as shells have it, when
// one ended it); by then all servers that the child had started have ended too, and its Scratch folders are gone.
// SIGINT, SIGTERM and SIGHUP to the parent end the child. When the parent is killed, the child ends, and its servers.
std::optional<int> guard();

}  // namespace levee::bench
