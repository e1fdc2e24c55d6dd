// Directives of the origin's side: what to ask, what to send, how long to wait, what to pass on.
#include "conf/block.h"

namespace levee::conf {
namespace {

Parsed<SetHeader> sent_header(Scope& scope, const Line& line) {
  auto value = expression(scope, line[2]);
  if (auto* fault = std::get_if<Fault>(&value)) return std::move(*fault);
  return SetHeader{line[1], std::move(std::get<Expression>(value))};
}

constexpr Word<bool> kVersions[] = {{"1.0", true}, {"1.1", false}};

constexpr Word<Trouble> kRetryWords[] = {
    {"error", Trouble::kError},
    {"timeout", Trouble::kTimeout},
    {"http_500", Trouble::kHttp500},
    {"http_502", Trouble::kHttp502},
    {"http_503", Trouble::kHttp503},
    {"http_504", Trouble::kHttp504},
    {"http_403", Trouble::kHttp403},
    {"http_404", Trouble::kHttp404},
    {"http_429", Trouble::kHttp429},
    {"invalid_header", Trouble::kInvalidHeader},
    {"off", Trouble{}},
    {"non_idempotent", Trouble::kNonIdempotent},
};

constexpr Word<IgnoredField> kIgnorable[] = {
    {"X-Accel-Redirect", IgnoredField::kXAccelRedirect},
    {"X-Accel-Expires", IgnoredField::kXAccelExpires},
    {"X-Accel-Limit-Rate", IgnoredField::kXAccelLimitRate},
    {"X-Accel-Buffering", IgnoredField::kXAccelBuffering},
    {"X-Accel-Charset", IgnoredField::kXAccelCharset},
    {"Expires", IgnoredField::kExpires},
    {"Cache-Control", IgnoredField::kCacheControl},
    {"Set-Cookie", IgnoredField::kSetCookie},
    {"Vary", IgnoredField::kVary},
};

// off | default | from to
Outcome add_redirect(Scope& scope, const Line& line) {
  Location& location = *scope.location;
  if (scope.is_first("proxy_redirect")) {
    location.redirects.clear();
    location.redirect_default = false;
  }
  if (line.size() == 2) {
    if (line[1] != "off" && line[1] != "default") return invalid_parameter(line[1]);
    location.redirect_default = line[1] == "default";
    return std::nullopt;
  }
  Redirect redirect;
  if (line[1].starts_with('~')) {
    const bool caseless = line[1].starts_with("~*");
    auto regex = Regex::compile(line[1].substr(caseless ? 2 : 1), caseless);
    if (auto* error = std::get_if<std::string>(&regex)) return Fault{std::move(*error)};
    redirect.regex = std::move(std::get<Regex>(regex));
  } else {
    auto from = expression(scope, line[1]);
    if (auto* fault = std::get_if<Fault>(&from)) return std::move(*fault);
    redirect.from = std::move(std::get<Expression>(from));
  }
  auto to = expression(scope, line[2]);
  if (auto* fault = std::get_if<Fault>(&to)) return std::move(*fault);
  redirect.to = std::move(std::get<Expression>(to));
  location.redirects.push_back(std::move(redirect));
  return std::nullopt;
}

constexpr Word<Priority> kPriorities[] = {{"auto", Priority::kAuto},
                                          {"playlist", Priority::kPlaylist},
                                          {"live", Priority::kLive},
                                          {"other", Priority::kOther},
                                          {"background", Priority::kBackground}};

const Directive kDirectives[] = {
    {"proxy_pass", kLocation, 1, kNone, with<set_proxy_pass>,
     "The origin: http:// or https://, an upstream's name or a host, and perhaps a URI in place of what the location "
     "matched."},
    {"proxy_set_header", kAny, 2, kNone, add<&Location::set_headers, sent_header>,
     "Sets a field of requests to the origin; an empty value leaves it out. Host is $proxy_host unless set."},
    {"proxy_hide_header", kAny, 1, kNone, add<&Location::hide_headers, text>, "Does not pass on a field of responses."},
    {"proxy_pass_header", kAny, 1, kNone, add<&Location::pass_headers, text>,
     "Passes on a field of responses that would be left out."},
    {"proxy_ignore_headers",
     kAny,
     {1, kMany},
     kNone,
     set<&Location::ignore_headers, words<kIgnorable>>,
     "Fields of responses that are passed on but not obeyed: Cache-Control, Expires, Set-Cookie, Vary, X-Accel-..."},
    {"proxy_http_version", kAny, 1, "1.1", set<&Location::http10, choice<kVersions>>,
     "The version spoken to origins. 1.1 and not nginx's 1.0, so that connections are kept and bodies may be chunked."},
    {"proxy_method", kAny, 1, kNone, set<&Location::method, expression_word>, "The method to ask the origin with."},
    {"proxy_pass_request_headers", kAny, 1, "on", set<&Location::pass_request_headers, flag>,
     "Send the client's fields to the origin."},
    {"proxy_pass_request_body", kAny, 1, "on", set<&Location::pass_request_body, flag>,
     "Send the client's body to the origin."},
    {"proxy_request_buffering", kAny, 1, "on", set<&Location::request_buffering, flag>,
     "Read the whole request body before asking the origin."},
    {"proxy_buffering", kAny, 1, "on", set<&Location::buffering, flag>,
     "Read an uncacheable response ahead of its client, within bounds."},
    {"proxy_buffer_size", kAny, 1, "16k", set<&Location::buffer_size, some_bytes>, "The largest head of a response."},
    {"proxy_limit_rate", kAny, 1, "0", set<&Location::limit_rate, bytes>, "Bytes a second from the origin; 0: any."},
    {"proxy_ignore_client_abort", kAny, 1, "off", set<&Location::ignore_client_abort, flag>,
     "Let an uncacheable request finish though its client has left. A cacheable one always does."},
    {"proxy_connect_timeout", kAny, 1, "60s", set<&Location::connect_timeout, duration>,
     "How long an origin may take to accept a connection."},
    {"proxy_send_timeout", kAny, 1, "60s", set<&Location::proxy_send_timeout, duration>,
     "How long an origin may take nothing of a request."},
    {"proxy_read_timeout", kAny, 1, "60s", set<&Location::read_timeout, duration>,
     "How long an origin may send nothing of a response, or take for a head that it has begun."},
    {"proxy_next_upstream",
     kAny,
     {1, kMany},
     "error timeout",
     set<&Location::next_upstream, words<kRetryWords>>,
     "When to ask the next server: error, timeout, invalid_header, http_500 ..., non_idempotent, off."},
    {"proxy_next_upstream_tries", kAny, 1, "0", set<&Location::next_upstream_tries, count>,
     "How many servers may be asked; 0: all."},
    {"proxy_next_upstream_timeout", kAny, 1, "0", set<&Location::next_upstream_timeout, duration>,
     "How long may be spent on asking them; 0: any time."},
    {"proxy_redirect",
     kAny,
     {1, 2},
     "default",
     each<add_redirect>,
     "How the origin's own address in Location and Refresh becomes ours: default, off, or from and to."},
    {"proxy_priority", kAny, 1, "auto", set<&Location::priority, choice<kPriorities>>,
     "Who goes first when the origin is at its limit: playlist, live, other, background; auto: by type and path."},
    {"proxy_buffers", kAny, 2, kNone, ignored,
     "Accepted and not needed: responses are stored once and sent from there."},
    {"proxy_busy_buffers_size", kAny, 1, kNone, ignored, "Accepted and not needed."},
    {"proxy_max_temp_file_size", kAny, 1, kNone, ignored, "Accepted and not needed: there are no temporary files."},
    {"proxy_temp_file_write_size", kAny, 1, kNone, ignored, "Accepted and not needed."},
    {"proxy_temp_path", kAny, {1, 4}, kNone, ignored, "Accepted and not needed."},
    {"proxy_headers_hash_max_size", kAny, 1, kNone, ignored, "Accepted and not needed."},
    {"proxy_headers_hash_bucket_size", kAny, 1, kNone, ignored, "Accepted and not needed."},
    {"proxy_socket_keepalive", kAny, 1, kNone, ignored, "Accepted and not needed."},
};

}  // namespace

std::span<const Directive> proxy_directives() {
  return kDirectives;
}

}  // namespace levee::conf
