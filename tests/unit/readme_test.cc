// README.md lists the directives as the table has them. `make readme` writes the list.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "conf/config.h"

namespace levee {
namespace {

constexpr std::string_view kBegin = "<!-- directives: written by `make readme`, from the table in conf/ -->\n";
constexpr std::string_view kEnd = "<!-- end of directives -->\n";

TEST(Readme, ListsTheDirectivesOfTheTable) {
  std::stringstream read;
  read << std::ifstream("README.md").rdbuf();
  const std::string text = read.str();
  const size_t begin = text.find(kBegin), end = text.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  std::ostringstream table;
  describe_markdown(table);
  const std::string wanted = text.substr(0, begin + kBegin.size()) + table.str() + text.substr(end);
  if (std::getenv("LEVEE_WRITE_README") != nullptr)
    std::ofstream("README.md") << wanted;
  else
    EXPECT_EQ(text, wanted) << "run `make readme`";
}

}  // namespace
}  // namespace levee
