#include "proxy/origin/name_keeper.h"

#include <utility>

#include "proxy/ops/log.h"

namespace levee {
namespace {

// A look-up is not destroyed inside its own call.
struct Grave final : Mortal {
  explicit Grave(std::unique_ptr<NameResolver::Lookup> dead) : lookup(std::move(dead)) {}
  std::unique_ptr<NameResolver::Lookup> lookup;
};

void keep_result(UpstreamState& upstream, const UpstreamState::Line& line, const Resolved& result, int64_t now) {
  if (result.addresses.empty()) {
    log(LogLevel::kError, 0, "no address for a server of upstream ", upstream.name(), ": ", result.error);
    upstream.resolve_failed(line, now);
  } else {
    upstream.set_addresses(line, result.addresses, std::max(result.expires, now + 1), now);
  }
}

}  // namespace

void NameKeeper::refresh(const std::shared_ptr<UpstreamState>& upstream, const Upstream& rules,
                         const Location& location) {
  if (asks(*upstream)) return;
  const int64_t now = worker_.now();
  for (const UpstreamState::Line& line : upstream->unresolved(now)) {
    const bool own = !rules.resolver.servers.empty();
    const UpstreamState* key = upstream.get();
    auto result =
        worker_.resolver().resolve(own ? rules.resolver : location.resolver, line.server.host, line.server.port,
                                   (own ? rules.resolver_timeout : location.resolver_timeout).count(),
                                   [this, key, line](const Resolved& resolved) { known(key, line, resolved); });
    if (const auto* resolved = std::get_if<Resolved>(&result)) {
      keep_result(*upstream, line, *resolved, now);
    } else {
      Asked& asked = asked_[key];
      asked.upstream = upstream;
      asked.lookups[line.index] = std::move(std::get<std::unique_ptr<NameResolver::Lookup>>(result));
    }
  }
}

void NameKeeper::known(const UpstreamState* upstream, const UpstreamState::Line& line, const Resolved& result) {
  const auto at = asked_.find(upstream);
  if (at == asked_.end()) return;
  Asked& asked = at->second;
  keep_result(*asked.upstream, line, result, worker_.now());
  if (const auto lookup = asked.lookups.find(line.index); lookup != asked.lookups.end()) {
    worker_.loop().bury(std::make_unique<Grave>(std::move(lookup->second)));
    asked.lookups.erase(lookup);
  }
  if (!asked.lookups.empty()) return;
  const std::vector<Subscriber> waiting = std::move(asked.waiting);
  asked_.erase(at);
  for (const Subscriber& task : waiting) task.waker->wake({&task.token, 1});
}

}  // namespace levee
