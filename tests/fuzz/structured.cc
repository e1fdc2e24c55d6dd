// A Structured Field: a dictionary read member by member is within the text, and what Cache-Status writes is a list.
#include "cache/structured.h"

#include <string>

#include "proxy/http/writer.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace levee;
  const std::string_view text = as_text(data, size);
  DictionaryReader reader(text);
  size_t members = 0;
  while (const auto member = reader.next()) {
    MUST(!member->key.empty() && member->key.data() >= text.data());
    MUST(member->parameters.data() + member->parameters.size() <= text.data() + text.size());
    ++members;
  }
  MUST(members <= size && is_dictionary(text) == !reader.malformed());
  is_list(text);

  std::string buffer(4 * size + 200, ' ');
  HeadWriter out(buffer);
  CacheStatus status;
  status.hit = true;
  status.key = text;
  write_cache_status(out, status);
  const std::string_view line = out.written();
  MUST(line.ends_with("\r\n") && line.find('\n') == line.size() - 1);
  constexpr std::string_view kName = "Cache-Status: ";
  MUST(is_list(line.substr(kName.size(), line.size() - kName.size() - 2)));
  return 0;
}
