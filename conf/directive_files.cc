// Directives of serving files, and map.
#include <algorithm>
#include <cctype>

#include "conf/block.h"

namespace levee::conf {
namespace {

std::string lower(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word;
}

Outcome set_root(Scope& scope, const Line& line) {
  auto path = expression_word(scope, line);
  if (auto* fault = std::get_if<Fault>(&path)) return std::move(*fault);
  const bool is_alias = line[0] == "alias";
  if (!scope.is_first("root, alias")) {
    return Fault{"\"" + line[0] + "\" directive is duplicate, \"" + (is_alias ? "root" : "alias") +
                 "\" directive was specified earlier"};
  }
  scope.location->root = std::move(std::get<Expression>(path));
  scope.location->is_alias = is_alias;
  return std::nullopt;
}

// types { video/mp2t ts; }
Outcome set_types(Scope& scope, const Line& line) {
  auto& types = scope.location->types;
  if (scope.is_first("types")) types.clear();
  for (const Node& entry : line.node.children) {
    if (entry.is_block || entry.words.size() < 2) {
      return Fault{"invalid number of arguments in \"types\" directive", entry.place};
    }
    for (size_t i = 1; i < entry.words.size(); ++i) types[lower(entry.words[i])] = entry.words[0];
  }
  return std::nullopt;
}

// The types of what an edge for live streams serves, without a types block.
struct Type {
  const char* name;
  const char* extensions[4];
};
constexpr Type kTypes[] = {{"application/vnd.apple.mpegurl", {"m3u8"}},
                           {"application/dash+xml", {"mpd"}},
                           {"video/mp2t", {"ts"}},
                           {"video/mp4", {"mp4", "m4s", "m4v", "cmfv"}},
                           {"audio/mp4", {"m4a", "cmfa"}},
                           {"video/iso.segment", {"m4i"}},
                           {"audio/aac", {"aac"}},
                           {"audio/mpeg", {"mp3"}},
                           {"video/webm", {"webm"}},
                           {"text/vtt", {"vtt"}},
                           {"text/html", {"html", "htm"}},
                           {"text/css", {"css"}},
                           {"text/plain", {"txt"}},
                           {"application/javascript", {"js"}},
                           {"application/json", {"json"}},
                           {"image/png", {"png"}},
                           {"image/jpeg", {"jpg", "jpeg"}},
                           {"image/svg+xml", {"svg"}},
                           {"image/x-icon", {"ico"}}};

// One line of a map: a pattern and its result.
Outcome add_map_entry(Map& map, const std::string& pattern, Expression result) {
  if (pattern == "default") {
    map.otherwise = std::move(result);
    return std::nullopt;
  }
  if (pattern.starts_with('~')) {
    const bool caseless = pattern.starts_with("~*");
    auto regex = Regex::compile(pattern.substr(caseless ? 2 : 1), caseless);
    if (auto* error = std::get_if<std::string>(&regex)) return Fault{std::move(*error)};
    map.regexes.emplace_back(std::move(std::get<Regex>(regex)), std::move(result));
    return std::nullopt;
  }
  std::string key = lower(pattern.starts_with('\\') ? pattern.substr(1) : pattern);
  if (map.hostnames && key.starts_with("*.")) {
    map.leading.emplace_back(key.substr(1), std::move(result));
    return std::nullopt;
  }
  if (map.hostnames && key.ends_with(".*")) {
    key.pop_back();
    map.trailing.emplace_back(std::move(key), std::move(result));
    return std::nullopt;
  }
  if (map.hostnames && key.starts_with('.') && key.size() > 1) {
    map.leading.emplace_back(key, result);
    key.erase(0, 1);
  }
  if (!map.exact.emplace(std::move(key), std::move(result)).second) {
    return Fault{"conflicting parameter \"" + pattern + "\""};
  }
  return std::nullopt;
}

Outcome fill_map(Scope& scope, const Line& line) {
  const auto known =
      line[2].starts_with('$') ? scope.config.http.maps.find(line[2].substr(1)) : scope.config.http.maps.end();
  if (known == scope.config.http.maps.end()) return Fault{"invalid variable name \"" + line[2] + "\""};
  Map& map = known->second;
  auto source = expression_word(scope, line);
  if (auto* fault = std::get_if<Fault>(&source)) return std::move(*fault);
  if (!map.name.empty()) return Fault{"duplicate map of \"" + line[2] + "\""};
  map.name = known->first;
  map.source = std::move(std::get<Expression>(source));
  for (const Node& entry : line.node.children) {
    if (!entry.is_block && entry.words.size() == 1) {
      map.hostnames |= entry.words[0] == "hostnames";
      if (entry.words[0] == "hostnames" || entry.words[0] == "volatile") continue;
    }
    if (entry.is_block || entry.words.size() != 2) return Fault{"invalid number of the map parameters", entry.place};
    auto result = expression(scope, entry.words[1]);
    if (auto* fault = std::get_if<Fault>(&result)) return Fault{std::move(fault->text), entry.place};
    auto fault = add_map_entry(map, entry.words[0], std::move(std::get<Expression>(result)));
    if (fault) return Fault{std::move(fault->text), entry.place};
  }
  const auto longest_first = [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); };
  std::stable_sort(map.leading.begin(), map.leading.end(), longest_first);
  std::stable_sort(map.trailing.begin(), map.trailing.end(), longest_first);
  return std::nullopt;
}

const Directive kDirectives[] = {
    {"root", kAny, 1, "html", with<set_root>, "The folder of the files; the request's path is added."},
    {"alias", kLocation, 1, kNone, with<set_root>,
     "The folder or file that stands for the path that the location matched."},
    {"index",
     kAny,
     {1, kMany},
     "index.html",
     add_all<&Location::index, expressions>,
     "The files that stand for a folder; the first that exists."},
    {"types", kAny, 0, kNone, each_block<set_types>,
     "Media types by extension; without it, those of streaming are known."},
    {"default_type", kAny, 1, "application/octet-stream", set<&Location::default_type, text>,
     "The type of files that types does not have."},
    {"etag", kAny, 1, "on", set<&Location::etag, flag>, "Give files an ETag."},
    {"types_hash_max_size", kAny, 1, kNone, ignored, "Accepted and not needed."},
    {"types_hash_bucket_size", kAny, 1, kNone, ignored, "Accepted and not needed."},
    {"open_file_cache", kAny, {1, 2}, kNone, ignored, "Accepted and not needed."},
    {"aio", kAny, 1, kNone, ignored, "Accepted and not needed."},
    {"directio", kAny, 1, kNone, ignored, "Accepted and not needed."},
    {"output_buffers", kAny, 2, kNone, ignored, "Accepted and not needed."},
    {"map", kHttp, 2, kNone, declare_block<fill_map>,
     "A variable whose value depends on a string: map $arg_q $quality { default low; hd high; ~^4k best; }."},
};

}  // namespace

std::span<const Directive> files_directives() {
  return kDirectives;
}

std::map<std::string, std::string, std::less<>> streaming_types() {
  std::map<std::string, std::string, std::less<>> types;
  for (const Type& type : kTypes) {
    for (const char* extension : type.extensions) {
      if (extension != nullptr) types.emplace(extension, type.name);
    }
  }
  return types;
}

}  // namespace levee::conf
