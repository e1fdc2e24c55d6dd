// One row a directive: where it may stand, how many arguments it takes, its default, what it sets, what it is for.
//
// To add a directive: add a member to a struct of config.h (or location.h, upstream.h) and a row to a directive_*.cc.
// The default goes through the same setter as a user's words; contexts, arity and repetition are checked before a
// setter runs.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "conf/config.h"
#include "conf/tree.h"
#include "conf/value.h"

namespace levee::conf {

enum Context : uint32_t {
  kMain = 1 << 0,
  kEvents = 1 << 1,
  kHttp = 1 << 2,
  kServer = 1 << 3,
  kLocation = 1 << 4,
  kUpstream = 1 << 5,
  kAny = kHttp | kServer | kLocation,
  kVirtual = kHttp | kServer,
};

// What is wrong, in nginx's words.
struct Fault {
  std::string text;
  std::optional<Place> place = std::nullopt;  // nothing: the line that was being applied
};
using Outcome = std::optional<Fault>;  // nothing: done
template <typename T>
using Parsed = std::variant<T, Fault>;

struct Directive;

// A directive as somebody wrote it; word 0 is its name.
struct Line {
  const Directive& directive;
  const Node& node;
  const std::string& operator[](size_t i) const { return node.words[i]; }
  size_t size() const { return node.words.size(); }
  // The words from the i-th on.
  std::span<const std::string> from(size_t i) const { return std::span(node.words).subspan(std::min(i, size())); }
};

// The block whose lines are being applied. A nested one starts as a copy of its parent.
struct Scope {
  Context context;
  Config& config;
  const Names& names;
  Server* server = nullptr;      // kHttp: what servers start from
  Location* location = nullptr;  // kHttp, kServer: what locations start from
  Upstream* upstream = nullptr;
  const Scope* parent = nullptr;
  std::set<std::string, std::less<>> seen;  // directives that this block has

  // Where this block's lines are remembered.
  Places& places() {
    if (upstream != nullptr) return upstream->places;
    return location != nullptr ? location->places : config.places;
  }
  // Whether a line of this name is the first in this block: then what was inherited goes.
  bool is_first(std::string_view name) { return seen.emplace(name).second; }

