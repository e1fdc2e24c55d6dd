#include "bench/client/request_fields.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace levee::bench {
namespace {

std::string_view name_of(std::string_view line) {
  return line.substr(0, line.find(':'));
}

bool are_same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// RFC 9110 section 5.6.2.
bool is_token(std::string_view word) {
  const auto in_token = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string::npos;
  };
  return !word.empty() && std::ranges::all_of(word, in_token);
}

// The first line without its CRLF; `lines` is what follows it.
std::string_view take_line(std::string_view& lines) {
  const size_t end = std::min(lines.find("\r\n"), lines.size());
  const std::string_view line = lines.substr(0, end);
  lines.remove_prefix(std::min(end + 2, lines.size()));
  return line;
}

bool has_name(std::string_view lines, std::string_view name) {
  while (!lines.empty()) {
    if (are_same(name_of(take_line(lines)), name)) return true;
  }
  return false;
}

void append_line(std::string_view line, std::string& lines) {
  lines.append(line).append("\r\n");
}

}  // namespace

const std::string& player_fields() {
  static const std::string kFields =
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 "
      "Safari/537.36\r\n"
      "Accept: */*\r\n"
      "Origin: https://www.example.com\r\n"
      "Sec-Fetch-Site: cross-site\r\n"
      "Sec-Fetch-Mode: cors\r\n"
      "Sec-Fetch-Dest: empty\r\n"
      "Referer: https://www.example.com/\r\n"
      "Accept-Encoding: identity\r\n"
      "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n";
  return kFields;
}

std::string with_fields(std::string_view fields, std::string_view lines) {
  std::string all;
  while (!fields.empty()) {
    const std::string_view line = take_line(fields);
    if (!has_name(lines, name_of(line))) append_line(line, all);
  }
  while (!lines.empty()) {
    const std::string_view line = take_line(lines);
    const size_t value = line.find_first_not_of(' ', name_of(line).size() + 1);
    if (value != std::string_view::npos) append_line(line, all);
  }
  return all;
}

bool is_request_field(std::string_view line) {
  constexpr std::array<std::string_view, 3> kOthers = {"Host", "Content-Length", "Transfer-Encoding"};
  const std::string_view name = name_of(line);
  return line.size() > name.size() && is_token(name) &&
         std::ranges::all_of(line, [](unsigned char c) { return c >= ' ' && c != 0x7f; }) &&
         std::ranges::none_of(kOthers, [name](std::string_view other) { return are_same(name, other); });
}

}  // namespace levee::bench
