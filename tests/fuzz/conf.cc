// A configuration file, without include: it is read to a Config, or to an error that names a line.
#include <string>

#include "conf/config.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace levee;
  const std::string text(as_text(data, size));
  for (const char* word : {"include", "ssl_", "password", "secret", "resolver", "user"}) {  // these look outside
    if (text.find(word) != std::string::npos) return 0;
  }
  const auto result = load_text(text, "/nonexistent/");
  if (const auto* error = std::get_if<ConfigError>(&result)) MUST(!error->to_string().empty());
  return 0;
}