  template <typename T>
  T& target() {
    if constexpr (std::is_same_v<T, Config>) return config;
    if constexpr (std::is_same_v<T, Http>) return config.http;
    if constexpr (std::is_same_v<T, Cluster>) return config.http.cluster;
    if constexpr (std::is_same_v<T, Server>) return *server;
    if constexpr (std::is_same_v<T, ServerTls>) return server->tls;
    if constexpr (std::is_same_v<T, Location>) return *location;
    if constexpr (std::is_same_v<T, ProxyTls>) return location->tls;
    if constexpr (std::is_same_v<T, Upstream>) return *upstream;
  }
};

// When the lines of a block are applied: what defines names, then settings, then the blocks that start as a copy of it.
enum class Phase : uint8_t { kDeclare, kSet, kEnter };

struct Setter {
  Outcome (*apply)(Scope& scope, const Line& line);
  Phase phase = Phase::kSet;
  bool repeats = false;  // may stand more than once in a block
  bool is_block = false;
};

struct Arity {
  constexpr Arity(int exactly)
      : least(exactly), most(exactly) {}  // NOLINT(google-explicit-constructor): rows read better
  constexpr Arity(int at_least, int at_most) : least(at_least), most(at_most) {}
  int least, most;
};
constexpr int kMany = 1 << 20;

constexpr const char* kNone = nullptr;  // no default

struct Directive {
  std::string_view name;
  uint32_t contexts;
  Arity arity;
  const char* preset;  // the default, as a user would write it
  Setter setter;
  const char* help;
};

// The whole table, by area.
std::span<const Directive> process_directives();
std::span<const Directive> client_directives();
std::span<const Directive> files_directives();
std::span<const Directive> proxy_directives();
std::span<const Directive> cache_directives();
std::span<const Directive> ssl_directives();
std::span<const Directive> upstream_directives();
std::span<const Directive> cluster_directives();
std::span<const std::span<const Directive>> all_directives();

// Applies the lines of a block, or says what is wrong and where.
std::optional<SyntaxError> apply_block(Scope& scope, const std::vector<Node>& lines);
// Applies the defaults of all directives of these contexts.
void apply_presets(Scope& scope, uint32_t contexts);

// --- Setters ---

template <auto Member>
struct MemberOf;
template <typename C, typename T, T C::*Member>
struct MemberOf<Member> {
  using Class = C;
  using Type = T;
};

// A parser makes a value of one word (std::optional<T>(std::string_view), see value.h), or of the whole line
// (Parsed<T>(Scope&, const Line&)).
template <auto Parse>
constexpr bool kTakesWord = std::is_invocable_v<decltype(Parse), std::string_view>;

// nginx's words for a word that is not a value.
Fault invalid_word(const Line& line, std::string_view word, bool is_flag);
Fault invalid_value(std::string_view word);
Fault invalid_parameter(std::string_view word);

template <auto Parse>
auto parse(Scope& scope, const Line& line) {
  if constexpr (kTakesWord<Parse>) {
    auto value = Parse(line[1]);
    using T = typename decltype(value)::value_type;
    if (!value) return Parsed<T>(invalid_word(line, line[1], std::is_same_v<T, bool>));
    return Parsed<T>(std::move(*value));
  } else {
    return Parse(scope, line);
  }
}

template <auto Member, auto Parse>
Outcome assign(Scope& scope, const Line& line) {
  auto value = parse<Parse>(scope, line);
  if (auto* fault = std::get_if<Fault>(&value)) return std::move(*fault);
  scope.target<typename MemberOf<Member>::Class>().*Member = std::move(std::get<0>(value));
  return std::nullopt;
}

template <auto Member, auto Parse>
Outcome append(Scope& scope, const Line& line) {
  auto value = parse<Parse>(scope, line);
  if (auto* fault = std::get_if<Fault>(&value)) return std::move(*fault);
  auto& list = scope.target<typename MemberOf<Member>::Class>().*Member;
  if (scope.is_first(line[0])) list.clear();
  list.push_back(std::move(std::get<0>(value)));
  return std::nullopt;
}

template <auto Member, auto Parse>
Outcome extend(Scope& scope, const Line& line) {
  auto values = parse<Parse>(scope, line);
  if (auto* fault = std::get_if<Fault>(&values)) return std::move(*fault);
  auto& list = scope.target<typename MemberOf<Member>::Class>().*Member;
  if (scope.is_first(line[0])) list.clear();
  for (auto& value : std::get<0>(values)) list.push_back(std::move(value));
  return std::nullopt;
}

// The member becomes the value of the line.
template <auto Member, auto Parse>
constexpr Setter set{assign<Member, Parse>};
// Each line adds a value; the first in a block replaces what was inherited.
template <auto Member, auto Parse>
constexpr Setter add{append<Member, Parse>, Phase::kSet, true};
// The same for lines that have several values each.
template <auto Member, auto Parse>
constexpr Setter add_all{extend<Member, Parse>, Phase::kSet, true};
// A function of its own.
template <Outcome (*Apply)(Scope&, const Line&)>
constexpr Setter with{Apply};
template <Outcome (*Apply)(Scope&, const Line&)>
constexpr Setter each{Apply, Phase::kSet, true};
template <Outcome (*Apply)(Scope&, const Line&)>
constexpr Setter each_block{Apply, Phase::kSet, true, true};
// Defines something that other lines name, so it goes first.
template <Outcome (*Apply)(Scope&, const Line&)>
constexpr Setter declare{Apply, Phase::kDeclare, true};
template <Outcome (*Apply)(Scope&, const Line&)>
constexpr Setter declare_block{Apply, Phase::kDeclare, true, true};
// A block that starts as a copy of its parent.
template <Outcome (*Apply)(Scope&, const Line&)>
constexpr Setter enter{Apply, Phase::kEnter, true, true};
template <Outcome (*Apply)(Scope&, const Line&)>
constexpr Setter enter_once{Apply, Phase::kEnter, false, true};

// Nginx has it, Levee does not need it.
inline Outcome do_nothing(Scope& /*scope*/, const Line& /*line*/) {
  return std::nullopt;
}
constexpr Setter ignored{do_nothing, Phase::kSet, true};

// --- Parsers of whole lines ---

// A string with variables.
Parsed<Expression> expression(Scope& scope, std::string_view word);
Parsed<Expression> expression_word(Scope& scope, const Line& line);
Parsed<std::vector<Expression>> expressions(Scope& scope, const Line& line);

// One of a table's words, or several of them as bits.
template <typename E>
struct Word {
  std::string_view name;
  E value;
};

template <const auto& Table>
auto choice(Scope& /*scope*/, const Line& line) {
  using T = decltype(Table[0].value);
  using Enum = std::remove_const_t<T>;
  for (const auto& word : Table) {
    if (word.name == line[1]) return Parsed<Enum>(word.value);
  }
  return Parsed<Enum>(invalid_value(line[1]));
}

template <const auto& Table>
auto words(Scope& /*scope*/, const Line& line) {
  using Enum = std::remove_const_t<decltype(Table[0].value)>;
  Words<Enum> result;
  for (const std::string& written : line.from(1)) {
    const auto* const word =
        std::find_if(std::begin(Table), std::end(Table), [&](const auto& known) { return known.name == written; });
    if (word == std::end(Table)) return Parsed<Words<Enum>>(invalid_value(written));
    result.bits |= static_cast<uint32_t>(word->value);
  }
  return Parsed<Words<Enum>>(result);
}

// --- Parameters: words such as `backup` and `weight=5` that follow a directive's first words ---

template <typename T>
struct Parameter {
  std::string_view name;  // ends in "=" if a value follows
  bool (*set)(T& target, std::string_view value);
};

template <auto Member, auto Parse>
bool take(typename MemberOf<Member>::Class& target, std::string_view value) {
  auto parsed = Parse(value);
  if (!parsed) return false;
  target.*Member = std::move(*parsed);
  return true;
}
template <auto Member>
bool switch_on(typename MemberOf<Member>::Class& target, std::string_view /*value*/) {
  target.*Member = true;
  return true;
}
// Accepted, and not needed.
template <typename T>
bool skip(T& /*target*/, std::string_view /*value*/) {
  return true;
}

template <typename T>
Outcome apply_parameters(T& target, std::span<const Parameter<T>> known, std::span<const std::string> written) {
  for (const std::string& word : written) {
    bool done = false;
    for (const Parameter<T>& parameter : known) {
      const bool has_value = parameter.name.ends_with('=');
      if (has_value ? !word.starts_with(parameter.name) : word != parameter.name) continue;
      if (!parameter.set(target, std::string_view(word).substr(has_value ? parameter.name.size() : word.size()))) break;
      done = true;
      break;
    }
    if (!done) return invalid_parameter(word);
  }
  return std::nullopt;
}

}  // namespace levee::conf
