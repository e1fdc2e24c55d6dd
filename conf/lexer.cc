#include "conf/lexer.h"

namespace levee::conf {
namespace {

constexpr size_t kMaxWord = 1 << 20;  // a missing quote must not swallow a whole file

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string quote_error(const std::string& start) {
  return "too long parameter \"" + start.substr(0, 10) + "...\" started";
}

}  // namespace

void Lexer::skip_blanks() {
  bool comment = false;
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '\n') {
      ++line_;
      comment = false;
    } else if (c == '#') {
      comment = true;
    } else if (!comment && !is_blank(c)) {
      return;
    }
  }
}

Token Lexer::next() {
  skip_blanks();
  if (at_ == text_.size()) return {Token::Kind::kEnd, "", line_};
  const char c = text_[at_];
  switch (c) {
    case ';':
      ++at_;
      return {Token::Kind::kSemicolon, ";", line_};
    case '{':
      ++at_;
      return {Token::Kind::kOpen, "{", line_};
    case '}':
      ++at_;
      return {Token::Kind::kClose, "}", line_};
    case '"':
    case '\'':
      ++at_;
      return quoted(c);
    default:
      return bare();
  }
}

// at_ is behind a backslash's position: nginx resolves \" \' \\ \t \r \n and keeps any other backslash.
void Lexer::unescape(std::string& word) {
  const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  at_ += 2;
  switch (c) {
    case '"':
    case '\'':
    case '\\':
      word += c;
      return;
    case 't':
      word += '\t';
      return;
    case 'r':
      word += '\r';
      return;
    case 'n':
      word += '\n';
      return;
    default:
      word += '\\';
      --at_;
      return;
  }
}

Token Lexer::quoted(char quote) {
  const int start = line_;
  std::string word;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == quote) {
      ++at_;
      // A word ends with its quote.
      if (at_ < text_.size() && !is_blank(text_[at_]) &&
          std::string_view(";{)").find(text_[at_]) == std::string::npos) {
        return {Token::Kind::kError, std::string("unexpected \"") + text_[at_] + "\"", line_};
      }
      return {Token::Kind::kWord, std::move(word), start};
    }
    if (c == '\n') ++line_;
    if (c == '\\') {
      unescape(word);
    } else {
      word += c;
      ++at_;
    }
    if (word.size() > kMaxWord) return {Token::Kind::kError, quote_error(word), start};
  }
  return {Token::Kind::kError, std::string("unexpected end of file, expecting ") + quote, start};
}

Token Lexer::bare() {
  std::string word;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    // In ${name} the brace belongs to the word.
    const bool variable = c == '{' && !word.empty() && word.back() == '$';
    if (is_blank(c) || c == ';' || (c == '{' && !variable)) break;
    if (c == '\\') {
      unescape(word);
    } else {
      word += c;
      ++at_;
    }
    if (word.size() > kMaxWord) return {Token::Kind::kError, quote_error(word), line_};
  }
  return {Token::Kind::kWord, std::move(word), line_};
}

}  // namespace levee::conf
