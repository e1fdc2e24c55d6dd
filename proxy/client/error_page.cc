#include "proxy/client/error_page.h"

#include "proxy/http/writer.h"

#ifndef LEVEE_VERSION
#define LEVEE_VERSION "1.0"
#endif

namespace levee {

const char* server_text(bool show_version) {
  return show_version ? "levee/" LEVEE_VERSION : "levee";
}

std::string error_page(int status, bool show_version) {
  std::string title = std::to_string(status);
  if (const auto reason = reason_of(status); !reason.empty()) title.append(" ").append(reason);
  return "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
         "</h1></center>\r\n<hr><center>" + server_text(show_version) + "</center>\r\n</body>\r\n</html>\r\n";
}

}  // namespace levee
