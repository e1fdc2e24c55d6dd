#include "conf/directive.h"

#include <algorithm>
#include <array>
#include <ostream>

#include "conf/lexer.h"

namespace levee::conf {
namespace {

struct ContextName {
  Context context;
  std::string_view name;
};
constexpr ContextName kContextNames[] = {{kMain, "main"},     {kEvents, "events"},     {kHttp, "http"},
                                         {kServer, "server"}, {kLocation, "location"}, {kUpstream, "upstream"}};

std::string context_names(uint32_t contexts) {
  std::string names;
  for (const ContextName& known : kContextNames) {
    if ((contexts & known.context) == 0) continue;
    if (!names.empty()) names += ", ";
    names += known.name;
  }
  return names;
}

// What people bring along from nginx, and what to do instead.
struct Absent {
  std::string_view name, instead;
};
constexpr Absent kAbsent[] = {
    {"if", "use map, or a location"},
    {"set", "use map"},
    {"rewrite", "use a location with return, or proxy_pass with a URI"},
    {"break", "Levee has no rewrites"},
    {"try_files", "Levee serves a file or asks an origin, a location for each"},
    {"gzip", "Levee sends bodies as the origin encoded them"},
    {"error_page", "use proxy_cache_use_stale"},
    {"fastcgi_pass", "Levee speaks HTTP to origins"},
    {"uwsgi_pass", "Levee speaks HTTP to origins"},
    {"scgi_pass", "Levee speaks HTTP to origins"},
    {"grpc_pass", "Levee speaks HTTP to origins"},
    {"proxy_store", "use proxy_cache"},
    {"stream", "Levee has http only"},
    {"mail", "Levee has http only"},
    {"load_module", "Levee has no modules"},
};

// The row for a name in a context, or what is wrong.
Parsed<const Directive*> find_directive(const std::string& name, Context context) {
  bool known = false;
  for (const auto& area : all_directives()) {
    for (const Directive& directive : area) {
      if (directive.name != name) continue;
      known = true;
      if ((directive.contexts & context) != 0) return &directive;
    }
  }
  if (known) return Fault{"\"" + name + "\" directive is not allowed here"};
  for (const Absent& absent : kAbsent) {
    if (absent.name == name) return Fault{"unknown directive \"" + name + "\" (" + std::string(absent.instead) + ")"};
  }
  return Fault{"unknown directive \"" + name + "\""};
}

Outcome check_form(Scope& scope, const Line& line) {
  const Directive& directive = line.directive;
  const int arguments = static_cast<int>(line.size()) - 1;
  if (directive.setter.is_block && !line.node.is_block) {
    return Fault{"directive \"" + line[0] + "\" has no opening \"{\""};
  }
  if (!directive.setter.is_block && line.node.is_block) {
    return Fault{"directive \"" + line[0] + "\" is not terminated by \";\""};
  }
  if (arguments < directive.arity.least || arguments > directive.arity.most) {
    return Fault{"invalid number of arguments in \"" + line[0] + "\" directive"};
  }
  if (!directive.setter.repeats && !scope.is_first(line[0])) {
    return Fault{"\"" + line[0] + "\" directive is duplicate"};
  }
  return std::nullopt;
}

Node preset_line(const Directive& directive) {
  Node node;
  node.words.emplace_back(directive.name);
  Lexer lexer(directive.preset);
  for (Token token = lexer.next(); token.kind == Token::Kind::kWord; token = lexer.next()) {
    node.words.push_back(std::move(token.text));
  }
  return node;
}

}  // namespace

std::span<const std::span<const Directive>> all_directives() {
  static const std::array areas = {process_directives(),  client_directives(), files_directives(),
                                   proxy_directives(),    cache_directives(),  ssl_directives(),
                                   upstream_directives(), cluster_directives()};
  return areas;
}

std::optional<SyntaxError> apply_block(Scope& scope, const std::vector<Node>& lines) {
  std::vector<Line> known;
  for (const Node& node : lines) {
    auto found = find_directive(node.words[0], scope.context);
    if (auto* fault = std::get_if<Fault>(&found)) return SyntaxError{node.place, std::move(fault->text)};
    known.push_back({*std::get<const Directive*>(found), node});
    if (auto fault = check_form(scope, known.back())) return SyntaxError{node.place, std::move(fault->text)};
  }
  for (const Phase phase : {Phase::kDeclare, Phase::kSet, Phase::kEnter}) {
    for (const Line& line : known) {
      if (line.directive.setter.phase != phase) continue;
      auto fault = line.directive.setter.apply(scope, line);
      if (!fault) {
        if (!line.directive.setter.is_block) scope.places()[line.directive.name] = line.node.place;
        continue;
      }
      return SyntaxError{fault->place ? *fault->place : line.node.place, std::move(fault->text)};
    }
  }
  return std::nullopt;
}

void apply_presets(Scope& scope, uint32_t contexts) {
  for (const auto& area : all_directives()) {
    for (const Directive& directive : area) {
      if (directive.preset == kNone || (directive.contexts & contexts) == 0) continue;
      if (scope.parent != nullptr && (directive.contexts & scope.parent->context) != 0) continue;  // done there
      const Node node = preset_line(directive);
      if (auto fault = directive.setter.apply(scope, {directive, node})) std::abort();  // a row's default must be valid
    }
  }
  scope.seen.clear();
}

Fault invalid_word(const Line& line, std::string_view word, bool is_flag) {
  if (is_flag) {
    return {"invalid value \"" + std::string(word) + "\" in \"" + line[0] +
            "\" directive, it must be \"on\" or \"off\""};
  }
  return {"\"" + line[0] + "\" directive invalid value \"" + std::string(word) + "\""};
}
Fault invalid_value(std::string_view word) {
  return {"invalid value \"" + std::string(word) + "\""};
}
Fault invalid_parameter(std::string_view word) {
  return {"invalid parameter \"" + std::string(word) + "\""};
}

Parsed<Expression> expression(Scope& scope, std::string_view word) {
  auto compiled = Expression::compile(word, scope.names);
  if (auto* error = std::get_if<std::string>(&compiled)) return Fault{std::move(*error)};
  return std::move(std::get<Expression>(compiled));
}

Parsed<Expression> expression_word(Scope& scope, const Line& line) {
  return expression(scope, line[1]);
}

Parsed<std::vector<Expression>> expressions(Scope& scope, const Line& line) {
  std::vector<Expression> result;
  for (const std::string& word : line.from(1)) {
    auto compiled = expression(scope, word);
    if (auto* fault = std::get_if<Fault>(&compiled)) return std::move(*fault);
    result.push_back(std::move(std::get<Expression>(compiled)));
  }
  return result;
}

}  // namespace levee::conf

