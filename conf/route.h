// Which server and which location a request is for, with nginx's precedence. Pure; no allocation but for captures.
#pragma once

#include <string_view>

#include "conf/config.h"

namespace levee {

// `host`: lower case, without port or trailing dot. Exact name, longest leading wildcard, longest trailing wildcard,
// first regex, else the address's default server.
const Server& find_server(const Listen& listen, std::string_view host, Captures& captures);

// `path`: normalised and decoded. Exact, else the longest prefix if ^~, else the first regex (innermost first), else
// the longest prefix, else the server's base.
const Location& find_location(const Server& server, std::string_view path, Captures& captures);

// Makes the indexes that the two above search; called by load() when all servers are known.
void index_routes(Http& http);

}  // namespace levee
