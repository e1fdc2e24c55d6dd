#include "proxy/net/errno_text.h"

#include <system_error>

namespace levee {

std::string errno_text(int error) {
  return "(" + std::to_string(error) + ": " + std::generic_category().message(error) + ")";
}

}  // namespace levee
