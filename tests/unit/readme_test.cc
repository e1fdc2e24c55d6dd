// README.md lists the directives as the table has them, and the performance as it was measured. `make readme` writes
// both.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "bench/compare/tables.h"
#include "conf/config.h"

namespace levee {
namespace {

constexpr std::string_view kBegin = "<!-- directives: written by `make readme`, from the table in conf/ -->\n";
constexpr std::string_view kEnd = "<!-- end of directives -->\n";

std::string read_file(const std::string& path) {
  std::stringstream read;
  read << std::ifstream(path).rdbuf();
  return read.str();
}

void expect_readme(const std::string& text, const std::string& wanted) {
  if (std::getenv("LEVEE_WRITE_README") != nullptr)
    std::ofstream("README.md") << wanted;
  else
    EXPECT_EQ(text, wanted) << "run `make readme`";
}

TEST(Readme, ListsTheDirectivesOfTheTable) {
  const std::string text = read_file("README.md");
  const size_t begin = text.find(kBegin), end = text.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  std::ostringstream table;
  describe_markdown(table);
  expect_readme(text, text.substr(0, begin + kBegin.size()) + table.str() + text.substr(end));
}

TEST(Readme, QuotesTheResultsThatWereMeasured) {
  const std::string text = read_file("README.md");
  const auto wanted = bench::with_table(text, bench::Json::parse(read_file("bench/results.json")));
  ASSERT_TRUE(wanted);
  expect_readme(text, *wanted);
}

}  // namespace
}  // namespace levee
