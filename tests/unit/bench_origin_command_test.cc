// What an origin can be told, by whichever way.
#include <gtest/gtest.h>

#include "bench/origin/command.h"

namespace levee::bench {
namespace {

template <typename How>
std::string wrong(const How& how) {
  const auto read = read_command(how);
  const auto* const text = std::get_if<std::string>(&read);
  return text != nullptr ? *text : "nothing is wrong";
}
template <typename How>
std::string target(const How& how) {
  return std::get<OriginCommand>(read_command(how)).target();
}
using Words = std::vector<std::string>;
using std::string_view_literals::operator""sv;

TEST(OriginCommand, ATimeWithoutAUnitIsWhatItIsElsewhere) {
  EXPECT_EQ(target("hang?for=1s&prefix=/live"sv), "hang?for=1000&prefix=/live");
  EXPECT_EQ(target("hang?for=500ms"sv), "hang?for=500");
  EXPECT_EQ(target("hang?for=500"sv), "hang?for=500");
  EXPECT_EQ(target(Words{"hang", "for=5"}), "hang?for=5000");
  EXPECT_EQ(target("slow?rate=64k&ttfb=1s"sv), "slow?rate=65536&ttfb=1000");
  EXPECT_EQ(target("zero"sv), "zero");
  EXPECT_EQ(target("hang?"sv), "hang");
}

TEST(OriginCommand, WhatCannotBeDoneIsRefused) {
  EXPECT_EQ(wrong("hang?for=abc"sv), "invalid value \"for=abc\"");
  EXPECT_EQ(wrong("hang?for="sv), "invalid value \"for=\"");
  EXPECT_EQ(wrong("hang?for"sv), "invalid value \"for\"");
  EXPECT_EQ(wrong("hang?for=-1"sv), "invalid value \"for=-1\"");
  EXPECT_EQ(wrong("hang?for=100d"sv), "invalid value \"for=100d\"");
  EXPECT_EQ(wrong("hang?prefix=live"sv), "invalid value \"prefix=live\"");
  EXPECT_EQ(wrong(Words{"hang", "prefix=/a&b"}), "invalid value \"prefix=/a&b\"");
  EXPECT_EQ(wrong(Words{"hang", "prefix=/a b"}), "invalid value \"prefix=/a b\"");
  EXPECT_EQ(wrong("capacity?slots=x"sv), "invalid value \"slots=x\"");
  EXPECT_EQ(wrong("slow?foo=1"sv), "\"slow\" takes no \"foo=1\", only for prefix ttfb rate");
  EXPECT_EQ(wrong("zero?for=1s"sv), "\"zero\" takes no \"for=1s\"");
  EXPECT_EQ(wrong("ok?prefix=/a&prefix=/b"sv), "\"prefix\" is there twice");
  EXPECT_EQ(wrong("hang?for=1&for=2"sv), "\"for\" is there twice");
  EXPECT_EQ(wrong(Words{"sing"}), "the origin does not take \"sing\"");
  EXPECT_EQ(wrong(Words{}), "the origin does not take \"\"");
}

TEST(OriginCommand, ACapacityChangesWhatItNames) {
  const Capacity at_start{.slots = 2, .service_ms = 200, .queue = 7, .collapse_past = 3};
  Capacity capacity = at_start;
  const auto tell = [&](std::string_view order) {
    return change(capacity, std::get<OriginCommand>(read_command(order)), at_start);
  };
  EXPECT_EQ(tell("capacity?slots=4"), "");
  EXPECT_EQ(capacity, (Capacity{.slots = 4, .service_ms = 200, .queue = 7, .collapse_past = 3}));
  EXPECT_EQ(tell("capacity?service=1s&queue=0&collapse_past=9"), "");
  EXPECT_EQ(capacity, (Capacity{.slots = 4, .service_ms = 1000, .queue = 0, .collapse_past = 9}));
  EXPECT_EQ(tell("capacity?slots=0"), "");
  EXPECT_EQ(tell("capacity?service=1s"), kWithoutSlots);
  EXPECT_EQ(capacity.slots, 0U);
  EXPECT_EQ(tell("capacity"), "");
  EXPECT_EQ(capacity, at_start);
}

}  // namespace
}  // namespace levee::bench
