#include "cache/date.h"

#include <algorithm>
#include <array>

namespace levee {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Civil {
  int64_t year = 1970;
  int month = 1, day = 1;  // from 1
  int hour = 0, minute = 0, second = 0;
};

// Days since 1970-01-01 in the proleptic Gregorian calendar; years are counted from March, so that leap days come last.
int64_t days_from_civil(int64_t year, int month, int day) {
  if (month <= 2) --year;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}
Civil civil_from_days(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;  // from March
  Civil civil;
  civil.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  civil.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
  return civil;
}

bool is_leap(int64_t year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}
int days_in(int64_t year, int month) {
  constexpr std::array<int, 12> kLengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kLengths[static_cast<size_t>(month - 1)];
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
bool begins_with(std::string_view text, std::string_view expected) {
  return text.size() >= expected.size() && std::equal(expected.begin(), expected.end(), text.begin(),
                                                      [](char a, char b) { return lower(a) == lower(b); });
}

// Takes a date apart from the left; after a mismatch all that follows fails.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool text(std::string_view expected) {
    if (!ok_ || !begins_with(rest_, expected)) return ok_ = false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  template <size_t N>
  int one_of(const std::array<std::string_view, N>& names) {
    for (size_t i = 0; ok_ && i < N; ++i) {
      if (begins_with(rest_, names[i])) {
        rest_.remove_prefix(names[i].size());
        return static_cast<int>(i);
      }
    }
    ok_ = false;
    return 0;
  }
  int digits(size_t count) {
    int value = 0;
    if (!ok_ || rest_.size() < count) return ok_ = false;
    for (size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return ok_ = false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  // asctime's day: two digits or a space and one.
  int padded_day() {
    if (ok_ && rest_.starts_with(' ')) {
      rest_.remove_prefix(1);
      return digits(1);
    }
    return digits(2);
  }
  void time(Civil& civil) {
    civil.hour = digits(2);
    text(":");
    civil.minute = digits(2);
    text(":");
    civil.second = digits(2);
  }
  bool ended() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

bool read_imf(std::string_view text, Civil& civil) {
  Scanner scan(text);
  scan.one_of(kDays);
  scan.text(", ");
  civil.day = scan.digits(2);
  scan.text(" ");
  civil.month = scan.one_of(kMonths) + 1;
  scan.text(" ");
  civil.year = scan.digits(4);
  scan.text(" ");
  scan.time(civil);
  scan.text(" GMT");
  return scan.ended();
}

bool read_rfc850(std::string_view text, Civil& civil) {
  Scanner scan(text);
  scan.one_of(kLongDays);
  scan.text(", ");
  civil.day = scan.digits(2);
  scan.text("-");
  civil.month = scan.one_of(kMonths) + 1;
  scan.text("-");
  civil.year = scan.digits(2);
  scan.text(" ");
  scan.time(civil);
  scan.text(" GMT");
  return scan.ended();
}

bool read_asctime(std::string_view text, Civil& civil) {
  Scanner scan(text);
  scan.one_of(kDays);
  scan.text(" ");
  civil.month = scan.one_of(kMonths) + 1;
  scan.text(" ");
  civil.day = scan.padded_day();
  scan.text(" ");
  scan.time(civil);
  scan.text(" ");
  civil.year = scan.digits(4);
  return scan.ended();
}

std::optional<int64_t> seconds_of(const Civil& civil) {
  if (civil.day < 1 || civil.day > days_in(civil.year, civil.month)) return std::nullopt;
  if (civil.hour > 23 || civil.minute > 59 || civil.second > 60) return std::nullopt;  // 60: a leap second
  return days_from_civil(civil.year, civil.month, civil.day) * 86400 + civil.hour * 3600 + civil.minute * 60 +
         civil.second;
}

void put(char* out, std::string_view text) {
  std::copy(text.begin(), text.end(), out);
}
void put2(char* out, int64_t value) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::optional<int64_t> parse_date(std::string_view text, int64_t now) {
  Civil civil;
  if (read_imf(text, civil) || read_asctime(text, civil)) return seconds_of(civil);
  if (!read_rfc850(text, civil)) return std::nullopt;
  // RFC 9110 section 5.6.7: a year that seems more than 50 years ahead is the last one in the past with these digits.
  const int64_t this_year = civil_from_days(now >= 0 ? now / 86400 : (now - 86399) / 86400).year;
  civil.year += this_year - this_year % 100 + 100;
  while (civil.year > this_year + 50) civil.year -= 100;
  return seconds_of(civil);
}

void format_date(int64_t seconds, char* out) {
  constexpr int64_t kFirst = -62167219200, kLast = 253402300799;  // years 0 and 9999
  seconds = std::clamp(seconds, kFirst, kLast);
  int64_t days = seconds / 86400, rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  const Civil civil = civil_from_days(days);
  const auto weekday = static_cast<size_t>(((days + 4) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
  put(out, kDays[weekday]);
  put(out + 3, ", ");
  put2(out + 5, civil.day);
  out[7] = ' ';
  put(out + 8, kMonths[static_cast<size_t>(civil.month - 1)]);
  out[11] = ' ';
  put2(out + 12, civil.year / 100);
  put2(out + 14, civil.year % 100);
  out[16] = ' ';
  put2(out + 17, rest / 3600);
  out[19] = ':';
  put2(out + 20, rest / 60 % 60);
  out[22] = ':';
  put2(out + 23, rest % 60);
  put(out + 25, " GMT");
}

}  // namespace levee
