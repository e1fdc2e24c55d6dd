// Structured Field Values (RFC 8941): dictionaries, as CDN-Cache-Control and Cache-Status use them. Pure; never
// allocates.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace levee {

// A bare item. Strings, byte sequences and inner lists are views of their text as it stands between the delimiters.
struct Decimal {
  std::string_view text;
  bool operator==(const Decimal&) const = default;
};
struct QuotedString {
  std::string_view escaped;
  bool operator==(const QuotedString&) const = default;
};
struct Token {
  std::string_view text;
  bool operator==(const Token&) const = default;
};
struct ByteSequence {
  std::string_view base64;
  bool operator==(const ByteSequence&) const = default;
};
struct InnerList {
  std::string_view text;
  bool operator==(const InnerList&) const = default;
};
using BareItem = std::variant<bool, int64_t, Decimal, QuotedString, Token, ByteSequence, InnerList>;

struct Member {
  std::string_view key;
  BareItem value = true;
  std::string_view parameters;  // ";a;b=1" as it stands, checked
};

// Steps through a dictionary (RFC 8941 section 4.2.2). A key may come again: the last counts.
class DictionaryReader {
 public:
  explicit DictionaryReader(std::string_view text);
  // The next member; nothing at the end or when it is malformed.
  std::optional<Member> next();
  bool malformed() const { return malformed_; }

 private:
  std::string_view rest_;
  bool malformed_ = false;
  bool first_ = true;
};

// Whether the whole text is a valid dictionary. An empty one is.
bool is_dictionary(std::string_view text);
// Whether the whole text is a valid list (RFC 8941 section 4.2.1), as Cache-Status is.
bool is_list(std::string_view text);

}  // namespace levee
