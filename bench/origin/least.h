// How many requests one ideal cache would have made for the same answers: what amplification is measured by. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace levee::bench {

// For how long a cache may keep an answer with these fields, in milliseconds; of one that is no good (an origin that is
// struck) or says nothing: a moment.
int64_t lifetime_ms(std::string_view fields, bool is_good);

class LeastRequests {
 public:
  // Somebody has asked for `target`, and the answer may be kept for so long. Whether an ideal cache would have had to
  // ask, too: nobody has asked before, or what it has is over.
  bool needs(const std::string& target, int64_t lifetime, int64_t now);
  void clear() { renewed_ms_.clear(); }

 private:
  std::unordered_map<std::string, int64_t> renewed_ms_;  // by target: when it asked last
};

}  // namespace levee::bench
