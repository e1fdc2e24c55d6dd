// What is wrong with the origin at the moment. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bench/origin/answer.h"
#include "bench/origin/command.h"

namespace levee::bench {

struct Fault {
  enum class Kind : unsigned char { kNone, k500, k503, kHang, kReset, kCut, kSlow };
  Kind kind = Kind::kNone;
  std::string prefix;    // of the paths that it strikes
  int64_t until_ms = 0;  // by the wall clock; 0: until told otherwise
  uint64_t after = 0;    // kReset, kCut: bytes of the body that still come
  int64_t ttfb_ms = 0;   // kSlow
  uint64_t rate = 0;     // kSlow

  bool strikes(std::string_view path, int64_t now_ms) const {
    return kind != Kind::kNone && path.starts_with(prefix) && (until_ms == 0 || now_ms < until_ms);
  }
  // Changes the answer that would have been given.
  void strike(Answer& answer) const {
    switch (kind) {
      case Kind::kNone:
        return;
      case Kind::k500:
        answer = text_answer(500, "text/plain", "told to fail\n", "no-store");
        return;
      case Kind::k503:
        answer = text_answer(503, "text/plain", "told to refuse\n", "no-store");
        return;
      case Kind::kHang:
        answer.fate = Answer::Fate::kHang;
        return;
      case Kind::kReset:
        answer.fate = Answer::Fate::kReset;
        break;
      case Kind::kCut:
        answer.fate = Answer::Fate::kCut;
        break;
      case Kind::kSlow:
        answer.pace.ttfb_ms = ttfb_ms;
        answer.pace.rate = rate;
        return;
    }
    answer.cut_after = after;
  }
};

// A line of a script:  10s hang for=5s prefix=/live;
struct ScriptedFault {
  std::chrono::milliseconds at{0};  // after the origin's start
  OriginCommand command;
};
// The script, or "file:line: what is wrong".
std::variant<std::vector<ScriptedFault>, std::string> read_script(const std::string& path);

}  // namespace levee::bench
