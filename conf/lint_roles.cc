// Which locations playlists and segments come to: what a location's pattern says, and where requests for some go.
#include <algorithm>
#include <cctype>
#include <set>
#include <string>

#include "conf/lint_rules.h"
#include "conf/route.h"

namespace levee::conf {
namespace {

using Kind = LocationMatch::Kind;

constexpr std::string_view kPlaylistTypes[] = {"m3u8", "mpd", "f4m"};
constexpr std::string_view kSegmentTypes[] = {"ts",  "m4s",  "mp4",  "m4a",  "m4v",  "m4f", "aac",
                                              "ac3", "cmfv", "cmfa", "cmft", "webm", "vtt"};
// What the files of web pages are, and those media that pages have too: beside the former they are no segments.
constexpr std::string_view kPageTypes[] = {"css", "js",  "png",  "jpg",   "jpeg", "gif",
                                           "svg", "ico", "woff", "woff2", "html"};
constexpr std::string_view kPageMedia[] = {"mp4", "m4a", "m4v", "aac", "webm", "vtt"};
constexpr std::string_view kPlaylistWords[] = {"playlist", "chunklist", "manifest"};
constexpr std::string_view kSegmentWords[] = {"seg", "segment", "segments", "chunk", "chunks", "frag", "fragments"};
constexpr std::string_view kPlaylists[] = {"index.m3u8",     "master.m3u8", "playlist.m3u8",
                                           "chunklist.m3u8", "stream.m3u8", "manifest.mpd"};
constexpr std::string_view kMultivariant[] = {"master.m3u8", "main.m3u8", "multivariant.m3u8"};
constexpr std::string_view kSegments[] = {"1.ts", "1.m4s"};

bool is_alnum(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

// Calls visit(word, what stands before it) for each run of letters and digits; a regex's \d is none of them.
void each_word(std::string_view text, const auto& visit) {
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '\\') {
      at += 2;
      if (at <= text.size() && !is_alnum(text[at - 1])) --at;  // \. stands for what it says
      continue;
    }
    size_t end = at;
    while (end < text.size() && is_alnum(text[end])) ++end;
    if (end > at) visit(text.substr(at, end - at), at == 0 ? '.' : text[at - 1]);
    at = std::max(end, at + 1);
  }
}

bool is_in(const auto& words, std::string_view word) {
  return std::ranges::find(words, word) != std::end(words);
}

// Types of files, as m3u8 or ts.
struct Types {
  std::set<std::string, std::less<>> playlists, segments;

  void add(const Types& other) {
    playlists.insert(other.playlists.begin(), other.playlists.end());
    segments.insert(other.segments.begin(), other.segments.end());
  }
};

// What the pattern says by types: \.(ts|m4s)$. In /live/ts- it is no type.
Types types_of(const LocationMatch& match) {
  Types types;
  bool is_of_pages = false;
  each_word(in_lower_case(match.pattern), [&](std::string_view word, char before) {
    if (before == '/' || before == '-' || before == '_') return;
    if (is_in(kPageTypes, word)) is_of_pages = true;
    if (is_in(kPlaylistTypes, word)) types.playlists.emplace(word);
    if (is_in(kSegmentTypes, word)) types.segments.emplace(word);
  });
  if (is_of_pages) std::erase_if(types.segments, [](const std::string& type) { return is_in(kPageMedia, type); });
  return types;
}

// Of all locations.
Types types_below(const Location& location) {
  Types types = types_of(location.match);
  for (const Location& inner : location.locations) types.add(types_below(inner));
  return types;
}

// The last part of the pattern, in lower case.
std::string last_part(const LocationMatch& match) {
  std::string text = in_lower_case(match.pattern);
  while (text.ends_with('/') || text.ends_with('$')) text.pop_back();
  return text.substr(text.rfind('/') + 1);
}

// Whether the text ends in a type of files, and in none of media: manifest.json.
bool is_of_other_type(std::string_view text) {
  const size_t dot = text.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == text.size()) return false;
  const std::string_view type = text.substr(dot + 1);
  return std::ranges::all_of(type, is_alnum) && !is_in(kPlaylistTypes, type) && !is_in(kSegmentTypes, type);
}

bool is_multivariant(const LocationMatch& match) {
  std::string text = last_part(match);
  std::erase(text, '\\');
  return is_in(kMultivariant, text);
}

// What the last part of the pattern says by words: /live/seg-.
Role by_words(const LocationMatch& match) {
  const std::string text = last_part(match);
  Role role;
  if (is_of_other_type(text)) return role;
  each_word(text, [&](std::string_view word, char) {
    if (is_in(kPlaylistWords, word)) role.playlists = true;
    if (is_in(kSegmentWords, word)) role.segments = true;
  });
  return role;
}

// Folders that the location may be for: of a regex what it surely begins with, /live/ of ^/live/(.*)$.
std::string folder_of(const LocationMatch& match) {
  std::string text = match.pattern;
  if (match.kind == Kind::kRegex) {
    text = text.starts_with('^') ? text.substr(1, text.find_first_of("\\.[](){}?*+|^$", 1) - 1) : "/";
  } else if (match.kind != Kind::kExact && !text.ends_with('/') &&
             text.find('.', text.rfind('/') + 1) == std::string::npos) {
    text += '/';  // /live is for what is below /live/
  }
  text.resize(text.rfind('/') + 1);
  return text.empty() ? "/" : text;
}

// Asks for an invented file, as requests do, if it is of these types, or if there are none. A location that says by
// words what it is for is for nothing else.
void ask(const Server& server, const std::string& path, const std::set<std::string, std::less<>>& types,
         bool Role::*kind, Roles& roles) {
  if (!types.empty() && !types.contains(path.substr(path.rfind('.') + 1))) return;
  Captures captures;
  const Location& location = find_location(server, path, captures);
  const Role words = by_words(location.match);
  if (!words.playlists && !words.segments) roles[&location].*kind = true;
}

void add_roles(const Server& server, const Location& location, const Types& served, Roles& roles) {
  Role& role = roles[&location];
  const Types types = types_of(location.match);
  const Role words = by_words(location.match);
  role.playlists = role.playlists || words.playlists || !types.playlists.empty();
  role.segments = role.segments || words.segments || !types.segments.empty();
  role.multivariant = is_multivariant(location.match);
  role.is_meant = role.is_meant || !types.playlists.empty() || !types.segments.empty();
  if (location.priority == Priority::kPlaylist) role.playlists = role.is_meant = true;
  if (location.priority == Priority::kLive) role.segments = role.is_meant = true;
  if (location.match.kind == Kind::kPrefix && location.match.pattern == "/") role.is_meant = true;
  const std::string folder = folder_of(location.match);
  for (const std::string& start : {folder, folder + "1/"}) {
    for (const std::string_view name : kPlaylists) {
      ask(server, start + std::string(name), served.playlists, &Role::playlists, roles);
    }
    for (const std::string_view name : kSegments) {
      ask(server, start + std::string(name), served.segments, &Role::segments, roles);
    }
  }
  for (const Location& inner : location.locations) add_roles(server, inner, served, roles);
}

}  // namespace

Roles roles_of(const Server& server) {
  Roles roles;
  // Where some location says m3u8, nobody serves mpd; of other types no files are invented.
  Types served = types_below(server.base);
  std::erase_if(served.playlists, [](const std::string& type) { return type != "m3u8" && type != "mpd"; });
  std::erase_if(served.segments, [](const std::string& type) { return type != "ts" && type != "m4s"; });
  add_roles(server, server.base, served, roles);
  return roles;
}

}  // namespace levee::conf
