// What a failed system call says.
#pragma once

#include <string>

namespace levee {

// "(98: Address already in use)", as nginx ends messages about failed system calls. Any thread.
std::string errno_text(int error);

}  // namespace levee
