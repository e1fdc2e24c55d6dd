#include "conf/expression.h"

#include <algorithm>
#include <utility>

#include "conf/config.h"

namespace levee {
namespace {

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Takes the name after a `$` off the front of `text`; empty: there is none.
std::variant<std::string_view, std::string> take_name(std::string_view& text) {
  const bool braced = text.starts_with('{');
  if (braced) text.remove_prefix(1);
  size_t length = 0;
  if (!braced && !text.empty() && text[0] >= '1' && text[0] <= '9') {
    length = 1;  // $1: one digit, whatever follows
  } else {
    while (length < text.size() && is_name(text[length])) ++length;
  }
  const std::string_view name = text.substr(0, length);
  text.remove_prefix(length);
  if (braced && !text.starts_with('}')) {
    return "the closing bracket in \"" + std::string(name) + "\" variable is missing";
  }
  if (braced) text.remove_prefix(1);
  if (name.empty()) return std::string("invalid variable name");
  return name;
}

std::optional<Variable> resolve(std::string_view name, const Names& names) {
  if (name.size() == 1 && name[0] >= '1' && name[0] <= '9') {
    return Variable{Var::kCapture, static_cast<uint8_t>(name[0] - '0'), {}, nullptr};
  }
  if (const auto map = names.maps.find(name); map != names.maps.end()) {
    return Variable{Var::kMap, 0, map->first, map->second};
  }
  if (auto known = find_variable(name)) return known;
  if (names.captures.contains(name)) return Variable{Var::kNamedCapture, 0, std::string(name), nullptr};
  return std::nullopt;
}

// Groups of the regex that chose a map's result, before all others.
class WithGroups final : public VariableSource {
 public:
  WithGroups(const Regex& regex, std::string_view subject, const VariableSource& outer) : outer_(outer) {
    regex.matches(subject, groups_);
    names_ = &regex.names();
  }
  bool get(const Variable& variable, std::string& out) const override {
    if (variable.id == Var::kCapture) return append(groups_.group(variable.number), out);
    const bool is_mine =
        variable.id == Var::kNamedCapture && std::ranges::find(*names_, variable.name) != names_->end();
    return is_mine ? append(groups_.named(variable.name), out) : outer_.get(variable, out);
  }

 private:
  static bool append(std::string_view value, std::string& out) {
    out += value;
    return !value.empty();
  }
  const VariableSource& outer_;
  const std::vector<std::string>* names_;
  Captures groups_;
};

}  // namespace

Expression Expression::literal(std::string text) {
  Expression result;
  result.source_ = text;
  result.literal_ = std::move(text);
  return result;
}

std::variant<Expression, std::string> Expression::compile(std::string_view text, const Names& names) {
  Expression result;
  result.source_ = text;
  std::string plain;
  while (!text.empty()) {
    if (text[0] != '$') {
      const size_t length = std::min(text.find('$'), text.size());
      plain += text.substr(0, length);
      text.remove_prefix(length);
      continue;
    }
    text.remove_prefix(1);
    auto name = take_name(text);
    if (auto* error = std::get_if<std::string>(&name)) return std::move(*error);
    auto variable = resolve(std::get<std::string_view>(name), names);
    if (!variable) return "unknown \"" + std::string(std::get<std::string_view>(name)) + "\" variable";
    if (!plain.empty()) result.parts_.push_back({std::exchange(plain, {}), false, {}});
    result.parts_.push_back({{}, true, std::move(*variable)});
  }
  if (result.parts_.empty()) {
    result.literal_ = std::move(plain);
  } else if (!plain.empty()) {
    result.parts_.push_back({std::move(plain), false, {}});
  }
  return result;
}

bool Expression::uses(Var id) const {
  return std::any_of(parts_.begin(), parts_.end(), [id](const Part& part) {
    if (!part.is_variable) return false;
    return part.variable.id == id || (part.variable.id == Var::kMap && part.variable.map->uses(id));
  });
}

bool Expression::may_take_groups() const {
  return std::ranges::any_of(parts_, [](const Part& part) {
    const Var id = part.variable.id;
    return part.is_variable && (id == Var::kCapture || id == Var::kNamedCapture || id == Var::kMap);
  });
}

void Expression::append_to(std::string& out, const VariableSource& values) const {
  out += literal_;
  for (const Part& part : parts_) {
    if (part.is_variable) {
      append_value(part.variable, values, out);
    } else {
      out += part.text;
    }
  }
}

std::string Expression::evaluate(const VariableSource& values) const {
  std::string out;
  append_to(out, values);
  return out;
}

bool Expression::is_true(const VariableSource& values) const {
  const std::string value = evaluate(values);
  return !value.empty() && value != "0";
}

bool Expression::append_value(const Variable& variable, const VariableSource& values, std::string& out) {
  if (variable.id != Var::kMap) return values.get(variable, out);
  const std::string subject = variable.map->source.evaluate(values);
  const Expression& result = variable.map->find(subject);
  const auto& regexes = variable.map->regexes;
  const auto chosen = result.may_take_groups()
                          ? std::ranges::find_if(regexes, [&](const auto& entry) { return &entry.second == &result; })
                          : regexes.end();
  if (chosen != regexes.end()) {
    result.append_to(out, WithGroups(chosen->first, subject, values));
  } else {
    result.append_to(out, values);
  }
  return true;
}

}  // namespace levee
