// The pages that Levee makes itself: errors and redirections. Pure.
#pragma once

#include <string>

namespace levee {

// A short page with the status and its reason.
std::string error_page(int status, bool show_version);
// What Server says of us.
const std::string& server_text(bool show_version);

}  // namespace levee
