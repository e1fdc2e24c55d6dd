// The keys that session tickets are sealed with.
#pragma once

#include <string>

#include "conf/config.h"
#include "proxy/net/stream.h"

namespace levee {

// Tickets of this context are sealed with the keys in ssl_session_ticket_key files (48 or 80 bytes each; the first
// seals, all open), else with keys of the process: renewed every 12 hours, the one before still opens, so tickets
// outlive reloads and are good on every worker. What is wrong, or "".
std::string use_ticket_keys(SSL_CTX* context, const Config& config, const ServerTls& tls);

}  // namespace levee
