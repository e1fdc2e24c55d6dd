#include "conf/tree.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "conf/lexer.h"

namespace levee::conf {
namespace {

constexpr size_t kMaxDepth = 64;          // of blocks
constexpr size_t kMaxIncludes = 32;       // of files in files
constexpr size_t kMaxFile = 64UL << 20U;  // bytes

std::string failed(const char* call, const std::string& path) {
  return std::string(call) + "() \"" + path + "\" failed (" + std::to_string(errno) + ": " + std::strerror(errno) + ")";
}

// The file's text, or what went wrong.
std::variant<std::string, SyntaxError> read_all(const std::string& path, const Place& place) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (file < 0) return SyntaxError{place, failed("open", path)};
  std::string text;
  std::array<char, 16384> chunk;
  ssize_t got = 0;
  while ((got = read(file, chunk.data(), chunk.size())) > 0 && text.size() <= kMaxFile) {
    text.append(chunk.data(), static_cast<size_t>(got));
  }
  const std::string error = got < 0                  ? failed("read", path)
                            : text.size() > kMaxFile ? "\"" + path + "\" is too large"
                                                     : "";
  close(file);
  if (!error.empty()) return SyntaxError{place, error};
  return text;
}

class Parser {
 public:
  explicit Parser(std::string folder) : folder_(std::move(folder)) {}

  std::optional<SyntaxError> text(const std::string& content, const std::string& name, std::vector<Node>& into);
  // `from`: the line that includes it.
  std::optional<SyntaxError> file(const std::string& path, const Place& from, std::vector<Node>& into);

 private:
  struct Source {
    Lexer lexer;
    std::shared_ptr<const std::string> name;
  };
  std::optional<SyntaxError> block(Source& source, size_t depth, std::vector<Node>& into);
  std::optional<SyntaxError> include(const Node& line, std::vector<Node>& into);

  std::string folder_;
  std::vector<std::string> open_;  // the files that we are in
};

std::optional<SyntaxError> Parser::text(const std::string& content, const std::string& name, std::vector<Node>& into) {
  Source source{Lexer(content), std::make_shared<const std::string>(name)};
  return block(source, 0, into);
}

std::optional<SyntaxError> Parser::file(const std::string& path, const Place& from, std::vector<Node>& into) {
  std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
  const std::string identity = real ? real.get() : path;
  if (std::find(open_.begin(), open_.end(), identity) != open_.end()) {
    return SyntaxError{from, "\"" + path + "\" includes itself"};
  }
  if (open_.size() >= kMaxIncludes) return SyntaxError{from, "too many nested includes"};
  auto content = read_all(path, from);
  if (auto* error = std::get_if<SyntaxError>(&content)) return std::move(*error);
  open_.push_back(identity);
  auto error = text(std::get<std::string>(content), path, into);
  open_.pop_back();
  return error;
}

std::optional<SyntaxError> Parser::include(const Node& line, std::vector<Node>& into) {
  if (line.words.size() != 2) return SyntaxError{line.place, "invalid number of arguments in \"include\" directive"};
  const std::string& word = line.words[1];
  const std::string pattern = word.starts_with('/') ? word : folder_ + word;
  if (pattern.find_first_of("*?[") == std::string::npos) return file(pattern, line.place, into);
  glob_t found{};
  std::optional<SyntaxError> error;
  const int result = glob(pattern.c_str(), 0, nullptr, &found);
  if (result != 0 && result != GLOB_NOMATCH) error = SyntaxError{line.place, failed("glob", pattern)};
  for (size_t i = 0; result == 0 && i < found.gl_pathc && !error; ++i)
    error = file(found.gl_pathv[i], line.place, into);
  globfree(&found);
  return error;
}

std::optional<SyntaxError> Parser::block(Source& source, size_t depth, std::vector<Node>& into) {
  Node line;
  const auto error = [&](const Token& token, std::string what) {
    return SyntaxError{{source.name, token.line}, std::move(what)};
  };
  for (;;) {
    Token token = source.lexer.next();
    switch (token.kind) {
      case Token::Kind::kError:
        return error(token, token.text);
      case Token::Kind::kWord:
        if (line.words.empty()) line.place = {source.name, token.line};
        line.words.push_back(std::move(token.text));
        continue;
      case Token::Kind::kEnd:
        if (!line.words.empty()) return error(token, "unexpected end of file, expecting \";\" or \"}\"");
        if (depth > 0) return error(token, "unexpected end of file, expecting \"}\"");
        return std::nullopt;
      case Token::Kind::kClose:
        if (!line.words.empty() || depth == 0) return error(token, "unexpected \"}\"");
        return std::nullopt;
      case Token::Kind::kSemicolon:
        if (line.words.empty()) return error(token, "unexpected \";\"");
        if (line.words.front() == "include") {
          if (auto failure = include(line, into)) return failure;
          line = {};
          continue;
        }
        break;
      case Token::Kind::kOpen:
        if (line.words.empty()) return error(token, "unexpected \"{\"");
        if (depth >= kMaxDepth) return error(token, "too many nested blocks");
        line.is_block = true;
        if (auto failure = block(source, depth + 1, line.children)) return failure;
        break;
    }
    into.push_back(std::move(line));
    line = {};
  }
}

}  // namespace

std::variant<std::vector<Node>, SyntaxError> parse_text(const std::string& text, const std::string& name,
                                                        const std::string& folder) {
  std::vector<Node> lines;
  if (auto error = Parser(folder).text(text, name, lines)) return std::move(*error);
  return lines;
}

std::variant<std::vector<Node>, SyntaxError> parse_file(const std::string& path, const std::string& folder) {
  std::vector<Node> lines;
  if (auto error = Parser(folder).file(path, {nullptr, 0}, lines)) return std::move(*error);
  return lines;
}

}  // namespace levee::conf
