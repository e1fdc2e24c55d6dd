#include "bench/servers/scratch.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>

namespace levee::bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBegin = "levee-bench-";
const fs::path kMemory = "/dev/shm";

// The folder, to be locked; -1: it is gone, or somebody else's. Programs that we start do not inherit the lock.
int open_own(const fs::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  struct stat about {};
  if (fd < 0 || (fstat(fd, &about) == 0 && about.st_uid == geteuid())) return fd;
  close(fd);
  return -1;
}

void sweep_below(const fs::path& parent) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(parent, none)) {
    if (!entry.path().filename().string().starts_with(kBegin)) continue;
    const int fd = open_own(entry.path());
    if (fd < 0) continue;
    std::error_code error;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) fs::remove_all(entry.path(), error);
    close(fd);
  }
}

}  // namespace

Scratch::Scratch(const std::string& kept) {
  if (kept.empty()) {
    make(fs::temp_directory_path());
  } else {
    fs::create_directories(kept);
    path_ = fs::absolute(kept);
  }
}

Scratch::Scratch(const Below& below) {
  if (!make(below.parent)) make(fs::temp_directory_path());
}

Scratch Scratch::in_memory() {
  return Scratch(Below{kMemory});
}

Scratch::~Scratch() {
  if (lock_ < 0) return;
  std::error_code error;
  fs::remove_all(path_, error);
  close(lock_);
}

// Somebody's sweep may come between the making and the locking, and take the folder away.
bool Scratch::make(const fs::path& parent) {
  for (int tries = 0; tries < 3; ++tries) {
    std::string pattern = parent / (std::string(kBegin) + "XXXXXX");
    if (mkdtemp(pattern.data()) == nullptr) return false;
    const int fd = open_own(pattern);
    if (fd >= 0 && flock(fd, LOCK_EX) == 0 && fs::exists(pattern)) {
      path_ = pattern;
      lock_ = fd;
      return true;
    }
    if (fd >= 0) close(fd);
  }
  return false;
}

void Scratch::sweep() {
  sweep_below(fs::temp_directory_path());
  sweep_below(kMemory);
}

}  // namespace levee::bench
