#include "bench/client/target.h"

#include <arpa/inet.h>
#include <event2/util.h>
#include <netinet/in.h>

#include <algorithm>
#include <cctype>

namespace levee::bench {
namespace {

// Of "http:" before "//"; 0: there is no scheme.
size_t scheme_size(std::string_view reference) {
  const auto in_scheme = [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.'; };
  const auto end = std::ranges::find_if_not(reference, in_scheme);
  const auto size = static_cast<size_t>(end - reference.begin());
  return size > 0 && reference.substr(size).starts_with("://") ? size + 1 : 0;
}

// RFC 3986 section 5.2.4, of a path that begins with a slash.
std::string without_dots(std::string_view path) {
  std::string clean;
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/', 1));  // "/name"
    path.remove_prefix(segment.size());
    const bool is_up = segment == "/..", is_dot = is_up || segment == "/.";
    if (is_up) clean.resize(std::min(clean.rfind('/'), clean.size()));
    if (!is_dot) clean += segment;
    if (is_dot && path.empty()) clean += '/';
  }
  return clean;
}

}  // namespace

std::optional<Target> parse_target(std::string_view url) {
  Target target;
  target.tls = url.starts_with("https://");
  if (!target.tls && !url.starts_with("http://")) return std::nullopt;
  url.remove_prefix(target.tls ? 8 : 7);
  const size_t slash = std::min(url.find('/'), url.size());
  target.authority = url.substr(0, slash);
  if (slash < url.size()) target.path = url.substr(slash);
  std::string host = target.authority;
  if (host.starts_with("localhost")) host.replace(0, 9, "127.0.0.1");
  if (host.find(':') == std::string::npos) host += target.tls ? ":443" : ":80";
  auto* const name = reinterpret_cast<sockaddr*>(&target.address);
  int size = sizeof target.address;
  if (evutil_parse_sockaddr_port(host.c_str(), name, &size) != 0) return std::nullopt;
  target.address_size = static_cast<socklen_t>(size);
  target.is_loopback = name->sa_family == AF_INET
                           ? ntohl(reinterpret_cast<const sockaddr_in*>(name)->sin_addr.s_addr) >> 24 == 127
                           : IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(name)->sin6_addr) != 0;
  return target;
}

std::optional<HostName> parse_host(std::string_view word) {
  const std::string_view name = word.substr(0, word.find(':'));
  const std::string_view port = word.substr(std::min(name.size() + 1, word.size()));
  const auto in_name = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_'; };
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const bool good = !name.empty() && name.size() <= 253 && std::ranges::all_of(name, in_name) && port.size() <= 5 &&
                    std::ranges::all_of(port, is_digit) && !word.ends_with(':');
  if (!good) return std::nullopt;
  return HostName{std::string(word), std::string(name)};
}

Location resolve(const Location& base, std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  reference.remove_prefix(scheme_size(reference));
  Location at = base;
  if (reference.starts_with("//")) {
    const std::string_view authority = reference.substr(2, reference.find_first_of("/?", 2) - 2);
    reference.remove_prefix(2 + authority.size());
    at = {.authority = std::string(authority), .path = "/"};
    std::ranges::transform(at.authority, at.authority.begin(), [](unsigned char c) { return std::tolower(c); });
  }
  const std::string_view path = reference.substr(0, reference.find('?'));
  const std::string_view query = reference.substr(path.size());
  if (reference.empty()) return at;
  at.path.resize(std::min(at.path.find('?'), at.path.size()));
  if (path.starts_with('/')) {
    at.path = without_dots(path);
  } else if (!path.empty()) {
    at.path = without_dots(at.path.substr(0, at.path.rfind('/') + 1).append(path));
  }
  at.path += query;
  return at;
}

}  // namespace levee::bench
