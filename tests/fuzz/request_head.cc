// A request head: one piece and two pieces give the same; what is accepted can be written and read again to the same.
#include "proxy/http/request_head.h"

#include <string>
#include <vector>

#include "proxy/http/writer.h"
#include "tests/fuzz/fuzz.h"

namespace levee {
namespace {

struct Parsed {
  Parse state;
  RequestHead head;
};
Parsed parse(std::string_view bytes, size_t cut) {
  const HeadLimits limits{.line = 200, .field = 300, .total = 800, .field_count = 12};
  Parsed parsed{Parse::kMore, {}};
  if (cut < bytes.size()) parsed.state = parsed.head.parse(bytes.substr(0, cut), limits);
  if (parsed.state == Parse::kMore) parsed.state = parsed.head.parse(bytes, limits);
  return parsed;
}

bool has_line_end(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

void check_accepted(const RequestHead& head) {
  MUST(!has_line_end(head.line()) && !has_line_end(head.host()));
  MUST(head.target().find(' ') == std::string_view::npos && !head.path().empty());
  std::vector<char> buffer(head.path().size());
  if (const auto path = normalise_path(head.path(), buffer)) {
    MUST(*path == "*" || path->front() == '/');
    MUST(path->find("//") == std::string_view::npos && path->find("/../") == std::string_view::npos);
  }
  std::string again(2000, ' ');
  HeadWriter out(again);
  write_request_line(out, head.method_name(), head.target(), head.minor());
  for (size_t i = 0; i < head.fields().size(); ++i) {
    const Field field = head.fields()[i];
    MUST(is_token(field.name) && !has_line_end(field.value) && field_id(field.name) == field.id);
    out.field(field.name, field.value);
  }
  again.resize(out.end().size());
  RequestHead second;
  MUST(second.parse(again, {}) == Parse::kDone);
  MUST(second.framing() == head.framing() && second.host() == head.host() && second.path() == head.path());
  MUST(second.keep_alive() == head.keep_alive() && second.fields().size() == head.fields().size());
}

}  // namespace
}  // namespace levee

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace levee;
  if (size < 1) return 0;
  const std::string_view bytes = as_text(data + 1, size - 1);
  const Parsed whole = parse(bytes, bytes.size()), split = parse(bytes, data[0]);
  MUST(whole.state == split.state && whole.head.error() == split.head.error());
  MUST(status_of(whole.head.error()) >= 200 && !describe(whole.head.error()).empty());
  if (whole.state != Parse::kDone) return 0;
  MUST(whole.head.size() <= bytes.size() && whole.head.size() == split.head.size());
  MUST(whole.head.fields().size() == split.head.fields().size());
  check_accepted(whole.head);
  return 0;
}
