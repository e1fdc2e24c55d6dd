// A chunked body: whatever the pieces, the same data, end and error.
#include <string>

#include "proxy/http/body_decoder.h"
#include "tests/fuzz/fuzz.h"

namespace levee {
namespace {

struct Decoded {
  BodyDecoder decoder;
  std::string data;
  size_t consumed = 0;
};
Decoded decode(std::string_view bytes, size_t piece) {
  Decoded out{BodyDecoder({Framing::Kind::kChunked, 0}, {.chunk_line = 40, .trailer = 60}, true), {}, 0};
  for (size_t arrived = 0; arrived < bytes.size() && out.decoder.state() == BodyDecoder::State::kMore;) {
    arrived = std::min(bytes.size(), arrived + piece);
    while (out.consumed < arrived && out.decoder.state() == BodyDecoder::State::kMore) {
      const auto step = out.decoder.next(bytes.substr(out.consumed, arrived - out.consumed));
      MUST(step.data.size() <= step.consumed);
      if (step.consumed == 0) break;
      out.data.append(step.data);
      out.consumed += step.consumed;
    }
  }
  return out;
}

}  // namespace
}  // namespace levee

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace levee;
  if (size < 1) return 0;
  const std::string_view bytes = as_text(data + 1, size - 1);
  const Decoded whole = decode(bytes, size), split = decode(bytes, 1 + data[0] % 16);
  MUST(whole.decoder.state() == split.decoder.state());
  MUST(whole.decoder.state() == BodyDecoder::State::kBad || whole.data == split.data);
  MUST(whole.decoder.error() == split.decoder.error());
  MUST(whole.decoder.trailers() == split.decoder.trailers());
  if (whole.decoder.done()) MUST(whole.consumed == split.consumed && whole.decoder.data_size() == whole.data.size());
  return 0;
}
