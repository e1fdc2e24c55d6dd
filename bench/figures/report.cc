#include "bench/figures/report.h"

#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace levee::bench {
namespace {

namespace fs = std::filesystem;

double to_ms(double microseconds) {
  return std::round(microseconds / 10) / 100;
}

void print_lines(const Json& report, const std::string& before) {
  for (const auto& [name, value] : report.items()) {
    std::string label = before;
    if (!before.empty()) label += ' ';
    label += name;
    if (value.is_object()) {
      print_lines(value, label);
    } else {
      std::printf("  %-28s %s\n", label.c_str(),
                  value.is_string() ? value.get<std::string>().c_str() : value.dump().c_str());
    }
  }
}

std::string why_not(const std::string& path) {
  return "cannot write " + path + ": " + std::strerror(errno);
}

bool write_whole(const fs::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;  // a full disk says so now
  return file.good();
}

// Written beside it, and then in its place: of what a link leads to, with the mode that it has. A terminal, a pipe and
// the like have no place to be taken.
bool replace(const std::string& path, const std::string& text) {
  std::error_code none;
  const fs::path file = fs::weakly_canonical(path, none);
  const fs::file_status old = fs::status(path, none);
  if (file.empty() || (fs::exists(old) && !fs::is_regular_file(old))) return write_whole(path, text);
  const fs::path beside = file.string() + ".new";
  if (!write_whole(beside, text)) {
    const int why = errno;
    unlink(beside.c_str());
    errno = why;
    return why == EACCES && write_whole(path, text);  // a folder that takes no new files
  }
  if (fs::exists(old)) fs::permissions(beside, old.permissions(), none);
  return std::rename(beside.c_str(), file.c_str()) == 0;
}

}  // namespace

Json latency_json(const Histogram& histogram) {
  return {{"p50", to_ms(static_cast<double>(histogram.at(0.5)))},
          {"p90", to_ms(static_cast<double>(histogram.at(0.9)))},
          {"p99", to_ms(static_cast<double>(histogram.at(0.99)))},
          {"max", to_ms(static_cast<double>(histogram.max()))},
          {"mean", to_ms(histogram.mean())}};
}

void print_report(const Json& report, bool as_json) {
  if (as_json) {
    std::printf("%s\n", report.dump().c_str());
  } else {
    print_lines(report, "");
  }
  std::fflush(stdout);
}

std::string unwritable(const std::string& path) {
  std::error_code none;
  if (path.empty()) return {};
  const bool is_new = !std::filesystem::exists(path, none);
  if (!std::ofstream(path, std::ios::app)) return why_not(path);
  if (is_new) std::filesystem::remove(path, none);
  return {};
}

bool write_file(const std::string& path, const std::string& text) {
  if (path.empty() || replace(path, text)) return true;
  std::fprintf(stderr, "levee-bench: %s\n", why_not(path).c_str());
  return false;
}

}  // namespace levee::bench
