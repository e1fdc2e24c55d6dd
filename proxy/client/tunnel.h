// A client and an origin that speak another protocol through us (RFC 9110 section 7.8): bytes both ways, until one side
// ends.
//
// Loop thread only. Holds back a side whose bytes the other does not take.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/net/stream.h"
#include "proxy/origin/upgraded.h"
#include "proxy/worker.h"

namespace levee {

class Tunnel {
 public:
  // `head`: what the client is sent first. `early`: what it has sent already. idle: ms that neither side may be silent
  // for longer; 0: any time.
  Tunnel(Worker& worker, Stream& client, std::shared_ptr<Upgraded> upgraded, std::string head, std::string_view early,
         int64_t idle);
  ~Tunnel();
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  // Moves what can be moved, and says what is waited for. False: it is over.
  bool go_on();
  uint64_t sent() const { return to_client_.moved; }  // bytes to the client

 private:
  struct Way {
    std::string bytes;  // arrived, and not yet taken by the other side
    size_t taken = 0;   // of these
    uint64_t moved = 0;
    bool ended = false;  // no more will come
    bool empty() const { return taken == bytes.size(); }
  };
  static constexpr size_t kWindow = 64 * 1024;

  // False: a side is broken.
  bool move(Way& way, Stream& from, Stream& to);

  Worker& worker_;
  Stream& client_;
  const std::shared_ptr<Upgraded> upgraded_;
  const int64_t idle_;
  Way to_client_, to_origin_;
};

}  // namespace levee
