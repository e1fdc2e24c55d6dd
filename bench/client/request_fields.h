// The header fields that simulated clients send, as lines "Name: value" that end in CRLF. Pure.
#pragma once

#include <string>
#include <string_view>

namespace levee::bench {

// What Chromium sends for a segment that hls.js fetches from another site, some 400 bytes: to read them is a server's
// work for every hit. But for the content coding: who reads playlists here has no decoder.
const std::string& player_fields();

// `lines` and those of `fields` whose names they do not have. A line without a value is not sent, and takes the other's
// place all the same, as proxy_set_header does. Names are compared without case (RFC 9110 section 5.1).
std::string with_fields(std::string_view fields, std::string_view lines);

// Whether a client may add it to a request: a line without CRLF, of a field that does not say where the request ends or
// whom it is for (Host).
bool is_request_field(std::string_view line);

}  // namespace levee::bench
