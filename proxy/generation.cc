// What is built from a configuration.
#include "proxy/generation.h"

#include <cerrno>
#include <set>

#include "proxy/cluster/pop.h"
#include "proxy/net/resolver.h"
#include "proxy/ops/log.h"
#include "proxy/origin/upstream_state.h"

namespace levee {
namespace {

void tell_of_redis(bool is_bad, const std::string& line) {
  log(is_bad ? LogLevel::kError : LogLevel::kNotice, 0, "", line);
}

void collect_logs(const Location& location, std::set<std::string>& paths) {
  for (const AccessLog& log : location.access_logs) paths.insert(log.path);
  for (const Location& inner : location.locations) collect_logs(inner, paths);
}

std::string open_access_logs(Generation& generation) {
  std::set<std::string> paths;
  for (const auto& server : generation.config->http.servers) collect_logs(server->base, paths);
  for (const std::string& path : paths) {
    const std::string full = generation.config->full_path(path);
    auto file = LogFile::open(full);
    if (!file) return "open() \"" + full + "\" failed " + errno_text(errno);
    generation.logs.push_back(std::move(file));
  }
  return "";
}

std::string read_purge_secrets(const Location& location, Generation& generation) {
  const std::string& file = location.cache_purge.secret_file;
  if (!file.empty() && !generation.purge_secrets.contains(file)) {
    const std::string full = generation.config->full_path(file);
    std::optional<Secret> secret = Secret::read(full);
    if (!secret) return "cannot read a secret from \"" + full + "\"";
    generation.purge_secrets.emplace(file, std::move(*secret));
  }
  for (const Location& inner : location.locations) {
    if (auto error = read_purge_secrets(inner, generation); !error.empty()) return error;
  }
  return "";
}

// As nginx does, a name that cannot be found stops a start or a reload; one that is found again while we run
// (`resolve`) may come up later.
std::string resolve_upstreams(Generation& generation) {
  for (const auto& [name, upstream] : generation.config->http.upstreams) {
    for (const UpstreamServer& server : upstream.servers) {
      if (server.host.empty() || generation.addresses.contains(server.host)) continue;
      Resolved result = resolve_now(server.host, 0);
      if (result.addresses.empty() && !server.resolve) {
        return "host not found in upstream \"" + (upstream.implicit ? name : server.text) + "\"";
      }
      generation.addresses.emplace(server.host, std::move(result.addresses));
    }
  }
  return "";
}

}  // namespace

Generation::Generation() = default;
Generation::~Generation() = default;

std::shared_ptr<UpstreamState> Generation::upstream(std::string_view name, bool tls) const {
  const auto named = upstream_states.find(name);
  return named != upstream_states.end() ? named->second : upstreams->computed(name, tls);
}

std::variant<std::shared_ptr<const Generation>, std::string> next_generation(
    std::shared_ptr<const Config> config, const std::shared_ptr<const Generation>& before) {
  auto next = std::make_shared<Generation>();
  next->config = std::move(config);
  next->number = before ? before->number + 1 : 1;
  if (auto error = resolve_upstreams(*next); !error.empty()) return error;
  if (auto error = open_access_logs(*next); !error.empty()) return error;
  for (const auto& server : next->config->http.servers) {
    if (auto error = read_purge_secrets(server->base, *next); !error.empty()) return error;
  }
  auto server_tls = server_contexts(next->config);
  if (auto* error = std::get_if<std::string>(&server_tls)) return std::move(*error);
  next->server_tls = std::move(std::get<ServerContexts>(server_tls));
  auto client_tls = client_contexts(*next->config);
  if (auto* error = std::get_if<std::string>(&client_tls)) return std::move(*error);
  next->client_tls = std::move(std::get<ClientContexts>(client_tls));
  auto pop = Pop::make(*next->config, before ? before->pop : nullptr, tell_of_redis);
  if (auto* error = std::get_if<std::string>(&pop)) return std::move(*error);
  next->pop = std::move(std::get<std::shared_ptr<Pop>>(pop));
  for (const auto& [name, zone] : next->config->http.zones) {
    const auto known = before ? before->stores.find(name) : next->stores.end();
    const bool kept = before && known != before->stores.end();
    next->stores.emplace(name, kept ? known->second : std::make_shared<Store>(name, zone.ram));
  }
  next->upstreams = before ? before->upstreams : std::make_shared<UpstreamStates>();
  next->upstream_states = next->upstreams->of(*next->config);
  return next;
}

void commit(const Generation& generation) {
  const auto departures = generation.pop && generation.pop->indexed() ? generation.pop->departures() : nullptr;
  for (const auto& [name, store] : generation.stores) store->tell_departures(departures);
  for (const auto& [name, zone] : generation.config->http.zones) generation.stores.find(name)->second->resize(zone.ram);
  generation.upstreams->apply(*generation.config, generation.upstream_states, generation.addresses);
  for (const auto& upstream : generation.upstreams->configured()) upstream->admission().share(departures != nullptr);
}

}  // namespace levee
