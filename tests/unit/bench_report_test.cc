// Files of results: whole or not at all.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "bench/figures/report.h"
#include "bench/servers/scratch.h"

namespace levee::bench {
namespace {

namespace fs = std::filesystem;

std::string rest(std::istream& from) {
  return {std::istreambuf_iterator<char>(from), {}};
}

class Report : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) const {
    const fs::path path = scratch_.path() / name;
    std::ofstream(path) << text;
    return path;
  }
  static std::string read(const fs::path& path) {
    std::ifstream file(path);
    return rest(file);
  }
  size_t files() const { return static_cast<size_t>(std::distance(fs::directory_iterator(scratch_.path()), {})); }

  const Scratch scratch_;
};

TEST_F(Report, WhoeverReadsTheOldOneReadsItToItsEnd) {
  const fs::path path = write("result", "the old one");
  std::ifstream reader(path);
  ASSERT_TRUE(write_file(path, "new"));
  EXPECT_EQ(rest(reader), "the old one");
  EXPECT_EQ(read(path), "new");
  EXPECT_EQ(files(), 1U);
}

TEST_F(Report, ItKeepsItsModeAndLinksStayLinks) {
  const fs::path path = write("result", "old"), link = scratch_.path() / "link";
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("result", link);
  ASSERT_TRUE(write_file(link, "new"));
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(read(path), "new");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Report, WhatIsNoFileIsWrittenToWhereItIs) {
  const fs::path pipe = scratch_.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::fstream reader(pipe);  // both ways, so that nobody waits
  ASSERT_TRUE(write_file(pipe, "new\n"));
  std::string line;
  std::getline(reader, line);
  EXPECT_EQ(line, "new");
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST_F(Report, OneThatCannotBeWrittenStaysAsItIs) {
  const fs::path path = write("result", "old");
  fs::create_directory(path.string() + ".new");  // where it would be written first
  EXPECT_FALSE(write_file(path, "new"));
  EXPECT_EQ(read(path), "old");
  EXPECT_FALSE(write_file(scratch_.path() / "no" / "folder", "new"));
}

}  // namespace
}  // namespace levee::bench
