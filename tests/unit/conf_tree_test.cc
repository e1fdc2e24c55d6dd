#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "conf/tree.h"

namespace levee::conf {
namespace {

std::string show(const std::vector<Node>& lines) {
  std::string out;
  for (const Node& node : lines) {
    for (const std::string& word : node.words) out += word + " ";
    out += node.is_block ? "{ " + show(node.children) + "} " : "; ";
  }
  return out;
}

std::string parsed(const std::variant<std::vector<Node>, SyntaxError>& result) {
  if (const auto* error = std::get_if<SyntaxError>(&result)) {
    return (error->place.file ? *error->place.file : "") + ":" + std::to_string(error->place.line) + ": " + error->text;
  }
  return show(std::get<std::vector<Node>>(result));
}

class Tree : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/levee-tree-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name + "/";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_ + name).parent_path());
    std::ofstream(folder_ + name) << text;
  }
  std::string read(const std::string& name) {
    std::string out = parsed(parse_file(folder_ + name, folder_));
    for (size_t at = 0; (at = out.find(folder_)) != std::string::npos;) out.replace(at, folder_.size(), "@");
    return out;
  }
  std::string folder_;
};

TEST(TreeText, NestsBlocksAndSaysWhatIsMissing) {
  struct Case {
    const char *text, *expected;
  };
  constexpr Case kCases[] = {
      {"a b; c { d; e { f; } }", "a b ; c { d ; e { f ; } } "},
      {"c {\n d;\n", "f:3: unexpected end of file, expecting \"}\""},
      {"a b\n", "f:2: unexpected end of file, expecting \";\" or \"}\""},
      {"}", "f:1: unexpected \"}\""},
      {"a {\nb }", "f:2: unexpected \"}\""},
      {"a { b } }", "f:1: unexpected \"}\""},
      {";", "f:1: unexpected \";\""},
      {"a;\n\n{", "f:3: unexpected \"{\""},
      {"a 'b'c;", "f:1: unexpected \"c\""},
      {"include;", "f:1: invalid number of arguments in \"include\" directive"},
      {"include a b;", "f:1: invalid number of arguments in \"include\" directive"},
  };
  for (const Case& c : kCases) EXPECT_EQ(parsed(parse_text(c.text, "f", "/nowhere/")), c.expected) << c.text;
}

TEST(TreeText, BoundsTheDepthOfBlocks) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "a {";
  EXPECT_EQ(parsed(parse_text(deep, "f", "/")), "f:1: too many nested blocks");
}

TEST_F(Tree, IncludesFilesWhereTheyStand) {
  write("main", "a; include sub/*.conf; b { include one; }");
  write("sub/2.conf", "two;");
  write("sub/1.conf", "one;");
  write("one", "inner;");
  EXPECT_EQ(read("main"), "a ; one ; two ; b { inner ; } ");
}

TEST_F(Tree, AWildcardMayFindNothing) {
  write("main", "a; include none/*.conf;");
  EXPECT_EQ(read("main"), "a ; ");
}

TEST_F(Tree, SaysWhichFileIsWrong) {
  write("main", "a;\ninclude bad;");
  write("bad", "\n\n}");
  EXPECT_EQ(read("main"), "@bad:3: unexpected \"}\"");
  write("main", "a;\ninclude missing;");
  EXPECT_EQ(read("main"), "@main:2: open() \"@missing\" failed (2: No such file or directory)");
  EXPECT_EQ(read("absent"), ":0: open() \"@absent\" failed (2: No such file or directory)");
  write("main", "include .;");
  EXPECT_EQ(read("main"), "@main:1: read() \"@.\" failed (21: Is a directory)");
}

TEST_F(Tree, AFileThatIncludesItselfIsAnError) {
  write("main", "a; include other;");
  write("other", "b;\ninclude ma*n;");
  EXPECT_EQ(read("main"), "@other:2: \"@main\" includes itself");
}

TEST_F(Tree, ABlockMustEndInItsFile) {
  write("main", "a { include open; }");
  write("open", "b {");
  EXPECT_EQ(read("main"), "@open:1: unexpected end of file, expecting \"}\"");
}

}  // namespace
}  // namespace levee::conf
