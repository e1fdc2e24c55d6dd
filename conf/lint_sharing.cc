// Rules of sharing: what tells viewers apart who want the same, what mixes those who do not, what lets them past the
// cache.
#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "conf/lint_rules.h"

namespace levee::conf {
namespace {

bool is_one_of(const auto& words, const std::string& name) {
  return std::ranges::find(words, std::string_view(in_lower_case(name))) != std::end(words);
}

// Whether every viewer, or every request, has a value of its own.
bool is_personal(const Variable& variable) {
  switch (variable.id) {
    case Var::kArg:
      return names_viewer(variable.name);
    case Var::kNamedCapture:
      return names_secret(variable.name);
    case Var::kHttp:
      return variable.name == "cookie" || names_viewer(variable.name);
    case Var::kCookie:
      return !names_choice(variable.name);
    case Var::kRemoteAddr:
    case Var::kBinaryRemoteAddr:
    case Var::kRemotePort:
    case Var::kRemoteUser:
    case Var::kProxyAddXForwardedFor:
    case Var::kRequestId:
    case Var::kConnection:
    case Var::kConnectionRequests:
    case Var::kMsec:
    case Var::kTcpinfoRtt:
      return true;
    default:
      return false;
  }
}

// Whether the parenthesis opens a group that takes what it matches: (, (?<name>, (?P<name>, (?'name'.
bool captures(std::string_view group) {
  if (!group.starts_with('(')) return false;
  if (!group.starts_with("(?")) return true;
  return group.starts_with("(?P<") || group.starts_with("(?'") ||
         (group.starts_with("(?<") && !group.starts_with("(?<=") && !group.starts_with("(?<!"));
}

struct NamedValues {
  bool any = false;                   // the regex names some
  std::vector<std::string> captured;  // those whose value a group takes
};

// The names before an equals sign in a regex: token of [?&]token=([^&]+).
NamedValues named_values(std::string_view pattern) {
  const auto is_part = [](char c) { return c == '-' || c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; };
  NamedValues names;
  std::vector<bool> groups;  // those open: whether each captures
  bool in_class = false;
  for (size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (c == '\\') {
      ++at;
    } else if (in_class || c == '[') {
      in_class = c != ']';
    } else if (c == '(') {
      groups.push_back(captures(pattern.substr(at)));
    } else if (c == ')' && !groups.empty()) {
      groups.pop_back();
    } else if (c == '=') {
      size_t start = at;
      while (start > 0 && is_part(pattern[start - 1])) --start;
      if (start == at) continue;
      names.any = true;
      const bool is_inside = std::ranges::find(groups, true) != groups.end();
      if (is_inside || captures(pattern.substr(at + 1))) names.captured.emplace_back(pattern.substr(start, at - start));
    }
  }
  return names;
}

// What a regex's groups take of a map's source. Of a list of names and values only the values that the regex names and
// takes; one that names a value and takes what is around it removes that value.
void each_captured(const Expression& source, const Regex& regex, const auto& visit) {
  if (regex.pattern().find_first_of("*+{") == std::string::npos) return;  // a few values: (iPad|iPhone)
  const NamedValues names = named_values(regex.pattern());
  const bool ends_at_arguments = regex.pattern().find("[^?") != std::string::npos;
  for (const Expression::Part& part : source.parts()) {
    if (!part.is_variable) continue;
    const Variable& variable = part.variable;
    const bool is_cookies = variable.id == Var::kHttp && variable.name == "cookie";
    const bool is_list =
        is_cookies || variable.id == Var::kArgs || variable.id == Var::kRequestUri || variable.id == Var::kRequest;
    const bool is_path = variable.id == Var::kRequestUri && ends_at_arguments;
    if (!is_list || (!names.any && !is_path)) visit(variable);
    if (!is_list) continue;
    for (const std::string& name : names.captured) {
      visit(Variable{is_cookies ? Var::kCookie : Var::kArg, 0, name, nullptr});
    }
  }
}

// Whether the default is the source itself where a regex cuts a value out of it: then it lacks that value.
bool is_source_without(const Map& map) {
  if (map.otherwise.source() != map.source.source()) return false;
  return std::ranges::any_of(map.regexes, [](const auto& regex) {
    const NamedValues names = named_values(regex.first.pattern());
    return names.any && names.captured.empty();
  });
}

// The variables of a string, and of the results of the maps that it uses. What only chooses a map's result does not get
// into the string; what a regex's groups take of it does.
void each_variable(const Expression& expression, const auto& visit) {
  for (const Expression::Part& part : expression.parts()) {
    if (!part.is_variable) continue;
    visit(part.variable);
    if (part.variable.map == nullptr) continue;
    const Map& map = *part.variable.map;
    if (!is_source_without(map)) each_variable(map.otherwise, visit);
    for (const auto& result : map.exact) each_variable(result.second, visit);
    for (const auto* results : {&map.leading, &map.trailing}) {
      for (const auto& result : *results) each_variable(result.second, visit);
    }
    for (const auto& [regex, result] : map.regexes) {
      each_variable(result, visit);
      if (result.uses(Var::kCapture) || result.uses(Var::kNamedCapture)) each_captured(map.source, regex, visit);
    }
  }
}

bool uses_any(const Expression& expression, std::initializer_list<Var> wanted) {
  bool found = false;
  each_variable(expression, [&](const Variable& variable) {
    found = found || std::ranges::find(wanted, variable.id) != wanted.end();
  });
  return found;
}

// A personal argument that some map looks at or some log has: a sign that URLs carry it.
std::string personal_argument(const Config& config) {
  std::string found;
  const auto note = [&](const Variable& variable) {
    if (variable.id == Var::kArg && is_personal(variable)) found = variable.name;
  };
  for (const auto& [name, map] : config.http.maps) each_variable(map.source, note);
  for (const auto& [name, format] : config.http.log_formats) each_variable(format.line, note);
  return found;
}

void lint_key(const Config& config, const Location& location, Findings& findings) {
  const Place& place = place_of(location, "proxy_cache_key");
  bool is_private = false;
  each_variable(location.cache_key,
                [&](const Variable& variable) { is_private = is_private || is_personal(variable); });
  if (is_private) {
    findings.add(place, "the cache key \"" + location.cache_key.source() +
                            "\" tells viewers apart: each has the origin asked for a copy of his own");
    return;
  }
  const std::string argument = personal_argument(config);
  if (!argument.empty() && uses_any(location.cache_key, {Var::kArgs, Var::kRequestUri, Var::kRequest})) {
    findings.add(place, "the cache key \"" + location.cache_key.source() +
                            "\" has all arguments in it, and with them \"" + argument +
                            "\": each viewer has the origin asked for a copy of his own");
  }
}

// The origin sees whom the client names, and the answer goes to those who name others.
void lint_host(const Location& location, Findings& findings) {
  const bool sends_host = std::ranges::any_of(location.set_headers, [](const SetHeader& field) {
    return field.name.size() == 4 && (field.name[0] | 0x20) == 'h' &&
           is_one_of(std::array{std::string_view("host")}, field.name) &&
           uses_any(field.value, {Var::kHost, Var::kHttp});
  });
  bool in_key = uses_any(location.cache_key, {Var::kHost, Var::kServerName, Var::kSslServerName});
  each_variable(location.cache_key, [&](const Variable& variable) {
    in_key = in_key || (variable.id == Var::kHttp && variable.name == "host");
  });
  if (!sends_host || in_key) return;
  findings.add(place_of(location, "proxy_cache_key"),
               "the origin is told the client's Host, and the cache key \"" + location.cache_key.source() +
                   "\" has no $host: one host's answer is served to another's viewers");
}

void lint_ways_past(const Location& location, Findings& findings) {
  for (const Expression& bypass : location.cache_bypass) {
    if (!uses_any(bypass, {Var::kArg, Var::kHttp, Var::kCookie, Var::kArgs})) continue;
    findings.add(place_of(location, "proxy_cache_bypass"),
                 "\"proxy_cache_bypass\" " + bypass.source() + ": whoever sends it reaches the origin at will");
  }
  if (location.cache_request_directives) {
    findings.add(place_of(location, "cache_request_directives"),
                 "\"cache_request_directives\" on: a client's no-cache, which a browser's reload sends, reaches the "
                 "origin");
  }
}

bool hides_cookies(const Location& location) {
  return std::ranges::any_of(location.hide_headers, [](const std::string& name) {
    return is_one_of(std::array{std::string_view("set-cookie")}, name);
  });
}

}  // namespace

void lint_sharing(const Config& config, const Location& location, Findings& findings) {
  lint_key(config, location, findings);
  lint_host(location, findings);
  lint_ways_past(location, findings);
  if (location.ignore_headers.has(IgnoredField::kSetCookie) && !hides_cookies(location)) {
    findings.add(place_of(location, "proxy_ignore_headers"),
                 "\"proxy_ignore_headers\" Set-Cookie without \"proxy_hide_header\" Set-Cookie: one viewer's cookie is "
                 "given to all");
  }
  const auto& pass = std::get<ProxyPass>(location.answer);
  if (pass.is_dynamic && location.resolver.servers.empty()) {
    findings.add(place_of(location, "proxy_pass"),
                 "\"proxy_pass\" with variables and no \"resolver\": names are asked of the system's servers, and who "
                 "chooses the name chooses whom we ask");
  }
  if (pass.tls && !location.tls.verify) {
    findings.add(place_of(location, "proxy_ssl_verify"),
                 "\"proxy_ssl_verify\" off: whoever stands between us and the origin writes what everybody sees");
  }
}

void lint_uncached(const Http& http, const Location& location, Role role, Findings& findings) {
  if (http.zones.empty() || !role.is_meant || !(role.playlists || role.segments)) return;
  findings.add(place_of(location, "proxy_cache"), std::string("no \"proxy_cache\" where ") +
                                                      (role.playlists ? "playlists" : "segments") +
                                                      " are asked for: every viewer's request reaches the origin");
}

void lint_exposure(const Config& config, const Server& server, const Location& location, Findings& findings) {
  const bool tells =
      std::holds_alternative<LeveeStatus>(location.answer) || std::holds_alternative<LeveeMetrics>(location.answer);
  if (!tells || !location.access.empty()) return;
  for (const Listen& listen : config.http.listens) {
    const bool is_private =
        listen.text.starts_with("127.") || listen.text.starts_with("[::1]") || listen.text.starts_with("unix:");
    if (is_private || std::ranges::find(listen.servers, &server) == listen.servers.end()) continue;
    findings.add(location.place, "everybody who reaches " + listen.text +
                                     " sees the process's state: use \"allow\" and \"deny\", or listen on 127.0.0.1");
  }
}

}  // namespace levee::conf
