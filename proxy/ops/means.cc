#include "proxy/ops/means.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <string_view>

namespace levee {
namespace {

// Plain calls: it is asked when memory or descriptors run short. Empty if the file cannot be read.
std::string text_of(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::string text;
  std::array<char, 4096> part;
  for (ssize_t got; (got = read(fd, part.data(), part.size())) > 0;) text.append(part.data(), static_cast<size_t>(got));
  close(fd);
  return text;
}

std::optional<uint64_t> number(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + start, text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

// The number behind a word that begins a line: "MemTotal:  8 kB".
std::optional<uint64_t> number_after(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') return number(text.substr(at + word.size()));
  }
  return std::nullopt;
}

double machine_share(const std::string& root) {
  const std::string text = text_of(root + "/proc/meminfo");
  const auto total = number_after(text, "MemTotal:"), available = number_after(text, "MemAvailable:");
  if (!total || !available || *total == 0) return 0;
  return 1 - static_cast<double>(std::min(*available, *total)) / static_cast<double>(*total);
}

// What a cgroup's memory holds of files can be had back.
double share_of(std::optional<uint64_t> used, std::optional<uint64_t> most, std::optional<uint64_t> files) {
  if (!used || !most || *most == 0 || *most > uint64_t{1} << 60) return 0;
  const uint64_t taken = *used - std::min(files.value_or(0), *used);
  return std::min(1.0, static_cast<double>(taken) / static_cast<double>(*most));
}

double version_2_share(const std::string& folder) {
  return share_of(number(text_of(folder + "/memory.current")), number(text_of(folder + "/memory.max")),
                  number_after(text_of(folder + "/memory.stat"), "inactive_file"));
}

double version_1_share(const std::string& folder) {
  return share_of(number(text_of(folder + "/memory.usage_in_bytes")),
                  number(text_of(folder + "/memory.limit_in_bytes")),
                  number_after(text_of(folder + "/memory.stat"), "total_inactive_file"));
}

// "0::/path" is version 2's line, "9:memory:/path" version 1's. In a container the path may not be seen, and the root
// of the tree is its own group.
double cgroup_share(const std::string& root) {
  std::istringstream lines(text_of(root + "/proc/self/cgroup"));
  double most = 0;
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string path = line.substr(second + 1);
    std::string kinds = line.substr(first, second - first);
    kinds.replace(0, 1, ",").append(",");
    const std::string tree = root + "/sys/fs/cgroup", memory = tree + "/memory";
    if (kinds == ",,") most = std::max({most, version_2_share(tree + path), version_2_share(tree)});
    if (kinds.find(",memory,") == std::string::npos) continue;
    most = std::max({most, version_1_share(memory + path), version_1_share(memory)});
  }
  return most;
}

}  // namespace

DescriptorUse descriptor_use() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  const int lowest = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (lowest < 0) return {limit.rlim_cur, limit.rlim_cur};
  close(lowest);
  return {static_cast<uint64_t>(lowest), limit.rlim_cur};
}

MemoryUse memory_use(const std::string& root) {
  MemoryUse use;
  use.share = std::max(machine_share(root), cgroup_share(root));
  const std::string pages = text_of(root + "/proc/self/statm");
  const size_t space = pages.find(' ');
  if (space != std::string::npos) {
    use.resident =
        number(std::string_view(pages).substr(space)).value_or(0) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  }
  return use;
}

}  // namespace levee
