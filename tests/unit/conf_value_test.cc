#include <gtest/gtest.h>

#include "conf/value.h"

namespace levee::conf {
namespace {

TEST(Value, Durations) {
  struct Case {
    const char* text;
    int64_t milliseconds;  // -1: not a duration
  };
  constexpr Case kCases[] = {
      {"0", 0},
      {"10", 10'000},
      {"500ms", 500},
      {"1s", 1'000},
      {"1m", 60'000},
      {"1h30m", 5'400'000},
      {"1m 30s", 90'000},
      {"1d", 86'400'000},
      {"1w", 604'800'000},
      {"1M", 2'592'000'000},
      {"1y", 31'536'000'000},
      {"1s500ms", 1'500},
      {"1m30", 90'000},
      {"", -1},
      {"s", -1},
      {"1x", -1},
      {"-1s", -1},
      {"1.5s", -1},
      {"30s1m", -1},
      {"1m1m", -1},
      {"1msx", -1},
      {"99999999999y", -1},
      {"9223372036854775ms", INT64_MAX / 1000},
      {"9223372036854776ms", -1},
      {"9223372036854s776ms", -1},
      {"99999999999999999999", -1},
  };
  for (const Case& c : kCases) {
    const auto value = duration(c.text);
    EXPECT_EQ(value ? value->count() : -1, c.milliseconds) << c.text;
  }
}

TEST(Value, Bytes) {
  EXPECT_EQ(bytes("0"), 0U);
  EXPECT_EQ(bytes("512"), 512U);
  EXPECT_EQ(bytes("8k"), 8192U);
  EXPECT_EQ(bytes("8K"), 8192U);
  EXPECT_EQ(bytes("256m"), 256U << 20U);
  EXPECT_EQ(bytes("2g"), 2ULL << 30U);
  for (const char* bad :
       {"", "k", "8kb", "-1", "1.5m", "8t", "9223372036854775808", "9007199254740992k", "99999999999g"}) {
    EXPECT_FALSE(bytes(bad)) << bad;
  }
}

TEST(Value, FlagsCountsRatiosPorts) {
  EXPECT_EQ(flag("on"), true);
  EXPECT_EQ(flag("off"), false);
  EXPECT_FALSE(flag("On"));
  EXPECT_EQ(count("7"), 7U);
  EXPECT_EQ(count("2147483647"), 2147483647U);
  for (const char* bad : {"", "-1", "1k", "2147483648", "auto"}) EXPECT_FALSE(count(bad)) << bad;
  EXPECT_DOUBLE_EQ(ratio("20%").value_or(-1), 0.2);
  EXPECT_DOUBLE_EQ(ratio("0.5").value_or(-1), 0.5);
  for (const char* bad : {"", "%", "101%", "-1%", "2", "nan", "x"}) EXPECT_FALSE(ratio(bad)) << bad;
  EXPECT_EQ(port_number("65535"), 65535);
  for (const char* bad : {"0", "65536", "", "a"}) EXPECT_FALSE(port_number(bad)) << bad;
}

}  // namespace
}  // namespace levee::conf
