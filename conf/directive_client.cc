// Directives of the client's side: where to listen, whom to let in, how long to wait, what to log.
#include <charconv>

#include "conf/block.h"

namespace levee::conf {
namespace {

Outcome set_keepalive_timeout(Scope& scope, const Line& line) {
  const auto time = duration(line[1]);
  const auto header = line.size() > 2 ? duration(line[2]) : Milliseconds(0);
  if (!time || !header) return invalid_word(line, line[time ? 2 : 1], false);
  scope.location->keepalive_timeout = *time;
  scope.location->keepalive_header = *header;
  return std::nullopt;
}

Outcome set_header_buffers(Scope& scope, const Line& line) {
  const auto number = count(line[1]);
  const auto most = bytes(line[2]);
  if (!number || *number == 0 || *number > 1024) return invalid_word(line, line[1], false);
  if (!most || *most == 0 || *most > (16U << 20U)) return invalid_word(line, line[2], false);
  scope.server->large_client_header_buffers.count = *number;
  scope.server->large_client_header_buffers.size = *most;
  return std::nullopt;
}

// allow and deny are one list.
Outcome add_access_rule(Scope& scope, const Line& line) {
  const auto block = parse_address_block(line[1]);
  if (!block) return invalid_parameter(line[1]);
  if (scope.is_first("allow, deny")) scope.location->access.clear();
  scope.location->access.push_back({line[0] == "allow", *block});
  return std::nullopt;
}

Parsed<AddHeader> added_header(Scope& scope, const Line& line) {
  auto value = expression(scope, line[2]);
  if (auto* fault = std::get_if<Fault>(&value)) return std::move(*fault);
  if (line.size() > 3 && line[3] != "always") return invalid_parameter(line[3]);
  return AddHeader{line[1], std::move(std::get<Expression>(value)), line.size() > 3};
}

// off | epoch | max | [modified] time | @time of day
Parsed<Expires> expires(Scope& /*scope*/, const Line& line) {
  using Kind = Expires::Kind;
  const bool modified = line.size() > 2;
  if (modified && line[1] != "modified") return invalid_value(line[1]);
  std::string_view word = line[line.size() - 1];
  if (!modified) {
    if (word == "off") return Expires{Kind::kOff, Milliseconds(0)};
    if (word == "epoch") return Expires{Kind::kEpoch, Milliseconds(0)};
    if (word == "max") return Expires{Kind::kMax, Milliseconds(0)};
    if (word.starts_with('@')) {
      const auto time = duration(word.substr(1));
      if (!time || *time >= Milliseconds(86'400'000)) return invalid_value(word);
      return Expires{Kind::kDaily, *time};
    }
  }
  const bool negative = word.starts_with('-');
  if (negative) word.remove_prefix(1);
  const auto time = duration(word);
  if (!time) return invalid_value(line[line.size() - 1]);
  return Expires{modified ? Kind::kAfterModified : Kind::kAfterAccess, negative ? -*time : *time};
}

// return code [text] | return URL
Outcome set_return(Scope& scope, const Line& line) {
  Return result;
  size_t text_at = 2;
  const std::string& word = line[1];
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), result.status);
  if (error != std::errc() || end != word.data() + word.size() || result.status > 999) {
    const bool url = word.starts_with("http://") || word.starts_with("https://") || word.starts_with("$scheme");
    if (line.size() > 2 || !url) return Fault{"invalid return code \"" + word + "\""};
    result.status = 302;
    text_at = 1;
  }
  if (result.status < 200 && result.status != 0) return Fault{"invalid return code \"" + word + "\""};
  if (line.size() > text_at) {
    auto text_value = expression(scope, line[text_at]);
    if (auto* fault = std::get_if<Fault>(&text_value)) return std::move(*fault);
    result.text = std::move(std::get<Expression>(text_value));
  }
  scope.location->answer = std::move(result);
  return std::nullopt;
}

