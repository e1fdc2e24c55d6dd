// A response head: one piece and two pieces give the same, and no field of what is accepted can hold a line end.
#include "proxy/http/response_head.h"

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace levee;
  if (size < 2) return 0;
  const Method method = data[1] % 2 == 0 ? Method::kGet : Method::kHead;
  const std::string_view bytes = as_text(data + 2, size - 2);
  const HeadLimits limits{.line = 200, .field = 300, .total = 800, .field_count = 12};
  ResponseHead whole, split;
  const Parse state = whole.parse(bytes, limits, method);
  Parse other = split.parse(bytes.substr(0, data[0]), limits, method);
  if (other == Parse::kMore) other = split.parse(bytes, limits, method);
  MUST(state == other && whole.error() == split.error());
  MUST(!describe(whole.error()).empty());
  if (state != Parse::kDone) return 0;
  MUST(whole.size() <= bytes.size() && whole.size() == split.size() && whole.framing() == split.framing());
  MUST(whole.status() >= 100 && whole.status() <= 999);
  MUST(method != Method::kHead || whole.framing().kind == Framing::Kind::kNone);
  MUST(!whole.keep_alive() || whole.framing().kind != Framing::Kind::kUntilClose);
  for (size_t i = 0; i < whole.fields().size(); ++i) {
    const Field field = whole.fields()[i];
    MUST(is_token(field.name));
    MUST(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  return 0;
}
