#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cache/vary.h"

namespace levee {
namespace {

std::optional<std::string> names(const std::string& lines) {
  Fields fields;
  EXPECT_TRUE(fields.read_lines(lines));
  return vary_names(fields);
}
std::string values(const std::string& lines, const std::string& of) {
  Fields fields;
  EXPECT_TRUE(fields.read_lines(lines));
  std::string out;
  vary_values(fields, of, out);
  return out;
}

TEST(Vary, NamesAreSortedAndOnce) {
  EXPECT_EQ(names("X: y\r\n"), "");
  EXPECT_EQ(names("Vary: b, A\r\nvary: a ,,C\r\n"), "a,b,c");
  EXPECT_EQ(names("Vary:\r\n"), "");
}

TEST(Vary, AStarAnywhereMatchesNobody) {  // RFC 9111 section 4.1
  for (const char* lines : {"Vary: *\r\n", "Vary: *, *\r\n", "Vary: , *\r\n", "Vary:\r\nVary: *\r\n", "Vary: *, a\r\n",
                            "Vary: a, *\r\n", "Vary: a b\r\n"}) {
    EXPECT_FALSE(names(lines)) << lines;
  }
  std::string many = "Vary: a";
  for (int i = 0; i < 20; ++i) many += ", a" + std::to_string(i);
  EXPECT_FALSE(names(many + "\r\n")) << "too many to compare";
}

TEST(Vary, EqualRequestsSelectTheSame) {
  struct Row {
    const char* rule;
    const char* name;
    std::string one, other;
    bool same;
  };
  for (const Row& row : std::vector<Row>{
           {"whitespace", "foo", "Foo: 1,2\r\n", "Foo:  1, 2 \r\n", true},
           {"a comma counts", "foo", "Foo: 1,2\r\n", "Foo: 12\r\n", false},
           {"lines", "foo", "Foo: 1, 2\r\n", "Foo: 1\r\nFoo: 2\r\n", true},
           {"order counts", "foo", "Foo: 1, 2\r\n", "Foo: 2, 1\r\n", false},
           {"case counts", "foo", "Foo: a\r\n", "Foo: A\r\n", false},
           {"quoted whitespace counts", "foo", "Foo: \"a, b\"\r\n", "Foo: \"a,b\"\r\n", false},
           {"missing is not empty", "foo", "", "Foo:\r\n", false},
           {"both missing", "foo", "", "", true},
           {"other fields", "foo", "Foo: 1\r\nBar: 1\r\n", "Foo: 1\r\nBar: 2\r\n", true},
           {"one of two differs", "bar,foo", "Foo: 1\r\nBar: 1\r\n", "Foo: 1\r\nBar: 2\r\n", false},
           {"one of two missing", "bar,foo", "Foo: 1\r\n", "Bar: 1\r\n", false},
           {"encoding order", "accept-encoding", "Accept-Encoding: gzip, br\r\n", "Accept-Encoding: br,gzip\r\n", true},
           {"encoding case", "accept-encoding", "Accept-Encoding: GZIP\r\n", "Accept-Encoding: gzip\r\n", true},
           {"encoding by weight", "accept-encoding", "Accept-Encoding: gzip;q=0.5, br\r\n",
            "Accept-Encoding: br;q=1.0, gzip;q=0.1\r\n", true},
           {"encoding other weight", "accept-encoding", "Accept-Encoding: gzip;q=0.5, br\r\n",
            "Accept-Encoding: gzip, br;q=0.5\r\n", false},
           {"encoding refused", "accept-encoding", "Accept-Encoding: gzip, br;q=0\r\n",
            "Accept-Encoding: gzip, br;q=0.1\r\n", false},
           {"x-gzip is gzip", "accept-encoding", "Accept-Encoding: x-gzip\r\n", "Accept-Encoding: gzip\r\n", true},
           {"junk is compared as it is", "accept-encoding", "Accept-Encoding: gzip;q=2\r\n",
            "Accept-Encoding: gzip\r\n", false},
           {"language order", "accept-language", "Accept-Language: en, de\r\n", "Accept-Language: de, en\r\n", true},
           {"language case", "accept-language", "Accept-Language: eN,De\r\n", "Accept-Language:  de ,  en \r\n", true},
           {"language weight", "accept-language", "Accept-Language: en;q=0.5, de\r\n", "Accept-Language: en, de\r\n",
            false},
       }) {
    SCOPED_TRACE(row.rule);
    EXPECT_EQ(values(row.one, row.name) == values(row.other, row.name), row.same)
        << values(row.one, row.name) << values(row.other, row.name);
  }
}

TEST(Vary, ALanguageSuitsWhoWantsItMost) {
  EXPECT_EQ(names("Vary: Foo, Accept-Language\r\nContent-Language: De\r\n"), "accept-language=de,foo");
  EXPECT_EQ(names("Vary: Accept-Language\r\nContent-Language: de, en\r\n"), "accept-language");
  const auto value = [](const std::string& languages) {
    return values("Accept-Language: " + languages + "\r\n", "accept-language=de");
  };
  EXPECT_EQ(value("en, de"), value("fr;q=0.5, DE;q=1.0"));
  EXPECT_NE(value("en, de"), value("en, de;q=0.5"));
  EXPECT_NE(value("de"), value("de;q=0"));
  EXPECT_NE(value("de"), value("en"));
  EXPECT_EQ(value("en, fr;q=0.5"), value("fr;q=0.1,en"));
  EXPECT_NE(value("en"), values("", "accept-language=de"));
}

TEST(Vary, NoValueLooksLikeTwo) {
  EXPECT_NE(values("A: 1\r\nB: 2\r\n", "a,b"), values("A: 1,2\r\nB:\r\n", "a,b"));
  EXPECT_NE(values("A: -\r\n", "a,b"), values("B: -\r\n", "a,b"));
}

// What a list of preferences comes to, the slow way: which names are wanted equally, the most wanted first, and which
// not at all.
using Wishes = std::pair<std::vector<std::set<std::string>>, std::set<std::string>>;
struct Wish {
  std::string what;
  int tenths;
};
Wishes obvious(const std::vector<Wish>& wishes) {
  std::map<int, std::set<std::string>> by_weight;
  for (const Wish& wish : wishes) by_weight[-wish.tenths].insert(wish.what == "x-gzip" ? "gzip" : wish.what);
  Wishes sorted;
  for (auto& [weight, names] : by_weight) {
    if (weight == 0) {
      sorted.second = names;
    } else {
      sorted.first.push_back(names);
    }
  }
  return sorted;
}
std::string spelled(const std::vector<Wish>& wishes, std::mt19937& random) {
  std::string lines;
  for (const Wish& wish : wishes) {
    std::string name = wish.what;
    for (char& c : name) {
      if (random() % 4 == 0) c = static_cast<char>(toupper(c));
    }
    if (lines.empty() || random() % 4 == 0) {
      if (!lines.empty()) lines += "\r\n";
      lines += "Accept-Encoding:";
    } else {
      lines += random() % 2 == 0 ? "," : " ,\t";
    }
    lines += name;
    if (wish.tenths < 10) {
      lines += (random() % 2 == 0 ? ";q=0." : " ; Q=0.") + std::to_string(wish.tenths) + (random() % 2 == 0 ? "0" : "");
    } else if (random() % 2 == 0) {
      lines += ";q=1.0";
    }
  }
  return lines.empty() ? "" : lines + "\r\n";
}
TEST(Vary, AgreesWithTheObviousOnRandomPreferences) {
  std::mt19937 random(11);
  const std::vector<std::string> codings = {"gzip", "br", "x-gzip", "zstd", "*"};
  const auto draw = [&] {
    std::vector<Wish> wishes;
    for (size_t k = 1 + random() % 4; k > 0; --k) {
      wishes.push_back({codings[random() % codings.size()], std::vector<int>{10, 10, 5, 2, 0}[random() % 5]});
    }
    return wishes;
  };
  int same = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto a = draw(), b = draw();
    const std::string one = spelled(a, random), other = spelled(b, random);
    const bool equal = values(one, "accept-encoding") == values(other, "accept-encoding");
    ASSERT_EQ(equal, obvious(a) == obvious(b)) << one << other;
    same += equal ? 1 : 0;
  }
  EXPECT_GT(same, 200) << "both kinds are to be seen";
}

}  // namespace
}  // namespace levee
