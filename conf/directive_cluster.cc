// Directives of a PoP's nodes and of the edge's own limits.
#include "conf/block.h"

namespace levee::conf {
namespace {

constexpr Parameter<SharedIndex> kIndexParameters[] = {
    {"user=", take<&SharedIndex::user, text>},     {"password=", take<&SharedIndex::password, text>},
    {"ca=", take<&SharedIndex::ca, text>},         {"tls_name=", take<&SharedIndex::tls_name, text>},
    {"prefix=", take<&SharedIndex::prefix, text>}, {"timeout=", take<&SharedIndex::timeout, duration>},
    {"nodes=", take<&SharedIndex::nodes, count>},
};

// redis://host:port[/db], rediss://..., redis+sentinel://host:port/master; a password may stand before the host.
bool add_index_url(SharedIndex& index, std::string_view url) {
  const bool is_sentinel = url.starts_with("redis+sentinel://");
  const bool is_tls = url.starts_with("rediss://");
  if (!index.addresses.empty() && (index.tls != is_tls || index.sentinel_master.empty() == is_sentinel)) return false;
  index.tls = is_tls;
  url.remove_prefix(url.find("://") + 3);
  if (const size_t at = url.rfind('@'); at != std::string_view::npos) {
    const std::string_view credentials = url.substr(0, at);
    const size_t colon = credentials.find(':');
    index.password = credentials.substr(colon == std::string_view::npos ? 0 : colon + 1);
    if (colon != std::string_view::npos) index.user = credentials.substr(0, colon);
    url.remove_prefix(at + 1);
  }
  const size_t slash = std::min(url.find('/'), url.size());
  const std::string_view path = url.substr(std::min(slash + 1, url.size()));
  if (is_sentinel) {
    if (path.empty()) return false;
    index.sentinel_master = path;
  } else if (!path.empty()) {
    const auto database = count(path);
    if (!database) return false;
    index.database = *database;
  }
  UpstreamServer address;
  if (parse_origin(url.substr(0, slash), is_sentinel ? 26379 : 6379, address) || !address.unix_path.empty())
    return false;
  index.addresses.push_back({address.host, address.port});
  return true;
}

Parsed<SharedIndex> shared_index(Scope& /*scope*/, const Line& line) {
  SharedIndex index;
  std::vector<std::string> rest;
  for (const std::string& word : line.from(1)) {
    const bool is_url =
        word.starts_with("redis://") || word.starts_with("rediss://") || word.starts_with("redis+sentinel://");
    if (!is_url) {
      rest.push_back(word);
    } else if (!add_index_url(index, word)) {
      return Fault{"invalid address \"" + word + "\" of the \"shared_index\" directive"};
    }
  }
  if (auto fault = apply_parameters<SharedIndex>(index, kIndexParameters, rest)) return std::move(*fault);
  if (index.addresses.empty()) return Fault{"\"shared_index\" must have a redis:// address"};
  if (index.nodes == 0) return Fault{"\"nodes=\" of the \"shared_index\" directive must be at least 1"};
  return index;
}

constexpr Parameter<Cluster> kNodeParameters[] = {{"advertise=", take<&Cluster::advertise, text>}};

Outcome set_node(Scope& scope, const Line& line) {
  Cluster& cluster = scope.config.http.cluster;
  cluster.node = line[1];
  if (auto fault = apply_parameters<Cluster>(cluster, kNodeParameters, line.from(2))) return fault;
  if (!cluster.advertise.starts_with("http://") && !cluster.advertise.starts_with("https://")) {
    return Fault{"\"node\" must have \"advertise=http://address:port\""};
  }
  return std::nullopt;
}

Parsed<SocketAddress> peer_address(Scope& /*scope*/, const Line& line) {
  const auto address = parse_socket_address(line[1], 80);
  if (!address) return Fault{"invalid address \"" + line[1] + "\" of the \"peer_listen\" directive"};
  return *address;
}

// memory=95% of what there is, or memory=20g of our own.
bool take_memory(Overload& target, std::string_view value) {
  if (const auto share = ratio(value)) {
    target.memory = *share;
    return true;
  }
  const auto size = some_bytes(value);
  if (size) target.resident = *size;
  return size.has_value();
}

constexpr Parameter<Overload> kOverloadParameters[] = {
    {"loop_lag=", take<&Overload::loop_lag, duration>},
    {"connections=", take<&Overload::connections, ratio>},
    {"descriptors=", take<&Overload::descriptors, ratio>},
    {"memory=", take_memory},
};

Parsed<Overload> overload(Scope& /*scope*/, const Line& line) {
  Overload result;
  if (line.size() == 2 && line[1] == "off") return result;
  if (auto fault = apply_parameters<Overload>(result, kOverloadParameters, line.from(1))) return std::move(*fault);
  return result;
}

const Directive kDirectives[] = {
    {"overload",
     kHttp,
     {1, 4},
     "loop_lag=250ms connections=95% descriptors=95% memory=95%",
     set<&Http::overload, overload>,
     "When a worker refuses new connections and new keys, so that hits and the viewers who are here are served: its "
     "lag, "
     "shares of worker_connections, of the limit on open files and of memory (the machine's or the cgroup's; or a "
     "size: "
     "our own); or off."},
    {"shared_index",
     kHttp,
     {1, kMany},
     kNone,
     set<&Cluster::shared_index, shared_index>,
     "The index by which the nodes of a PoP act as one cache: a redis:// or rediss:// (TLS) address, several of a "
     "Redis "
     "Cluster, or redis+sentinel://host:port/master; user=, password=, prefix= of its keys, timeout= of a question "
     "(20ms); ca= whom to trust about certificates, tls_name= whose they must be; nodes= how many share it (1), for "
     "one "
     "that starts while Redis is away."},
    {"node", kHttp, 2, kNone, with<set_node>,
     "This node's name in the PoP, and advertise= where its peers find it: http:// or https://, address:port."},
    {"peer_listen", kHttp, 1, kNone, set<&Cluster::peer_listen, peer_address>,
     "Where peers ask for what this node has or is fetching. TLS, by the ssl_certificate of http, if advertise= says "
     "https://."},
    {"peer_secret", kHttp, 1, kNone, set<&Cluster::peer_secret_file, text>,
     "A file whose first line is the secret that the nodes of a PoP share."},
    {"peer_timeout", kHttp, 1, "250ms", set<&Cluster::peer_timeout, duration>,
     "What a slow or dead peer costs at most before the fetch goes on elsewhere: to accept a connection, to say that "
     "it "
     "has or fetches what it is asked for, or without a byte."},
};

}  // namespace

std::span<const Directive> cluster_directives() {
  return kDirectives;
}

}  // namespace levee::conf
