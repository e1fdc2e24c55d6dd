// From root to the configured user.
#include "proxy/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "proxy/ops/log.h"

namespace levee {
namespace {

void keep_low_ports() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  data[0].effective = data[0].permitted = 1U << CAP_NET_BIND_SERVICE;
  if (syscall(SYS_capset, &header, data.data()) != 0) {
    log(LogLevel::kAlert, 0, "capset() failed ", errno_text(errno));
  }
}

}  // namespace

std::string drop_privileges(const Config& config) {
  if (config.user.empty() || geteuid() != 0) return "";
  errno = 0;
  const passwd* user = getpwnam(config.user.c_str());
  if (user == nullptr) return "getpwnam(\"" + config.user + "\") failed " + errno_text(errno);
  const uid_t uid = user->pw_uid;
  gid_t gid = user->pw_gid;
  if (!config.group.empty()) {
    const group* other = getgrnam(config.group.c_str());
    if (other == nullptr) return "getgrnam(\"" + config.group + "\") failed " + errno_text(errno);
    gid = other->gr_gid;
  }
  if (setgid(gid) != 0) return "setgid(" + std::to_string(gid) + ") failed " + errno_text(errno);
  if (initgroups(config.user.c_str(), gid) != 0) return "initgroups() failed " + errno_text(errno);
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (setuid(uid) != 0) return "setuid(" + std::to_string(uid) + ") failed " + errno_text(errno);
  prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
  if (uid != 0) keep_low_ports();
  return "";
}

}  // namespace levee
