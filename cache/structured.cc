#include "cache/structured.h"

namespace levee {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_alpha(char c) {
  return is_lower(static_cast<char>(c | 0x20));
}
bool is_token_char(char c) {
  return is_alpha(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~:/").find(c) != std::string_view::npos;
}
bool is_key_char(char c) {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}
bool is_base64(char c) {
  return is_alpha(c) || is_digit(c) || c == '+' || c == '/' || c == '=';
}

// Each parse function takes what it reads from the front of `rest`, and returns nothing if that is malformed.
class Parser {
 public:
  explicit Parser(std::string_view& rest) : rest_(rest) {}

  std::optional<std::string_view> key() {
    if (rest_.empty() || !(is_lower(rest_[0]) || rest_[0] == '*')) return std::nullopt;
    return take_while(is_key_char);
  }

  std::optional<BareItem> item() {
    if (rest_.empty()) return std::nullopt;
    const char c = rest_[0];
    if (c == '-' || is_digit(c)) return number();
    if (c == '"') return string();
    if (c == '*' || is_alpha(c)) return BareItem(Token{take_while(is_token_char)});
    if (c == ':') return bytes();
    if (c == '?') return boolean();
    return std::nullopt;
  }

  std::optional<BareItem> item_or_inner_list() { return rest_.starts_with('(') ? inner_list() : item(); }

  std::optional<std::string_view> parameters() {
    const char* const begin = rest_.data();
    while (take(';')) {
      skip(" ");
      if (!key()) return std::nullopt;
      if (take('=') && !item()) return std::nullopt;
    }
    return std::string_view(begin, static_cast<size_t>(rest_.data() - begin));
  }

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip(std::string_view any_of) {
    while (!rest_.empty() && any_of.find(rest_[0]) != std::string_view::npos) rest_.remove_prefix(1);
  }

 private:
  template <class Is>
  std::string_view take_while(Is is) {
    size_t size = 0;
    while (size < rest_.size() && is(rest_[size])) ++size;
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  // RFC 8941 section 4.2.4: at most 15 digits, or 12 with up to 3 behind a point.
  std::optional<BareItem> number() {
    const char* const begin = rest_.data();
    const bool negative = take('-');
    const std::string_view digits = take_while(is_digit);
    if (digits.empty()) return std::nullopt;
    if (take('.')) {
      const std::string_view fraction = take_while(is_digit);
      if (digits.size() > 12 || fraction.empty() || fraction.size() > 3) return std::nullopt;
      return BareItem(Decimal{{begin, static_cast<size_t>(rest_.data() - begin)}});
    }
    if (digits.size() > 15) return std::nullopt;
    int64_t value = 0;
    for (const char c : digits) value = value * 10 + (c - '0');
    return BareItem(negative ? -value : value);
  }

  std::optional<BareItem> string() {
    for (size_t i = 1; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (c == '"') {
        const QuotedString string{rest_.substr(1, i - 1)};
        rest_.remove_prefix(i + 1);
        return BareItem(string);
      }
      if (c < 0x20 || c > 0x7e) return std::nullopt;
      if (c == '\\' && (++i == rest_.size() || (rest_[i] != '"' && rest_[i] != '\\'))) return std::nullopt;
    }
    return std::nullopt;
  }

  std::optional<BareItem> bytes() {
    take(':');
    const std::string_view base64 = take_while(is_base64);
    if (!take(':')) return std::nullopt;
    return BareItem(ByteSequence{base64});
  }

  std::optional<BareItem> boolean() {
    take('?');
    if (take('1')) return BareItem(true);
    if (take('0')) return BareItem(false);
    return std::nullopt;
  }

  std::optional<BareItem> inner_list() {
    take('(');
    const char* const begin = rest_.data();
    for (;;) {
      skip(" ");
      const char* const here = rest_.data();
      if (take(')')) return BareItem(InnerList{{begin, static_cast<size_t>(here - begin)}});
      if (!item() || !parameters()) return std::nullopt;
      if (!rest_.starts_with(' ') && !rest_.starts_with(')')) return std::nullopt;
    }
  }

  std::string_view& rest_;
};

// Between two members: OWS "," OWS, and not at the end.
bool take_separator(std::string_view& rest) {
  Parser parser(rest);
  parser.skip(" \t");
  if (!parser.take(',')) return false;
  parser.skip(" \t");
  return !rest.empty();
}

std::string_view without_spaces(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

DictionaryReader::DictionaryReader(std::string_view text) : rest_(without_spaces(text)) {}

std::optional<Member> DictionaryReader::next() {
  if (rest_.empty() || malformed_) return std::nullopt;
  malformed_ = true;  // until the member has been read
  if (!first_ && !take_separator(rest_)) return std::nullopt;
  first_ = false;
  Parser parser(rest_);
  const auto key = parser.key();
  if (!key) return std::nullopt;
  Member member;
  member.key = *key;
  if (parser.take('=')) {
    const auto value = parser.item_or_inner_list();
    if (!value) return std::nullopt;
    member.value = *value;
  }
  const auto parameters = parser.parameters();
  if (!parameters) return std::nullopt;
  member.parameters = *parameters;
  malformed_ = false;
  return member;
}

bool is_dictionary(std::string_view text) {
  DictionaryReader reader(text);
  while (reader.next()) {
  }
  return !reader.malformed();
}

bool is_list(std::string_view text) {
  std::string_view rest = without_spaces(text);
  for (bool first = true; !rest.empty(); first = false) {
    if (!first && !take_separator(rest)) return false;
    Parser parser(rest);
    if (!parser.item_or_inner_list() || !parser.parameters()) return false;
  }
  return true;
}

}  // namespace levee
