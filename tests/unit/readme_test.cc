// README.md lists the directives as the table has them, and the performance as it was measured. `make readme` writes
// both.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "bench/compare_report.h"
#include "conf/config.h"

namespace levee {
namespace {

std::string read_file(const std::string& path) {
  std::stringstream read;
  read << std::ifstream(path).rdbuf();
  return read.str();
}

// What stands between two lines of README.md.
void expect_between(const std::string& begin_line, const std::string& end_line, const std::string& table) {
  const std::string text = read_file("README.md");
  const size_t begin = text.find(begin_line);
  const size_t end = text.find(end_line);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::string wanted = text.substr(0, begin + begin_line.size()) + table + text.substr(end);
  if (std::getenv("LEVEE_WRITE_README") != nullptr)
    std::ofstream("README.md") << wanted;
  else
    EXPECT_EQ(text, wanted) << "run `make readme`";
}

TEST(Readme, ListsTheDirectivesOfTheTable) {
  std::ostringstream table;
  describe_markdown(table);
  expect_between("<!-- directives: written by `make readme`, from the table in conf/ -->\n",
                 "<!-- end of directives -->\n", table.str());
}

TEST(Readme, QuotesTheResultsThatWereMeasured) {
  const auto results = bench::Json::parse(read_file("bench/results.json"));
  expect_between("<!-- performance: written by `make readme`, from bench/results.json -->\n",
                 "<!-- end of performance -->\n", bench::markdown_table(results));
}

}  // namespace
}  // namespace levee
