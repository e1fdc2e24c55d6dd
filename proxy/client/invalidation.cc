#include "proxy/client/invalidation.h"

#include "conf/route.h"
#include "proxy/client/answer_head.h"
#include "proxy/client/commons.h"
#include "proxy/client/exchange.h"
#include "proxy/client/variables.h"

namespace levee {
namespace {

bool is_tls(const Exchange& x) {
  return x.connection->stream.tls() != nullptr;
}

// `x` need not be a request that was routed as a whole: its head, path and plan are enough.
void forget(const Exchange& x) {
  const Plan& plan = *x.plan;
  if (plan.store == nullptr) return;
  const std::string key = plan.location->cache_key.evaluate(Variables(x));
  plan.store->purge(KeyView(key), false, x.connection->worker.now());
}

// As a GET for `target` would be looked up by this client.
void forget(const Exchange& x, const std::string& target) {
  const std::string text =
      std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: ").append(x.head.authority()) + "\r\n\r\n";
  const auto size = static_cast<uint32_t>(text.size());
  auto other = std::make_unique<Exchange>();
  if (other->head.parse(text, {size, size, size, 4}) != Parse::kDone) return;
  other->connection = x.connection;
  other->server = x.server;
  other->path_memory.resize(other->head.path().size());
  const auto path = normalise_path(other->head.path(), other->path_memory);
  if (!path) return;
  other->path = *path;
  other->plan = &x.connection->plans->of(find_location(*x.server, *path, other->captures));
  if (other->plan->pass == nullptr) return;
  if (other->plan->pass->is_dynamic) {
    auto to = parse_proxy_url(other->plan->pass->url.evaluate(Variables(*other)));
    if (!to) return;
    other->target = std::make_unique<ProxyTarget>(std::move(*to));
  }
  forget(*other);
}

// RFC 3986 section 5.2.4, of a path that begins with a slash.
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    const bool up = segment == "/..";
    if (up) out.resize(out.empty() ? 0 : out.rfind('/'));
    if (!up && segment != "/.") {
      out.append(segment);
    } else if (path.empty()) {
      out += '/';
    }
  }
  return out;
}

}  // namespace

bool invalidates(const Exchange& x, int status) {
  return !is_safe(x.head.method()) && x.plan != nullptr && x.plan->store != nullptr && status >= 200 && status < 400;
}

void forget_target(const Exchange& x) {
  forget(x);
}

void invalidate(const Exchange& x) {
  const bool is_new = x.trace && x.trace->kept_for_get;  // what the request's own URI has is this answer
  if (!is_new) forget_target(x);
  for (const std::string_view name : {"Location", "Content-Location"}) {
    const auto value = x.entry->fields.find(name);
    if (!value || value->empty()) continue;
    const auto seen = name == "Location" ? rewritten_location(x, *value) : std::nullopt;
    const auto target = same_origin_target(seen ? std::string_view(*seen) : *value, x.head.request_uri(),
                                           is_tls(x) ? "https" : "http", x.head.authority());
    if (target && !(is_new && *target == x.head.request_uri())) forget(x, *target);
  }
}

std::optional<std::string> same_origin_target(std::string_view reference, std::string_view base,
                                              std::string_view scheme, std::string_view authority) {
  reference = reference.substr(0, reference.find('#'));
  if (reference.find_first_of(" \t\r\n") != std::string_view::npos) return std::nullopt;
  const size_t colon = reference.find(':');
  const bool has_scheme = colon < reference.find_first_of("/?");
  if (has_scheme) {
    if (!same_name(reference.substr(0, colon), scheme)) return std::nullopt;
    reference.remove_prefix(colon + 1);
    if (!reference.starts_with("//")) return std::nullopt;
  }
  if (reference.starts_with("//")) {
    reference.remove_prefix(2);
    const size_t end = std::min(reference.find_first_of("/?"), reference.size());
    if (!same_name(reference.substr(0, end), authority)) return std::nullopt;
    reference.remove_prefix(end);
    if (!reference.starts_with('/')) return std::string("/").append(reference);
  }
  std::string_view base_path = base.substr(0, base.find('?'));
  if (reference.empty()) return std::string(base);
  if (reference.starts_with('?')) return std::string(base_path).append(reference);
  std::string whole;
  if (!reference.starts_with('/')) whole = base_path.substr(0, base_path.rfind('/') + 1);
  if (!reference.starts_with('/') && !whole.starts_with('/')) return std::nullopt;
  whole += reference;
  const size_t query = std::min(whole.find('?'), whole.size());
  return without_dots(std::string_view(whole).substr(0, query)) + whole.substr(query);
}

}  // namespace levee
