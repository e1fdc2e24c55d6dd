#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <string>

#include "cache/date.h"

namespace levee {
namespace {

std::string text_of(int64_t seconds) {
  std::string text(kDateSize, ' ');
  format_date(seconds, text.data());
  return text;
}

TEST(Date, ReadsTheThreeForms) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", 784111777), 784111777);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994"), 784111777);
  EXPECT_EQ(parse_date("Sun Nov 16 08:49:37 1994"), 784111777 + 864000);
  EXPECT_EQ(parse_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
  EXPECT_EQ(parse_date("Wed, 31 Dec 1969 23:59:59 GMT"), -1);
}

// RFC 9111 section 4.2: a cache compares dates without regard to case.
TEST(Date, DoesNotMindUpperAndLowerCase) {
  for (const char* text : {"SUN, 06 Nov 1994 08:49:37 GMT", "Sun, 06 NOV 1994 08:49:37 GMT",
                           "sun, 06 nov 1994 08:49:37 gMt", "sUN nOV  6 08:49:37 1994"}) {
    EXPECT_EQ(parse_date(text), 784111777) << text;
  }
  EXPECT_EQ(parse_date("sunday, 06-NOV-94 08:49:37 gmt", 784111777), 784111777);
}

// RFC 9110 section 5.6.7: two digits more than 50 years ahead are in the past.
TEST(Date, GivesTwoDigitsTheirCentury) {
  const int64_t in_2026 = *parse_date("Tue, 24 Nov 2026 00:00:00 GMT");
  EXPECT_EQ(parse_date("Thursday, 18-Aug-50 02:01:18 GMT", in_2026), parse_date("Thu, 18 Aug 2050 02:01:18 GMT"));
  EXPECT_EQ(parse_date("Thursday, 18-Aug-94 02:01:18 GMT", in_2026), parse_date("Thu, 18 Aug 1994 02:01:18 GMT"));
  EXPECT_EQ(parse_date("Thursday, 18-Aug-76 02:01:18 GMT", in_2026), parse_date("Thu, 18 Aug 2076 02:01:18 GMT"));
  EXPECT_EQ(parse_date("Thursday, 18-Aug-77 02:01:18 GMT", in_2026), parse_date("Thu, 18 Aug 1977 02:01:18 GMT"));
}

TEST(Date, RefusesAllElse) {
  for (const char* text : {"",
                           "0",
                           "-1",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun 06 Nov 1994 08:49:37 GMT",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06  Nov 1994 08:49:37 GMT",
                           "Sun, 06-Nov-1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun, 06 Nov 1994 8:49:37 GMT",
                           "Sun, 06 Nov 1994 08.49.37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Wed, 29 Feb 2023 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           "Sun, 06 Nov 1994 08:49:37 GMT; length=5",
                           "784111777"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

// Against the C library, which knows the calendar too.
TEST(Date, AgreesWithTheLibraryOnRandomDays) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20000; ++i) {
    const auto seconds = static_cast<int64_t>(random() % 300000000000) - 60000000000;
    const time_t time = seconds;
    tm broken{};
    gmtime_r(&time, &broken);
    char expected[64];
    strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &broken);
    if (broken.tm_year + 1900 < 1000 || broken.tm_year + 1900 > 9999) continue;
    const std::string text = text_of(seconds);
    ASSERT_EQ(text, expected) << seconds;
    ASSERT_EQ(parse_date(text), seconds);
  }
}

TEST(Date, ClampsYearsThatHaveNoFourDigits) {
  EXPECT_EQ(text_of(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(text_of(INT64_MIN), "Sat, 01 Jan 0000 00:00:00 GMT");
}

}  // namespace
}  // namespace levee