Outcome add_log_format(Scope& scope, const Line& line) {
  LogFormat format;
  format.name = line[1];
  size_t at = 2;
  if (line[at].starts_with("escape=")) {
    const std::string_view escape = std::string_view(line[at++]).substr(7);
    if (escape == "json") {
      format.escape = LogFormat::Escape::kJson;
    } else if (escape == "none") {
      format.escape = LogFormat::Escape::kNone;
    } else if (escape != "default") {
      return Fault{"unknown log format escaping \"" + std::string(escape) + "\""};
    }
  }
  std::string text_line;
  for (const std::string& word : line.from(at)) text_line += word;
  auto compiled = expression(scope, text_line);
  if (auto* fault = std::get_if<Fault>(&compiled)) return std::move(*fault);
  format.line = std::move(std::get<Expression>(compiled));
  if (!scope.config.http.log_formats.emplace(line[1], std::move(format)).second) {
    return Fault{"duplicate \"log_format\" name \"" + line[1] + "\""};
  }
  return std::nullopt;
}

constexpr Parameter<AccessLog> kLogParameters[] = {{"buffer=", take<&AccessLog::buffer, bytes>},
                                                   {"flush=", take<&AccessLog::flush, duration>},
                                                   {"gzip", skip<AccessLog>}};

// access_log off | path [format] [buffer=size] [flush=time] [if=condition]
Outcome add_access_log(Scope& scope, const Line& line) {
  auto& logs = scope.location->access_logs;
  if (scope.is_first("access_log")) logs.clear();
  if (line[1] == "off") {
    if (line.size() > 2) return invalid_parameter(line[2]);
    logs.clear();
    return std::nullopt;
  }
  AccessLog log;
  log.path = line[1];
  if (log.path.starts_with("syslog:")) return Fault{"\"access_log\" writes to files only"};
  size_t at = 2;
  const std::string format = line.size() > at && line[at].find('=') == std::string::npos ? line[at++] : "combined";
  const auto known = scope.config.http.log_formats.find(format);
  if (known == scope.config.http.log_formats.end()) return Fault{"unknown log format \"" + format + "\""};
  log.format = &known->second;
  std::vector<std::string> rest;
  for (const std::string& word : line.from(at)) {
    if (!word.starts_with("if=")) {
      rest.push_back(word);
      continue;
    }
    auto condition = expression(scope, std::string_view(word).substr(3));
    if (auto* fault = std::get_if<Fault>(&condition)) return std::move(*fault);
    log.condition = std::move(std::get<Expression>(condition));
  }
  if (auto fault = apply_parameters<AccessLog>(log, kLogParameters, rest)) return fault;
  logs.push_back(std::move(log));
  return std::nullopt;
}

template <typename Page>
Outcome answer_with(Scope& scope, const Line& /*line*/) {
  scope.location->answer = Page{};
  return std::nullopt;
}

