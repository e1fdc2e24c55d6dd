// One client connection: reads request heads, finds out what answers them, sends the answers in order.
//
//   kHandshake -> kReadHead -> kRoute -> kLookUp -> kAwait -> kSend -> kReadHead ... -> kEnded
//                                 |                    ^  '- the flight failed: stale, or an error page
//                                 '- return, file, status: kSend directly
//
// Loop thread only. An idle keep-alive connection holds this object and its Stream, nothing else.
#pragma once

#include <sys/socket.h>

#include <memory>

#include "proxy/worker.h"

namespace levee {

struct Listen;  // conf/config.h

// Takes an accepted socket and starts its session on this worker.
void start_session(Worker& worker, int descriptor, const Listen& listen, const sockaddr_storage& peer);

}  // namespace levee
