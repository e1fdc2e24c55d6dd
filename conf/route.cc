#include "conf/route.h"

#include <algorithm>
#include <unordered_map>

namespace levee {
namespace {

using Lengths = std::vector<size_t>;  // that keys have, longest first

// Texts, with the longest one that a word starts (or ends) with found in as many look-ups as there are lengths.
template <typename T>
class Table {
 public:
  void add(std::string_view key, const T& value) {
    const auto [entry, is_new] = values_.emplace(std::string(key), &value);
    if (!is_new) return;  // the first in the file holds
    if (values_.size() <= kFew) few_.emplace_back(entry->first, &value);
    const auto at = std::lower_bound(lengths_.begin(), lengths_.end(), key.size(), std::greater<>());
    if (at == lengths_.end() || *at != key.size()) lengths_.insert(at, key.size());
  }
  const T* find(std::string_view key) const {
    if (values_.size() <= kFew) {
      for (const auto& [known, value] : few_) {
        if (known == key) return value;
      }
      return nullptr;
    }
    const auto it = values_.find(key);
    return it == values_.end() ? nullptr : it->second;
  }
  const T* longest_start_of(std::string_view word) const {
    for (const size_t length : lengths_) {
      if (length > word.size()) continue;
      if (const T* found = find(word.substr(0, length))) return found;
    }
    return nullptr;
  }
  const T* longest_end_of(std::string_view word) const {
    for (const size_t length : lengths_) {
      if (length > word.size()) continue;
      if (const T* found = find(word.substr(word.size() - length))) return found;
    }
    return nullptr;
  }

 private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view value) const { return std::hash<std::string_view>()(value); }
  };
  std::unordered_map<std::string, const T*, TextHash, std::equal_to<>> values_;
  Lengths lengths_;
  static constexpr size_t kFew = 8;  // up to so many are compared faster than a key is hashed
  std::vector<std::pair<std::string_view, const T*>> few_;
};

}  // namespace

struct LocationIndex {
  Table<Location> exact, prefixes;
  std::vector<const Location*> regexes;
};

struct ServerIndex {
  Table<Server> exact, leading, trailing;
  std::vector<std::pair<const Regex*, const Server*>> regexes;
};

namespace {

void index_locations(Location& parent) {
  if (parent.locations.empty()) return;
  auto index = std::make_shared<LocationIndex>();
  for (Location& location : parent.locations) {
    index_locations(location);
    switch (location.match.kind) {
      case LocationMatch::Kind::kExact:
        index->exact.add(location.match.pattern, location);
        break;
      case LocationMatch::Kind::kPrefix:
      case LocationMatch::Kind::kPrefixNoRegex:
        index->prefixes.add(location.match.pattern, location);
        break;
      case LocationMatch::Kind::kRegex:
        index->regexes.push_back(&location);
        break;
    }
  }
  parent.routes = std::move(index);
}

void index_servers(Listen& listen) {
  auto index = std::make_shared<ServerIndex>();
  for (const Server* server : listen.servers) {
    for (const ServerName& name : server->names) {
      switch (name.kind) {
        case ServerName::Kind::kExact:
          index->exact.add(name.text, *server);
          break;
        case ServerName::Kind::kLeading:
          index->leading.add(name.text, *server);
          if (name.or_bare) index->exact.add(std::string_view(name.text).substr(1), *server);
          break;
        case ServerName::Kind::kTrailing:
          index->trailing.add(name.text, *server);
          break;
        case ServerName::Kind::kRegex:
          index->regexes.emplace_back(&*name.regex, server);
          break;
      }
    }
  }
  listen.routes = std::move(index);
}

struct Match {
  const Location* location = nullptr;
  bool is_final = false;  // the regexes of outer levels do not count any more
};

Match find_within(const Location& parent, std::string_view path, Captures& captures) {
  if (!parent.routes) return {};
  const LocationIndex& index = *parent.routes;
  if (const Location* exact = index.exact.find(path)) return {exact, true};
  const Location* prefix = index.prefixes.longest_start_of(path);
  bool regexes = true;
  if (prefix != nullptr) {
    regexes = prefix->match.kind != LocationMatch::Kind::kPrefixNoRegex;
    const Match inner = find_within(*prefix, path, captures);
    if (inner.is_final) return inner;
    if (inner.location != nullptr) prefix = inner.location;
  }
  if (!regexes) return {prefix, false};
  for (const Location* location : index.regexes) {
    if (!location->match.regex->matches(path, captures)) continue;
    const Match inner = find_within(*location, path, captures);
    return {inner.location != nullptr ? inner.location : location, true};
  }
  return {prefix, false};
}

}  // namespace

const Server& find_server(const Listen& listen, std::string_view host, Captures& captures) {
  const ServerIndex& index = *listen.routes;
  if (listen.servers.size() == 1 && index.regexes.empty()) return *listen.default_server;
  if (const Server* server = index.exact.find(host)) return *server;
  if (const Server* server = index.leading.longest_end_of(host)) return *server;
  if (const Server* server = index.trailing.longest_start_of(host)) return *server;
  if (!host.empty()) {
    for (const auto& [regex, server] : index.regexes) {
      if (regex->matches(host, captures)) return *server;
    }
  }
  return *listen.default_server;
}

const Location& find_location(const Server& server, std::string_view path, Captures& captures) {
  const Location* found = find_within(server.base, path, captures).location;
  return found != nullptr ? *found : server.base;
}

void index_routes(Http& http) {
  for (const auto& server : http.servers) index_locations(server->base);
  for (Listen& listen : http.listens) index_servers(listen);
}

}  // namespace levee
