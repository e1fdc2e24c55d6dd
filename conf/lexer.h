// nginx's grammar of words: what stands between blanks, `;`, `{`, `}`, quotes and comments.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace levee::conf {

struct Token {
  enum class Kind : unsigned char { kWord, kSemicolon, kOpen, kClose, kEnd, kError } kind = Kind::kEnd;
  std::string text;  // of a word, without quotes and escapes; of an error, what is wrong
  int line = 0;      // where it starts
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Token next();

 private:
  void skip_blanks();
  Token quoted(char quote);
  Token bare();
  void unescape(std::string& word);

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
};

}  // namespace levee::conf
