// The blocks: each makes the scope for its lines, applies them, and checks what only the whole block can show.
#pragma once

#include "conf/directive.h"

namespace levee::conf {

Outcome enter_events(Scope& scope, const Line& line);
Outcome enter_http(Scope& scope, const Line& line);
Outcome enter_server(Scope& scope, const Line& line);
Outcome enter_location(Scope& scope, const Line& line);
Outcome enter_upstream(Scope& scope, const Line& line);

// The media types of a configuration without a types block: in directive_files.cc.
std::map<std::string, std::string, std::less<>> streaming_types();

// listen: in listen.cc.
Outcome add_listen(Scope& scope, const Line& line);
// The servers without a listen of their own are at port 80.
Outcome add_default_listen(Scope& scope);
Outcome add_server_names(Scope& scope, const Line& line);

// The server that peer_listen stands for, if it stands anywhere: in listen.cc.
Outcome add_peer_server(Scope& scope);

// proxy_pass: in origin.cc.
Outcome set_proxy_pass(Scope& scope, const Line& line);
// The address of an origin: host[:port], [v6]:port, unix:path.
Outcome parse_origin(std::string_view text, uint16_t default_port, UpstreamServer& server);

}  // namespace levee::conf
