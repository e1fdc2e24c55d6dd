// What the process is doing, as JSON (levee_status).
#pragma once

#include <string>

#include "proxy/generation.h"

namespace levee {

std::string status_json(const Generation& generation);

}  // namespace levee
