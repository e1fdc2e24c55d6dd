#include "proxy/client/plan.h"

#include <algorithm>

#include "proxy/cluster/pop.h"

namespace levee {
namespace {

Rules rules_of(const Location& location) {
  constexpr uint32_t kErrors = ~static_cast<uint32_t>(Trouble::kUpdating);
  Rules rules;
  rules.stale_while_updating = location.use_stale.has(Trouble::kUpdating);
  rules.background_update = location.cache_background_update;
  rules.stale_if_error = (location.use_stale.bits & kErrors) != 0;
  rules.revalidate = location.cache_revalidate;
  rules.min_uses = location.cache_min_uses;
  rules.max_waiters = location.cache_lock_waiters;
  return rules;
}

bool wants_sent_fields(const Location& location) {
  return std::ranges::any_of(location.access_logs, [](const AccessLog& log) {
    return (log.format != nullptr && log.format->line.uses(Var::kSentHttp)) ||
           (log.condition && log.condition->uses(Var::kSentHttp));
  });
}

}  // namespace

const Plan& Plans::of(const Location& location) {
  auto& known = plans_[&location];
  if (known) return *known;
  known = std::make_unique<Plan>();
  Plan& plan = *known;
  plan.location = &location;
  plan.pass = std::get_if<ProxyPass>(&location.answer);
  if (!location.cache.empty() && plan.pass != nullptr) {
    const auto store = generation_->stores.find(location.cache);
    if (store != generation_->stores.end()) plan.store = store->second.get();
  }
  const auto& pop = generation_->pop;
  if (plan.store != nullptr && pop && pop->indexed()) plan.pop = pop.get();
  plan.rules = rules_of(location);
  plan.plain_head = location.add_headers.empty() && location.expires.kind == Expires::Kind::kOff;
  plan.default_key =
      plan.pass != nullptr && !plan.pass->is_dynamic && location.cache_key.source() == "$scheme$proxy_host$request_uri";
  plan.conditional = !location.cache_bypass.empty() || location.cache_request_directives;
  plan.keeps_head = wants_sent_fields(location);
  plan.checks_access = !location.access.empty();
  if (const std::string& file = location.cache_purge.secret_file; !file.empty()) {
    plan.purge_secret = &generation_->purge_secrets.find(file)->second;
  }
  for (const AccessLog& log : location.access_logs) {
    if (log.format == nullptr) continue;
    if (LogSink* sink = logs_.sink(generation_->config->full_path(log.path))) plan.logs.push_back({&log, sink});
  }
  return plan;
}

}  // namespace levee