const Directive kDirectives[] = {
    {"server", kHttp, 0, kNone, enter<enter_server>, "A virtual server."},
    {"location",
     kServer | kLocation,
     {1, 2},
     kNone,
     enter<enter_location>,
     "Settings for paths: a prefix, = exact, ^~ prefix that goes before regexes, ~ regex, ~* regex in any case."},
    {"listen",
     kServer,
     {1, kMany},
     kNone,
     each<add_listen>,
     "Where the server is found: address:port, port, [v6]:port or unix:path, with ssl, default_server, backlog= and "
     "others. "
     "None: port 80."},
    {"server_name",
     kServer,
     {1, kMany},
     kNone,
     each<add_server_names>,
     "The server's names: exact, *.wildcard, wildcard.*, ~regex."},
    {"client_header_timeout", kVirtual, 1, "60s", set<&Server::client_header_timeout, duration>,
     "How long a client may take to send a request head."},
    {"client_header_buffer_size", kVirtual, 1, "1k", set<&Server::client_header_buffer_size, some_bytes>,
     "What a usual request head fits into."},
    {"large_client_header_buffers", kVirtual, 2, "4 8k", with<set_header_buffers>,
     "The most that a request head may take: all of these; one line of it: one."},
    {"ignore_invalid_headers", kVirtual, 1, "on", set<&Server::ignore_invalid_headers, flag>,
     "Drop fields with odd names rather than pass them on."},
    {"underscores_in_headers", kVirtual, 1, "off", set<&Server::underscores_in_headers, flag>,
     "Whether a field's name may have underscores."},
    {"merge_slashes", kVirtual, 1, "on", set<&Server::merge_slashes, flag>,
     "Whether several slashes in a path count as one when locations are chosen."},
    {"client_body_timeout", kAny, 1, "60s", set<&Location::client_body_timeout, duration>,
     "How long a client may pause while it sends a body."},
    {"client_max_body_size", kAny, 1, "1m", set<&Location::client_max_body_size, bytes>,
     "The largest request body; 0: any."},
    {"client_body_buffer_size", kAny, 1, "16k", set<&Location::client_body_buffer_size, some_bytes>,
     "How much of a request body is read ahead of the origin."},
    {"send_timeout", kAny, 1, "60s", set<&Location::send_timeout, duration>, "How long a client may take nothing."},
    {"keepalive_timeout",
     kAny,
     {1, 2},
     "75s",
     with<set_keepalive_timeout>,
     "How long an idle connection is kept; 0: not at all. A second time is told the client in Keep-Alive."},
    {"keepalive_requests", kAny, 1, "1000", set<&Location::keepalive_requests, count>,
     "Requests that one connection may make."},
    {"keepalive_time", kAny, 1, "1h", set<&Location::keepalive_time, duration>,
     "How long one connection may make requests."},
    {"server_tokens", kAny, 1, "on", set<&Location::server_tokens, flag>, "Whether Server tells the version."},
    {"tcp_nodelay", kAny, 1, "on", set<&Location::tcp_nodelay, flag>, "TCP_NODELAY."},
    {"tcp_nopush", kAny, 1, "off", set<&Location::tcp_nopush, flag>,
     "Accepted; head and body go out in one call anyway."},
    {"sendfile", kAny, 1, "on", set<&Location::sendfile, flag>, "Send files without copying them."},
    {"allow", kAny, 1, kNone, each<add_access_rule>,
     "Lets in an address, a block (10.0.0.0/8) or all; the first match decides."},
    {"deny", kAny, 1, kNone, each<add_access_rule>,
     "Answers 403 to an address, a block or all; the first match decides."},
    {"add_header",
     kAny,
     {2, 3},
     kNone,
     add<&Location::add_headers, added_header>,
     "Adds a response field to successful responses and redirections; with always: to all."},
    {"expires",
     kAny,
     {1, 2},
     "off",
     set<&Location::expires, expires>,
     "Sets Expires and Cache-Control: a time from now (or modified), epoch, max, @time of day."},
    {"return",
     kServer | kLocation,
     {1, 2},
     kNone,
     with<set_return>,
     "Answers with a status and a text, or redirects to a URL; 444: closes without an answer."},
    {"levee_status", kLocation, 0, kNone, with<answer_with<LeveeStatus>>, "Answers with the process's state, as JSON."},
    {"levee_metrics", kLocation, 0, kNone, with<answer_with<LeveeMetrics>>, "Answers with counters for Prometheus."},
    {"log_format",
     kHttp,
     {2, kMany},
     kNone,
     declare<add_log_format>,
     "Names a line of the access log; escape=default, json or none."},
    {"access_log",
     kAny,
     {1, kMany},
     "off",
     each<add_access_log>,
     "Logs requests to a file, in a format (combined if none is named); if= and buffer= as in nginx."},
    {"reset_timedout_connection", kAny, 1, kNone, ignored, "Accepted and not needed."},
    {"lingering_close", kAny, 1, kNone, ignored, "Accepted and not needed."},
    {"lingering_time", kAny, 1, kNone, ignored, "Accepted and not needed."},
    {"lingering_timeout", kAny, 1, kNone, ignored, "Accepted and not needed."},
    {"log_not_found", kAny, 1, kNone, ignored, "Accepted and not needed."},
    {"server_names_hash_bucket_size", kHttp, 1, kNone, ignored, "Accepted and not needed."},
    {"server_names_hash_max_size", kHttp, 1, kNone, ignored, "Accepted and not needed."},
    {"variables_hash_max_size", kHttp, 1, kNone, ignored, "Accepted and not needed."},
    {"variables_hash_bucket_size", kHttp, 1, kNone, ignored, "Accepted and not needed."},
    {"map_hash_max_size", kHttp, 1, kNone, ignored, "Accepted and not needed."},
    {"map_hash_bucket_size", kHttp, 1, kNone, ignored, "Accepted and not needed."},
    {"client_body_temp_path", kAny, {1, 4}, kNone, ignored, "Accepted and not needed: bodies are streamed."},
};

}  // namespace

std::span<const Directive> client_directives() {
  return kDirectives;
}

}  // namespace levee::conf
