// What a fetch has to do with the other nodes of its PoP: what it asked the index, whom it asks for the response, and
// the lease that it holds. Part of a Fetch; loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "proxy/cluster/peer_message.h"
#include "proxy/cluster/pop.h"
#include "proxy/http/response_head.h"
#include "proxy/net/loop.h"
#include "proxy/origin/fetch.h"

namespace levee {

class Fetch;

struct PopPart {
  PopPart(Worker& worker, std::shared_ptr<Pop> of, std::string index_key, Timer::Callback tick, Fetch& fetch)
      : pop(std::move(of)), key(std::move(index_key)), timer(worker.loop(), tick, &fetch) {}

  const std::shared_ptr<Pop> pop;
  std::string key;       // in the index: of the cache key, or of the variant
  bool varied = false;   // it is a variant's
  std::string excluded;  // nodes that turned out to be of no use: "a,b"
  unsigned asks = 0;

  // The question that is out; null: none is. Whoever answers finds out by it whether the fetch still wants to know.
  std::shared_ptr<Fetch*> question;
  std::optional<Decision> decision;  // not acted upon yet
  int64_t asked_at = 0;              // ms, since when the answer is waited for

  std::string peer;     // whom the response comes from, as the index names it; empty: the origin
  std::string address;  // its
  std::string mark;     // that it must have reached in the PoP's purges
  bool tls = false;
  uint64_t seen = 0;      // bytes of it at the last tick
  int64_t heard_at = 0;   // ms, when the peer last gave a sign of life
  uint64_t fence = 0;     // of the lease that we hold; 0: none
  int64_t lease = 0;      // its life, ms
  int64_t led_since = 0;  // ms
  Timer timer;            // leading: renews the lease; following: looks whether the peer is alive
};

// The entry that a peer's answer brings; null: no request selects it, or it is no slice that fits. asked: ms, when the
// question was sent. What passed since then, but for what the peer let it wait, was spent on the way and counts as age
// (RFC 9111 section 4.2.3).
std::shared_ptr<Entry> entry_from_peer(const Order& order, const ResponseHead& head, const PeerEntry& said,
                                       int64_t asked, int64_t now);

}  // namespace levee
