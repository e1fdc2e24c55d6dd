// How Cache-Tag and Surrogate-Key are read.
#include <gtest/gtest.h>

#include "cache/entry.h"
#include "cache/tags.h"

namespace levee {
namespace {

Tags tags_in(std::string_view lines) {
  Fields fields;
  fields.read_lines(lines);
  return tags_of(fields);
}

TEST(Tags, AreTheSameInEitherFieldAndInAnyOrder) {
  const Tags want = hashed({"one", "two", "three"});
  EXPECT_EQ(want.size(), 3U);
  EXPECT_EQ(tags_in("Surrogate-Key: two one\tthree one\r\n"), want);
  EXPECT_EQ(tags_in("Cache-Tag: three ,, two\r\ncache-tag: one\r\n"), want);
  EXPECT_EQ(tags_in("Surrogate-Key: two\r\nCache-Tag: one,three\r\n"), want);
}

TEST(Tags, OfCacheTagMayHaveSpacesInside) {
  EXPECT_EQ(tags_in("Cache-Tag: big news\r\n"), hashed({"big news"}));
}

TEST(Tags, DifferByCase) {
  EXPECT_FALSE(share_one(hashed({"News"}), hashed({"news"})));
}

TEST(Tags, NothingIsNoTag) {
  EXPECT_TRUE(tags_in("Cache-Tag: , ,\t\r\nSurrogate-Key:  \r\n").empty());
  EXPECT_FALSE(share_one({}, {}));
}

TEST(Tags, CountAsMemoryOfTheirEntry) {
  Entry entry;
  const size_t before = entry.footprint();
  entry.tags = hashed({"1", "2", "3", "4", "5", "6", "7", "8"});
  EXPECT_EQ(entry.footprint(), before + 64);
}

}  // namespace
}  // namespace levee
