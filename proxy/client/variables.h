// The values of $variables for a request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conf/expression.h"

namespace levee {

class Exchange;
struct Location;

class Variables final : public VariableSource {
 public:
  explicit Variables(const Exchange& exchange) : exchange_(exchange) {}
  bool get(const Variable& variable, std::string& out) const override;

 private:
  bool of_request(const Variable& variable, std::string& out) const;
  bool of_connection(const Variable& variable, std::string& out) const;
  bool of_response(const Variable& variable, std::string& out) const;
  bool of_origin(const Variable& variable, std::string& out) const;
  bool of_process(const Variable& variable, std::string& out) const;
  const Exchange& exchange_;
};

// Whether one of them is neither empty nor "0" for this request.
bool any_is_true(const std::vector<Expression>& conditions, const Exchange& exchange);
// Appends seconds with three decimals.
void append_seconds(int64_t ms, std::string& out);
// What of the path goes behind root or alias ($request_filename).
void append_below_root(const Location& location, std::string_view path, std::string& out);

}  // namespace levee
