#include "bench/origin/answer.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <utility>

namespace levee::bench {
namespace {

std::optional<int64_t> to_number(std::string_view word) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || value < 0) return std::nullopt;
  return value;
}

struct Span {
  uint64_t offset, length;
};

// One range of `bytes=`; nothing for several, or what is not a range. A length of 0: not satisfiable.
std::optional<Span> parse_range(std::string_view value, uint64_t total) {
  if (!value.starts_with("bytes=")) return std::nullopt;
  value.remove_prefix(6);
  const size_t dash = value.find('-');
  if (dash == std::string_view::npos || value.find(',') != std::string_view::npos) return std::nullopt;
  const auto first = to_number(value.substr(0, dash));
  const auto last = to_number(value.substr(dash + 1));
  if (!first && !last) return std::nullopt;
  if (!first) {
    const uint64_t length = std::min(static_cast<uint64_t>(*last), total);
    return Span{total - length, length};
  }
  const auto offset = static_cast<uint64_t>(*first);
  if (offset >= total) return Span{0, 0};
  const uint64_t end = last ? std::min(static_cast<uint64_t>(*last) + 1, total) : total;
  return end > offset ? std::optional(Span{offset, end - offset}) : std::nullopt;
}

}  // namespace

std::optional<std::string_view> Request::field(std::string_view name) const {
  std::string_view rest = fields;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(rest.size(), line.size() + 2));
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    const size_t begin = line.find_first_not_of(" \t", name.size() + 1);
    return begin == std::string_view::npos ? std::string_view() : line.substr(begin);
  }
  return std::nullopt;
}

std::optional<std::string_view> Request::argument(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

std::optional<int64_t> Request::number(std::string_view name) const {
  const auto word = argument(name);
  return word ? to_number(*word) : std::nullopt;
}

std::optional<Request> parse_request(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const size_t method_end = line.find(' ');
  const size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || target_end <= method_end) return std::nullopt;
  if (!line.substr(target_end + 1).starts_with("HTTP/1.")) return std::nullopt;
  const std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
  if (!target.starts_with('/')) return std::nullopt;
  const size_t question = std::min(target.find('?'), target.size());
  Request request;
  request.method = line.substr(0, method_end);
  request.path = target.substr(0, question);
  request.query = target.substr(std::min(question + 1, target.size()));
  request.fields = head.substr(std::min(line.size() + 2, head.size()));
  return request;
}

uint64_t Pace::allowed(uint64_t length, int64_t elapsed_ms, int64_t now_ms) const {
  uint64_t most = length;
  if (rate > 0) most = std::min(most, rate * static_cast<uint64_t>(std::max<int64_t>(elapsed_ms, 1)) / 1000);
  if (begins_ms > 0 && now_ms < ends_ms) {
    const auto grown = static_cast<uint64_t>(std::max<int64_t>(now_ms - begins_ms, 1));
    most = std::min(most, length * grown / static_cast<uint64_t>(std::max<int64_t>(ends_ms - begins_ms, 1)));
  }
  return most;
}

std::string_view Answer::run(uint64_t position) const {
  const auto* const text = std::get_if<std::shared_ptr<const std::string>>(&body);
  const std::string_view rest = text != nullptr ? std::string_view(**text).substr(offset + position)
                                                : std::get<Pattern>(body).at(offset + position);
  return rest.substr(0, length - position);
}

Answer text_answer(int status, std::string_view type, std::string text, std::string_view cache_control) {
  Answer answer;
  answer.status = status;
  answer.fields.append("Content-Type: ").append(type).append("\r\nCache-Control: ").append(cache_control) += "\r\n";
  answer.length = text.size();
  answer.body = std::make_shared<const std::string>(std::move(text));
  return answer;
}

void apply_conditions(const Request& request, std::string_view etag, Answer& answer) {
  answer.fields.append("ETag: ").append(etag).append("\r\n");
  const auto none_match = request.field("If-None-Match");
  if (none_match && (*none_match == "*" || none_match->find(etag) != std::string_view::npos)) {
    answer.status = 304;
    answer.length = 0;
    return;
  }
  const auto range = request.field("Range");
  const auto if_range = request.field("If-Range");
  answer.fields += "Accept-Ranges: bytes\r\n";
  if (!range || answer.chunked || (if_range && *if_range != etag)) return;
  const auto span = parse_range(*range, answer.length);
  if (!span) return;
  const std::string total = std::to_string(answer.length);
  answer.status = span->length == 0 ? 416 : 206;
  answer.fields += "Content-Range: bytes ";
  answer.fields +=
      span->length == 0 ? "*" : std::to_string(span->offset) + "-" + std::to_string(span->offset + span->length - 1);
  answer.fields += "/" + total + "\r\n";
  answer.offset = span->offset;
  answer.length = span->length;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 416:
      return "Range Not Satisfiable";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

std::string http_date(int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

}  // namespace levee::bench
