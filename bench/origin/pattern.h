// Bodies that both ends know: every byte follows from the object's name and the byte's position.
#pragma once

#include <cstdint>
#include <string_view>

namespace levee::bench {

class Pattern {
 public:
  explicit Pattern(std::string_view name);

  // Bytes from `offset` on: at least one, as many as lie in a row. They live as long as the process.
  std::string_view at(uint64_t offset) const;
  // Whether `bytes` are those that stand at `offset`.
  bool matches(uint64_t offset, std::string_view bytes) const;

 private:
  uint64_t seed_;
};

// Whether the bundled origin's bodies at this path are patterns of its name, and not films.
bool is_generated(std::string_view path);

}  // namespace levee::bench
