// normalise_path of request_head.h: a path as nginx's $uri.
#include <cstring>

#include "proxy/http/request_head.h"

namespace levee {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char letter = static_cast<char>(c | 0x20);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

// No escape, no empty segment, and no segment that begins with a dot: nothing to do.
bool is_normal(std::string_view path) {
  if (std::memchr(path.data(), '%', path.size()) != nullptr) return false;
  const char* at = path.data();
  const char* const end = at + path.size();
  while (at < end) {
    const void* found = std::memchr(at, '/', static_cast<size_t>(end - at));
    if (found == nullptr) return true;
    at = static_cast<const char*>(found) + 1;
    if (at < end && (*at == '/' || *at == '.')) return false;
  }
  return true;
}

// The segments written so far: "/a/b/", with room for what comes.
class Path {
 public:
  explicit Path(char* begin) : begin_(begin), at_(begin) {}

  void put(char c) { *at_++ = c; }
  // The end of a segment (`last`: of the path). False: ".." goes above the root.
  bool end_segment(bool last) {
    const char* segment = at_;
    while (segment > begin_ && segment[-1] != '/') --segment;
    const std::string_view name(segment, static_cast<size_t>(at_ - segment));
    if (name.empty()) return true;  // "//" is one slash
    if (name == ".") {
      at_ -= 1;
      return true;
    }
    if (name == "..") {
      at_ -= 3;  // with the slash before
      if (at_ <= begin_) return false;
      while (at_[-1] != '/') --at_;
      return true;
    }
    if (!last) put('/');
    return true;
  }
  std::string_view text() const { return {begin_, static_cast<size_t>(at_ - begin_)}; }

 private:
  char* begin_;
  char* at_;
};

}  // namespace

std::optional<std::string_view> normalise_path(std::string_view path, std::span<char> buffer) {
  if (path == "*") return path;
  if (path.empty() || path.front() != '/' || buffer.size() < path.size()) return std::nullopt;
  if (is_normal(path)) return path;
  Path out(buffer.data());
  out.put('/');
  for (size_t i = 1; i < path.size(); ++i) {
    char c = path[i];
    if (c == '%') {
      const int high = i + 2 < path.size() ? hex_value(path[i + 1]) : -1;
      const int low = high >= 0 ? hex_value(path[i + 2]) : -1;
      if (low < 0 || high * 16 + low == 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    // An escaped slash separates too, and escaped dots count, as in nginx: what is matched is what an origin that
    // decodes would see.
    if (c != '/') {
      out.put(c);
    } else if (!out.end_segment(false)) {
      return std::nullopt;
    }
  }
  if (!out.end_segment(true)) return std::nullopt;
  return out.text();
}

}  // namespace levee
