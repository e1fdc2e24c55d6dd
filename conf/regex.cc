#include "conf/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

namespace levee {
namespace {

constexpr uint32_t kMaxGroups = 64;
constexpr uint32_t kMatchLimit =
    500'000;  // a pattern that backtracks without end must not stop a worker: no match then

// What a match needs to write to; one a thread, so that matching allocates nothing.
class Scratch {
 public:
  Scratch() : data(pcre2_match_data_create(kMaxGroups, nullptr)), context(pcre2_match_context_create(nullptr)) {
    pcre2_set_match_limit(context, kMatchLimit);
  }
  ~Scratch() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  pcre2_match_data* const data;
  pcre2_match_context* const context;
};

Scratch& scratch() {
  thread_local Scratch mine;
  return mine;
}

// The number of groups set; 0 or less: no match. pcre2_jit_match() skips checks that cost as much as the match.
int run(const void* code, bool is_native, std::string_view subject) {
  Scratch& mine = scratch();
  const auto match = is_native ? pcre2_jit_match : pcre2_match;
  return match(static_cast<const pcre2_code*>(code), reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), 0, 0,
               mine.data, mine.context);
}

std::string_view group_of(std::string_view subject, const size_t* offsets, size_t group, size_t set) {
  if (group >= set || offsets[2 * group] == PCRE2_UNSET) return {};
  return subject.substr(offsets[2 * group], offsets[2 * group + 1] - offsets[2 * group]);
}

}  // namespace

void Captures::clear() {
  groups_.clear();
  named_.clear();
}

std::string_view Captures::group(size_t number) const {
  return number < groups_.size() ? std::string_view(groups_[number]) : std::string_view();
}

std::string_view Captures::named(std::string_view name) const {
  for (auto it = named_.rbegin(); it != named_.rend(); ++it) {
    if (it->name == name) return it->value;
  }
  return {};
}

std::variant<Regex, std::string> Regex::compile(const std::string& pattern, bool caseless) {
  int error = 0;
  size_t offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                   caseless ? PCRE2_CASELESS : 0U, &error, &offset, nullptr);
  if (code == nullptr) {
    std::array<PCRE2_UCHAR, 256> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    return "pcre2_compile() failed: " + std::string(reinterpret_cast<const char*>(text.data())) + " in \"" + pattern +
           "\" at \"" + pattern.substr(std::min(offset, pattern.size())) + "\"";
  }

  Regex regex;
  regex.is_native_ = pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0;
  regex.code_ = std::shared_ptr<const void>(code, [code](const void*) { pcre2_code_free(code); });
  regex.pattern_ = pattern;
  uint32_t groups = 0;
  uint32_t names = 0;
  uint32_t entry = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
  pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &names);
  pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &entry);
  pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
  if (groups >= kMaxGroups) return "too many groups in \"" + pattern + "\"";
  regex.groups_ = groups;
  for (uint32_t i = 0; i < names; ++i, table += entry) {  // an entry: the group's number in two bytes, the name
    regex.name_groups_.push_back(static_cast<size_t>(table[0]) << 8U | table[1]);
    regex.names_.emplace_back(reinterpret_cast<const char*>(table + 2));
  }
  return regex;
}

bool Regex::matches(std::string_view subject) const {
  return run(code_.get(), is_native_, subject) > 0;
}

bool Regex::matches(std::string_view subject, Captures& captures) const {
  const int set = run(code_.get(), is_native_, subject);
  if (set <= 0) return false;
  if (groups_ == 0) return true;
  const size_t* offsets = pcre2_get_ovector_pointer(scratch().data);
  captures.groups_.clear();
  for (size_t i = 0; i <= groups_; ++i) {
    captures.groups_.emplace_back(group_of(subject, offsets, i, static_cast<size_t>(set)));
  }
  for (size_t i = 0; i < names_.size(); ++i) {
    captures.named_.push_back({names_[i], captures.groups_[name_groups_[i]]});
  }
  return true;
}

}  // namespace levee
