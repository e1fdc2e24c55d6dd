// A string with $variables, compiled once when the configuration is loaded.
//
// Immutable after compile(), so any thread may evaluate it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conf/variable.h"

namespace levee {

// Where the values come from: a request.
class VariableSource {
 public:
  virtual ~VariableSource() = default;
  // Appends the value to `out`. False, and nothing appended: it has none ("" in a string, "-" in a log).
  virtual bool get(const Variable& variable, std::string& out) const = 0;
};

// The names that the configuration itself defines.
struct Names {
  std::set<std::string, std::less<>> captures;          // of named groups in any regex
  std::map<std::string, const Map*, std::less<>> maps;  // by the variable that they set
};

class Expression {
 public:
  struct Part {  // either text or a variable
    std::string text;
    bool is_variable = false;
    Variable variable;
  };

  Expression() = default;  // the empty string
  // Text without variables, as it is.
  static Expression literal(std::string text);
  // The compiled text, or what is wrong with it in nginx's words.
  static std::variant<Expression, std::string> compile(std::string_view text, const Names& names);

  bool is_literal() const { return parts_.empty(); }
  bool empty() const { return parts_.empty() && literal_.empty(); }
  const std::string& literal() const { return literal_; }  // if is_literal()
  const std::vector<Part>& parts() const {
    return parts_;
  }                                                      // none if is_literal(); for log formats, which escape by part
  const std::string& source() const { return source_; }  // as it was written
  bool uses(Var id) const;

  void append_to(std::string& out, const VariableSource& values) const;
  std::string evaluate(const VariableSource& values) const;
  // Whether its value is neither empty nor "0": proxy_cache_bypass, proxy_no_cache, access_log if=.
  bool is_true(const VariableSource& values) const;
  // Appends one variable's value, maps included. False: it has none.
  static bool append_value(const Variable& variable, const VariableSource& values, std::string& out);

 private:
  bool may_take_groups() const;  // of a regex, itself or in another map's result

  std::string source_, literal_;
  std::vector<Part> parts_;
};

}  // namespace levee
