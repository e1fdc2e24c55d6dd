// A compiled PCRE2 pattern, and what a match captured.
//
// Thread-safe once compiled: matching uses scratch space of the calling thread and allocates nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace levee {

class Regex;

// The groups of the regexes that chose a request's server and location: $1 to $9 of the last one, named groups of any.
// Copies what it captured, so it outlives the subject.
class Captures {
 public:
  void clear();
  // Group `number` (0: the whole match) of the last pattern, or of the newest pattern that names `name`; empty: not
  // there.
  std::string_view group(size_t number) const;
  std::string_view named(std::string_view name) const;

 private:
  friend class Regex;
  struct Named {
    std::string name, value;
  };
  std::vector<std::string> groups_;
  std::vector<Named> named_;
};

class Regex {
 public:
  // The compiled pattern, or PCRE2's words on what is wrong with it.
  static std::variant<Regex, std::string> compile(const std::string& pattern, bool caseless);

  bool matches(std::string_view subject) const;
  // Adds the groups to `captures`; one that does not match changes nothing. No allocation if the pattern has no groups.
  bool matches(std::string_view subject, Captures& captures) const;
  const std::vector<std::string>& names() const { return names_; }  // of the named groups
  const std::string& pattern() const { return pattern_; }

 private:
  Regex() = default;
  std::string pattern_;
  std::vector<std::string> names_;
  std::vector<size_t> name_groups_;   // the group that names_[i] names
  std::shared_ptr<const void> code_;  // pcre2_code
  bool is_native_ = false;            // compiled to machine code
  size_t groups_ = 0;                 // capturing groups, without the whole match
};

}  // namespace levee
