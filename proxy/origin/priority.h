// Of which class a fetch is, when there is not room for all. Pure.
#pragma once

#include <string_view>

#include "conf/location.h"

namespace levee {

// proxy_priority; of auto: by the path's extension, as HLS and DASH use them. Never kAuto.
Priority priority_of(Priority configured, std::string_view target, bool background);

}  // namespace levee
