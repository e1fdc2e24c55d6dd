#include "proxy/client/error_page.h"

#include "proxy/http/writer.h"
#include "proxy/version.h"

namespace levee {

const std::string& server_text(bool show_version) {
  static const std::string full = std::string("levee/") + kVersion, plain = "levee";
  return show_version ? full : plain;
}

std::string error_page(int status, bool show_version) {
  std::string title = std::to_string(status);
  if (const auto reason = reason_of(status); !reason.empty()) title.append(" ").append(reason);
  return "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
         "</h1></center>\r\n<hr><center>" + server_text(show_version) + "</center>\r\n</body>\r\n</html>\r\n";
}

}  // namespace levee
