#include "bench/figures/print.h"

#include <array>
#include <cstdarg>
#include <cstdio>

namespace levee::bench {

std::string print(const char* format, ...) {
  std::array<char, 501> text{};
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text.data(), text.size(), format, arguments);
  va_end(arguments);
  return text.data();
}

}  // namespace levee::bench
