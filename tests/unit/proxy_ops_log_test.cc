#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "proxy/ops/log.h"

namespace levee {
namespace {

class LogTest : public testing::Test {
 protected:
  LogTest() {
    char name[] = "/tmp/levee-log-XXXXXX";
    close(mkstemp(name));
    path = name;
    set_error_log(LogFile::open(path), LogLevel::kInfo);
  }
  ~LogTest() override {
    set_error_log(nullptr, LogLevel::kNotice);
    unlink(path.c_str());
    unlink((path + ".1").c_str());
  }
  static std::string read(const std::string& name) {
    std::stringstream text;
    text << std::ifstream(name).rdbuf();
    return text.str();
  }
  std::string path;
};

TEST_F(LogTest, ALineHasNginxsForm) {
  log(LogLevel::kError, 17, "connect() failed ", errno_text(111), ", try ", 2);
  EXPECT_TRUE(std::regex_match(
      read(path),
      std::regex(
          R"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[error\] \d+#\d+: \*17 connect\(\) failed \(111: Connection refused\), try 2\n)")))
      << read(path);
}

TEST_F(LogTest, WhatIsBelowTheLevelIsNotLogged) {
  log(LogLevel::kDebug, 0, "hidden");
  EXPECT_EQ(read(path), "");
}

TEST_F(LogTest, TextCannotForgeALine) {
  log(LogLevel::kInfo, 0, "client said \"", std::string("a\r\nb"), "\"");
  EXPECT_NE(read(path).find("a  b"), std::string::npos);
}

TEST_F(LogTest, AStormIsLeftOutAndCounted) {
  for (int i = 0; i < 1000; ++i) log(LogLevel::kError, 0, "the same storm ", i);
  const std::string text = read(path);
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 40);  // the second may have changed
}

TEST_F(LogTest, ReopeningGoesOnInANewFile) {
  log(LogLevel::kError, 0, "before");
  rename(path.c_str(), (path + ".1").c_str());
  log(LogLevel::kError, 0, "between");
  EXPECT_EQ(LogFile::reopen_all(), "");
  log(LogLevel::kError, 0, "after");
  EXPECT_NE(read(path + ".1").find("between"), std::string::npos);
  EXPECT_NE(read(path).find("after"), std::string::npos);
}

TEST_F(LogTest, OnePathIsOneFile) {
  EXPECT_EQ(LogFile::open(path), LogFile::open(path));
}

}  // namespace
}  // namespace levee
