// The version that `levee -v`, Server fields and $levee_version show.
#pragma once

namespace levee {

inline constexpr const char kVersion[] = "0.1.0";

}  // namespace levee
