// That somebody wants this program to end, for work whose results are to be kept before it does.
#pragma once

namespace levee::bench {

// From now on SIGINT and SIGTERM end nothing here; the first of them is noted.
void heed_interruption();
// As if the signal had come: one that somebody else has caught.
void interrupt(int number);
// The first signal; 0: none.
int interrupted_by();

}  // namespace levee::bench
