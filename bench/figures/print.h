// printf into a string, of at most 500 bytes.
#pragma once

#include <string>

namespace levee::bench {

__attribute__((format(printf, 1, 2))) std::string print(const char* format, ...);

}  // namespace levee::bench
