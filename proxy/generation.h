// One loaded configuration with what was built from it. Immutable; held by the requests that began under it.
//
// What must survive a reload (stores, upstream state, counters) is shared between generations by name.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cache/store.h"
#include "conf/config.h"
#include "proxy/net/secret.h"
#include "proxy/net/tls.h"
#include "proxy/ops/log_file.h"

namespace levee {

class Pop;             // proxy/cluster/pop.h
class UpstreamState;   // proxy/origin/upstream_state.h
class UpstreamStates;  // proxy/origin/upstream_state.h

struct Generation {
  Generation();
  ~Generation();

  std::shared_ptr<const Config> config;
  std::map<std::string, std::shared_ptr<Store>, std::less<>> stores;  // by zone name
  std::shared_ptr<UpstreamStates> upstreams;                          // one for the process
  // Of those that the configuration names, by name. A later configuration that names them again finds them while
  // requests of this one last: an origin has one limit, however often it was left out between.
  std::map<std::string, std::shared_ptr<UpstreamState>, std::less<>> upstream_states;
  std::shared_ptr<Pop> pop;  // the node's part in its PoP; null: it has none. Survives a reload that leaves it as it is
  // Where the names of UpstreamServer::host are, as the system's resolver said when this was loaded; port 0.
  std::map<std::string, std::vector<SocketAddress>, std::less<>> addresses;
  ServerContexts server_tls;                                 // by Listen::text
  ClientContexts client_tls;                                 // by &Location::tls
  std::vector<std::shared_ptr<LogFile>> logs;                // access logs: held open, for LogFile::open() to find
  std::map<std::string, Secret, std::less<>> purge_secrets;  // by CachePurge::secret_file
  uint64_t number = 0;                                       // 1 for the first

  // An upstream of the configuration, or one for a host:port that proxy_pass computed or a peer has.
  std::shared_ptr<UpstreamState> upstream(std::string_view name, bool tls) const;
};

// Builds the next generation: TLS contexts, names, stores. `before` lends what survives; null at the start. Nothing of
// it changes unless this succeeds; else what is wrong, in nginx's words.
std::variant<std::shared_ptr<const Generation>, std::string> next_generation(
    std::shared_ptr<const Config> config, const std::shared_ptr<const Generation>& before);
// From now on this is the one: what is shared with the generation before takes on what the configuration says (sizes of
// stores, upstreams' servers).
void commit(const Generation& generation);

}  // namespace levee
