// Of which class a fetch is, when there is not room for all. Pure.
#pragma once

#include <string_view>

#include "conf/location.h"

namespace levee {

// proxy_priority; of auto: by the media type of what is stored of it (empty: nothing is), or else by the path, as HLS,
// DASH and Smooth Streaming have them. A refresh in the background gives way to all others, unless it is a playlist's.
// Never kAuto.
Priority priority_of(Priority configured, std::string_view target, std::string_view type, bool background);
// Whether the answer comes only when there is something new: LL-HLS's blocking playlist reload. Its time says nothing
// on the origin's load.
bool is_held_by_design(std::string_view target);

}  // namespace levee
