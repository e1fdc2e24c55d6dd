// The `user` directive.
#pragma once

#include <string>

#include "conf/config.h"

namespace levee {

// If we are root and the configuration names a user: becomes that user, for good, but keeps the right to bind ports
// below 1024, which a reload may need. Call it before any thread is started. What failed, or "".
std::string drop_privileges(const Config& config);

}  // namespace levee
