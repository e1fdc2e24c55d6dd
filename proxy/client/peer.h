// What this node answers to other nodes of its PoP, besides entries, which send_entry() sends as to anybody.
#pragma once

#include <cstdint>
#include <string>

#include "cache/entry.h"
#include "proxy/client/sender.h"
#include "proxy/cluster/peer_message.h"

namespace levee {

class Exchange;

// An answer without a response.
Sender::Outcome send_to_peer(Exchange& x, const PeerAnswer& answer);
// What Levee-Peer says of an entry that is sent now. asked: ms, when the question came.
std::string peer_answer(const Entry& entry, int64_t asked, int64_t now);

}  // namespace levee
