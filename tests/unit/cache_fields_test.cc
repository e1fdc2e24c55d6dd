#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cache/fields.h"

namespace levee {
namespace {

std::vector<std::string> members(std::string_view value) {
  std::vector<std::string> all;
  ListReader list(value);
  while (const auto member = list.next()) all.emplace_back(*member);
  return all;
}
Fields fields_of(std::string_view lines) {
  Fields fields;
  EXPECT_TRUE(fields.read_lines(lines));
  return fields;
}

TEST(FieldId, KnowsEachNameInAnyCase) {
  for (size_t i = 0; i < kKnownFields; ++i) {
    const auto id = static_cast<FieldId>(i);
    std::string name(field_name(id));
    EXPECT_EQ(field_id(name), id) << name;
    for (char& c : name) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(field_id(name), id) << name;
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    EXPECT_EQ(field_id(name), id) << name;
    EXPECT_EQ(field_id(name + "x"), FieldId::kOther);
    EXPECT_EQ(field_id(std::string_view(name).substr(1)), FieldId::kOther) << name;
  }
  EXPECT_EQ(field_id("X-Unheard-Of"), FieldId::kOther);
  EXPECT_EQ(field_id("a"), FieldId::kOther);
}

TEST(ListReader, SplitsAtCommasOutsideQuotes) {
  using List = std::vector<std::string>;
  EXPECT_EQ(members(""), List());
  EXPECT_EQ(members(" , ,"), List());
  EXPECT_EQ(members("a"), List({"a"}));
  EXPECT_EQ(members(",a ,\t b,,c;d "), List({"a", "b", "c;d"}));
  EXPECT_EQ(members("a=\"x, y\", b"), List({"a=\"x, y\"", "b"}));
  EXPECT_EQ(members("\"a\\\", b\", c"), List({"\"a\\\", b\"", "c"}));
  EXPECT_EQ(members("\"open, a"), List({"\"open, a"}));
  EXPECT_EQ(members("\"a\\"), List({"\"a\\"}));
}

TEST(Fields, FindsLinesByIdAndByName) {
  const Fields fields = fields_of("Vary: a\r\nX-Own: 1\r\nvary:  b , c \r\nEmpty:\r\n");
  EXPECT_EQ(fields.size(), 4U);
  EXPECT_EQ(fields.get(FieldId::kVary), "a");
  EXPECT_EQ(fields.count(FieldId::kVary), 2U);
  EXPECT_EQ(fields.find("x-OWN"), "1");
  EXPECT_EQ(fields.find("empty"), "");
  EXPECT_FALSE(fields.find("none"));
  EXPECT_FALSE(fields.has(FieldId::kAge));
  EXPECT_TRUE(fields.has_member(FieldId::kVary, "C"));
  EXPECT_FALSE(fields.has_member(FieldId::kVary, "d"));
}

TEST(Fields, AreFullAtTheirCapacity) {
  Fields fields;
  const std::string text = "A";
  fields.rebase(text.data());
  for (size_t i = 0; i < Fields::kCapacity; ++i) EXPECT_TRUE(fields.add(text, text));
  EXPECT_FALSE(fields.add(text, text));
  fields.clear();
  EXPECT_TRUE(fields.add(text, text));
}

TEST(Fields, ConnectionNamesWhatBelongsToIt) {
  const Fields fields = fields_of("Connection: close, X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\nKeep-Alive: a\r\n");
  EXPECT_TRUE(fields.is_hop_by_hop(fields[1]));
  EXPECT_FALSE(fields.is_hop_by_hop(fields[2]));
  EXPECT_TRUE(fields.is_hop_by_hop(fields[3]));
}

TEST(Fields, SomeBelongToTheConnectionByNature) {  // RFC 9110 sections 7.6.1 and 11.7, RFC 9112 section 6.1
  for (const char* name :
       {"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
        "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade"}) {
    EXPECT_TRUE(is_hop_by_hop(field_id(name))) << name;
  }
  for (const char* name : {"Content-Length", "Via", "WWW-Authenticate", "Authorization", "Date", "X-Own"}) {
    EXPECT_FALSE(is_hop_by_hop(field_id(name))) << name;
  }
}

TEST(StoredFields, KeepWhatWillBeSentAgain) {
  const Fields fields = fields_of(
      "Content-Type: a/b\r\nContent-Length: 5\r\nAge: 3\r\nConnection: x\r\nX: 1\r\nVia: 1.1 o\r\nDate: "
      "d\r\nSet-Cookie: s\r\n"
      "Transfer-Encoding: chunked\r\nProxy-Authenticate: p\r\n");
  const StoredFields stored = StoredFields::of(fields, [](const Field& f) { return f.id == FieldId::kSetCookie; });
  EXPECT_EQ(stored.text(), "Content-Type: a/b\r\nVia: 1.1 o\r\nDate: d\r\n");
  EXPECT_EQ(stored.find("content-TYPE"), "a/b");
  EXPECT_FALSE(stored.find("Content"));
}

// RFC 9111 section 3.2.
TEST(StoredFields, A304ReplacesAllLinesOfItsNames) {
  StoredFields stored;
  stored.add("ETag", "\"a\"");
  stored.add("X-A", "1");
  stored.add("X-A", "2");
  stored.add("Cache-Control", "max-age=1");
  stored.add("Content-Type", "a/b");
  stored.add("Content-Encoding", "gzip");
  stored.add("X-Kept", "k");
  const Fields update = fields_of(
      "x-a: 3\r\nCache-Control: max-age=9\r\nContent-Type: c/d\r\nContent-Encoding: br\r\nContent-Length: 0\r\nETag: "
      "\"b\"\r\n"
      "Content-Range: bytes 0-1/2\r\nContent-MD5: x\r\nConnection: X-Kept\r\nX-Kept: no\r\nNew: n\r\n");
  EXPECT_EQ(stored.updated(update).text(),
            "ETag: \"a\"\r\nContent-Encoding: gzip\r\nX-Kept: k\r\nx-a: 3\r\nCache-Control: max-age=9\r\n"
            "Content-Type: c/d\r\nNew: n\r\n");
}

}  // namespace
}  // namespace levee
