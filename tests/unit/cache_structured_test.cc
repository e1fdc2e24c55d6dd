#include <gtest/gtest.h>

#include <string>

#include "cache/structured.h"

namespace levee {
namespace {

TEST(Structured, ValidDictionaries) {  // RFC 8941 section 3.2
  for (const char* text :
       {"", "  ", "a", "a=1", "a=?0, b, c;d=1", "a=1.5", "a=-999999999999999", "a=\"b\\\"c\"", "a=tok/en:1",
        "a=:aGk=:", "a=(1 2);x, b=()", "*a.b-c_d*=1", "a=1 ,\tb=2", "a=1;b;c=\"x\";d=?1", "a=( 1;q=2  x )"}) {
    EXPECT_TRUE(is_dictionary(text)) << text;
  }
}

TEST(Structured, InvalidDictionaries) {
  for (const char* text : {"A=1",
                           "1=a",
                           "a=",
                           "a=1,",
                           ",a=1",
                           "a=1,,b",
                           "a=1 b=2",
                           "a==1",
                           "a=1.",
                           "a=1.2345",
                           "a=.5",
                           "a=--1",
                           "a=1234567890123456",
                           "a=1234567890123.1",
                           "a=\"b",
                           "a=\"\\x\"",
                           "a=\"\x01\"",
                           "a=?2",
                           "a=:a",
                           "a=:%:",
                           "a=(1",
                           "a=(1,2)",
                           "a=1;",
                           "a=1;B",
                           "a=1;b=",
                           "a;b=(1)",
                           "a=\"\xc3\xa4\"",
                           "a= 1"}) {
    EXPECT_FALSE(is_dictionary(text)) << text;
  }
}

TEST(Structured, Lists) {  // RFC 8941 section 3.1
  for (const char* text :
       {"levee; hit; ttl=5", "a;key=\"x, y\", b;fwd=miss;stored", "\"quoted name\";hit", "(a b);c"}) {
    EXPECT_TRUE(is_list(text)) << text;
  }
  for (const char* text : {"a,", "a;hit=", "a b", "\"a", "a;Key=1", "(a\"b\")", "(a;b(c)"})
    EXPECT_FALSE(is_list(text)) << text;
}

TEST(Structured, ReadsMembersInOrder) {
  DictionaryReader reader("max-age=60;x=1, flag, off=?0, s=\"t\"");
  auto member = reader.next();
  EXPECT_EQ(member->key, "max-age");
  EXPECT_EQ(std::get<int64_t>(member->value), 60);
  EXPECT_EQ(member->parameters, ";x=1");
  EXPECT_EQ(std::get<bool>(reader.next()->value), true);
  EXPECT_EQ(std::get<bool>(reader.next()->value), false);
  EXPECT_EQ(std::get<QuotedString>(reader.next()->value).escaped, "t");
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.malformed());
}

}  // namespace
}  // namespace levee
