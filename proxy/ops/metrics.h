// What the process is doing, as Prometheus text (levee_metrics).
#pragma once

#include <string>

#include "proxy/generation.h"

namespace levee {

std::string metrics_text(const Generation& generation);

}  // namespace levee
