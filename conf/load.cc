// From text to Config: the tree, then the names that lines may use, then the lines, then what only the whole can show.
#include <algorithm>
#include <set>

#include "conf/block.h"
#include "conf/route.h"

namespace levee {

using conf::Node;
using conf::SyntaxError;

namespace {

// The names of the groups in a regex: (?<name>, (?P<name>, (?'name'.
void collect_captures(std::string_view word, Names& names) {
  for (size_t at = word.find("(?"); at != std::string_view::npos; at = word.find("(?", at + 2)) {
    std::string_view rest = word.substr(at + 2);
    if (rest.starts_with('P')) rest.remove_prefix(1);
    if (!rest.starts_with('<') && !rest.starts_with('\'')) continue;
    const size_t end = rest.find(rest[0] == '<' ? '>' : '\'', 1);
    if (end != std::string_view::npos && end > 1) names.captures.emplace(rest.substr(1, end - 1));
  }
}

// Lines may use a map's variable or a regex's group before the line that defines it.
void collect_names(const std::vector<Node>& lines, Config& config, Names& names) {
  for (const Node& node : lines) {
    if (node.words[0] == "map" && node.words.size() == 3 && node.words[2].size() > 1 && node.words[2][0] == '$') {
      const auto [map, is_new] = config.http.maps.try_emplace(node.words[2].substr(1));
      names.maps.emplace(map->first, &map->second);
    }
    for (const std::string& word : node.words) collect_captures(word, names);
    collect_names(node.children, config, names);
  }
}

void collect_files(const std::vector<Node>& lines, std::vector<std::string>& files) {
  for (const Node& node : lines) {
    if (node.place.file && std::ranges::find(files, *node.place.file) == files.end()) {
      files.push_back(*node.place.file);
    }
    collect_files(node.children, files);
  }
}

void each_result(const Map& map, const auto& visit) {
  visit(map.source);
  visit(map.otherwise);
  for (const auto& entry : map.exact) visit(entry.second);
  for (const auto& entry : map.leading) visit(entry.second);
  for (const auto& entry : map.trailing) visit(entry.second);
  for (const auto& entry : map.regexes) visit(entry.second);
}

// Whether evaluating the map can come back to itself.
bool has_cycle(const Map& map, std::set<const Map*>& open, std::set<const Map*>& done) {
  if (done.contains(&map)) return false;
  if (!open.insert(&map).second) return true;
  bool found = false;
  each_result(map, [&](const Expression& expression) {
    for (const Expression::Part& part : expression.parts()) {
      if (part.is_variable && part.variable.map != nullptr) found = found || has_cycle(*part.variable.map, open, done);
    }
  });
  open.erase(&map);
  done.insert(&map);
  return found;
}

// A map whose value would depend on itself, or null.
const Map* find_cycle(const Config& config) {
  std::set<const Map*> open;
  std::set<const Map*> done;
  for (const auto& [name, map] : config.http.maps) {
    if (has_cycle(map, open, done)) return &map;
  }
  return nullptr;
}

// The same name twice at an address: the second is never found.
void warn_of_conflicts(Config& config) {
  for (const Listen& listen : config.http.listens) {
    std::set<std::pair<ServerName::Kind, std::string_view>> known;
    for (const Server* server : listen.servers) {
      for (const ServerName& name : server->names) {
        if (name.kind == ServerName::Kind::kRegex || known.emplace(name.kind, name.text).second) continue;
        config.warnings.push_back(
            {server->base.place, "conflicting server name \"" + name.text + "\" on " + listen.text + ", ignored"});
      }
    }
  }
}

Expression combined(const Names& names) {
  return std::get<Expression>(
      Expression::compile("$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
                          "\"$http_referer\" \"$http_user_agent\"",
                          names));
}

std::optional<SyntaxError> fill(Config& config, const std::vector<Node>& lines) {
  Names names;
  collect_names(lines, config, names);
  config.http.log_formats.emplace("combined", LogFormat{LogFormat::Escape::kDefault, "combined", combined(names)});
  conf::Scope scope{conf::kMain, config, names, nullptr, nullptr, nullptr, nullptr, {}};
  conf::apply_presets(scope, conf::kMain | conf::kEvents);
  if (auto error = conf::apply_block(scope, lines)) return error;
  if (const Map* map = find_cycle(config)) {
    return SyntaxError{{}, "cycle while evaluating variable \"" + map->name + "\""};
  }
  for (Listen& listen : config.http.listens) {
    if (listen.default_server == nullptr) listen.default_server = listen.servers.front();
  }
  warn_of_conflicts(config);
  index_routes(config.http);
  return std::nullopt;
}

using Lines = std::variant<std::vector<Node>, SyntaxError>;

std::variant<Config, ConfigError> make(const std::string& file, const std::string& prefix, Lines lines,
                                       const std::string& globals) {
  Config config;
  config.file = file;
  config.prefix = prefix.empty() || prefix.ends_with('/') ? prefix : prefix + "/";
  const auto failed = [&](const SyntaxError& error) {
    return ConfigError{error.place.file ? *error.place.file : file, error.place.line, error.text};
  };
  if (const auto* error = std::get_if<SyntaxError>(&lines)) return failed(*error);
  auto more = conf::parse_text(globals, "command line", config.prefix);
  if (const auto* error = std::get_if<SyntaxError>(&more)) return failed(*error);
  config.files.push_back(file);
  collect_files(std::get<std::vector<Node>>(lines), config.files);
  auto& all = std::get<std::vector<Node>>(more);
  auto& own = std::get<std::vector<Node>>(lines);
  all.insert(all.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
  if (const auto error = fill(config, all)) return failed(*error);
  return config;
}

// Where a file's relative includes start: its own folder.
std::string folder_of(const std::string& file) {
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash + 1);
}

}  // namespace

std::variant<Config, ConfigError> load(const std::string& file, const std::string& prefix, const std::string& globals) {
  return make(file, prefix, conf::parse_file(file, folder_of(file)), globals);
}

std::variant<Config, ConfigError> load_text(const std::string& text, const std::string& prefix,
                                            const std::string& name) {
  return make(name, prefix, conf::parse_text(text, name, prefix.ends_with('/') ? prefix : prefix + "/"), "");
}

std::string Config::full_path(std::string_view path) const {
  return path.starts_with('/') ? std::string(path) : prefix + std::string(path);
}

std::string Warning::to_string() const {
  return place.file == nullptr ? text : text + " in " + *place.file + ":" + std::to_string(place.line);
}

std::string ConfigError::to_string() const {
  return file + (line > 0 ? ":" + std::to_string(line) : "") + ": " + text;
}

std::optional<Milliseconds> valid_for(const Location& location, int status) {
  for (const uint16_t wanted : {static_cast<uint16_t>(status), uint16_t{0}}) {
    for (const CacheValid& valid : location.cache_valid) {
      if (valid.status == wanted) return valid.time;
    }
  }
  return std::nullopt;
}

bool is_allowed(const Location& location, const sockaddr_storage& peer) {
  for (const AccessRule& rule : location.access) {
    if (contains(rule.block, peer)) return rule.allow;
  }
  return true;
}

}  // namespace levee