namespace levee {

namespace {

// Visits all rows; those that are accepted and not needed come as one list of names.
std::string each_needed(const auto& visit) {
  std::string accepted;
  for (const auto& area : conf::all_directives()) {
    for (const conf::Directive& directive : area) {
      if (directive.setter.apply != conf::do_nothing) {
        visit(directive);
        continue;
      }
      if (!accepted.empty()) accepted += ", ";
      accepted += directive.name;
    }
  }
  return accepted;
}

}  // namespace

void describe(std::ostream& out) {
  const std::string accepted = each_needed([&](const conf::Directive& directive) {
    out << "  " << directive.name;
    if (directive.preset != conf::kNone) out << ' ' << directive.preset;
    out << (directive.setter.is_block ? " {...}" : ";") << "  [" << conf::context_names(directive.contexts)
        << "]\n      " << directive.help << '\n';
  });
  out << "  Accepted and not needed: " << accepted << ".\n";
}

void describe_markdown(std::ostream& out) {
  out << "| Directive | Default | Contexts | Meaning |\n|--|--|--|--|\n";
  const std::string accepted = each_needed([&](const conf::Directive& directive) {
    out << "| `" << directive.name << "` | ";
    if (directive.preset != conf::kNone) out << '`' << directive.preset << '`';
    out << " | " << conf::context_names(directive.contexts) << " | " << directive.help << " |\n";
  });
  out << "\nAccepted and not needed: " << accepted << ".\n";
}

}  // namespace levee
