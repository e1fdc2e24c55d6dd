// A secret that others must know too, from a file. Immutable.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace levee {

class Secret {
 public:
  // Of the file's first line, without blanks around it; nothing: it cannot be read, or what it says does not fit in a
  // field.
  static std::optional<Secret> read(const std::string& file);
  explicit Secret(std::string text);

  const std::string& text() const { return text_; }
  // Whether what somebody offers is the secret; takes as long for a near miss as for any other.
  bool is(std::string_view offered) const;

 private:
  std::string text_;
  std::array<unsigned char, 32> digest_{};  // SHA-256
};

}  // namespace levee
