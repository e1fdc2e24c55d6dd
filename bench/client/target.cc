#include "bench/client/target.h"

#include <arpa/inet.h>
#include <event2/util.h>
#include <netinet/in.h>

#include <algorithm>
#include <cctype>

namespace levee::bench {

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

std::string resolve_path(std::string_view base, std::string_view reference) {
  if (const size_t scheme = reference.find("://"); scheme != std::string_view::npos) {
    const size_t slash = reference.find('/', scheme + 3);
    return slash == std::string_view::npos ? "/" : std::string(reference.substr(slash));
  }
  if (reference.starts_with('/')) return std::string(reference);
  base = base.substr(0, base.find('?'));
  return std::string(base.substr(0, base.rfind('/') + 1)) + std::string(reference);
}

}  // namespace levee::bench
