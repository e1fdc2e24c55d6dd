#include <gtest/gtest.h>

#include "proxy/client/access_log.h"

namespace levee {
namespace {

class Values : public VariableSource {
 public:
  bool get(const Variable& variable, std::string& out) const override {
    if (variable.id != Var::kUri) return false;
    out += value;
    return true;
  }
  std::string value;
};

std::string line(LogFormat::Escape escape, std::string value) {
  LogFormat format;
  format.escape = escape;
  format.line = std::get<Expression>(Expression::compile("<$uri> $args", {}));
  Values values;
  values.value = std::move(value);
  std::string out;
  append_log_line(format, values, out);
  return out;
}

TEST(AccessLog, EscapesAsNginxDoes) {
  EXPECT_EQ(line(LogFormat::Escape::kDefault, "a\"b\\c\nd\x7f\xc3"), "<a\\x22b\\x5Cc\\x0Ad\\x7F\\xC3> -\n");
}

TEST(AccessLog, EscapesForJson) {
  EXPECT_EQ(line(LogFormat::Escape::kJson, "a\"b\\c\nd\te\x01\xc3\xa4"), "<a\\\"b\\\\c\\nd\\te\\u0001\xc3\xa4> \n");
}

TEST(AccessLog, EscapesNothingIfToldSo) {
  EXPECT_EQ(line(LogFormat::Escape::kNone, "a\"b"), "<a\"b> \n");
}

}  // namespace
}  // namespace levee
