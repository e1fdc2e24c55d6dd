// Remembers the keys of the last few thousand objects by fingerprint, in a table of fixed size.
//
// Not thread-safe. Two keys may look like one (1 in 2^32 a comparison): it then errs, harmlessly, on the side of
// knowing.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace levee {

class Ghosts {
 public:
  // How many keys it holds; forgets all.
  void resize(size_t keys) {
    const size_t sets = std::bit_ceil(keys / kWays + 1);
    cells_.assign(sets * kWays, Cell{});
    clock_ = 0;
  }
  size_t capacity() const { return cells_.size(); }
  size_t footprint() const { return cells_.capacity() * sizeof(Cell); }

  // Remembers the key as of now, in place of the oldest of its set.
  void add(uint64_t hash) {
    if (cells_.empty()) return;
    Cell* const set = set_of(hash);
    Cell* oldest = set;
    for (Cell* cell = set; cell != set + kWays; ++cell) {
      if (cell->print == print_of(hash)) oldest = cell;
      if (oldest->print != print_of(hash) && cell->when < oldest->when) oldest = cell;
    }
    *oldest = {print_of(hash), ++clock_, 0};
  }
  // Whether it is remembered, at most `last` additions ago; forgets it.
  bool take(uint64_t hash, uint32_t last) {
    Cell* const cell = find(hash);
    if (cell == nullptr) return false;
    const bool known = clock_ - cell->when < last;
    *cell = {};
    return known;
  }
  // Counts one more, and returns the count.
  uint32_t count(uint64_t hash) {
    if (find(hash) == nullptr) add(hash);
    Cell* const cell = find(hash);
    if (cell == nullptr) return 1;
    cell->when = ++clock_;
    return ++cell->count;
  }

 private:
  static constexpr size_t kWays = 4;
  struct Cell {
    uint32_t print = 0;  // 0: empty
    uint32_t when = 0;
    uint32_t count = 0;
  };
  static uint32_t print_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32) | 1U; }
  Cell* set_of(uint64_t hash) { return &cells_[(hash & (cells_.size() / kWays - 1)) * kWays]; }
  Cell* find(uint64_t hash) {
    if (cells_.empty()) return nullptr;
    Cell* const set = set_of(hash);
    for (Cell* cell = set; cell != set + kWays; ++cell) {
      if (cell->print == print_of(hash)) return cell;
    }
    return nullptr;
  }

  std::vector<Cell> cells_;
  uint32_t clock_ = 0;
};

}  // namespace levee
