#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "proxy/http/range.h"

namespace levee {
namespace {

std::string resolved(const std::string& value, uint64_t length) {
  const auto set = parse_range(value);
  if (!set) return "ignored";
  const ResolvedRanges ranges = resolve(*set, length);
  if (ranges.kind == ResolvedRanges::Kind::kUnsatisfiable) return "416";
  std::string text;
  for (const ByteRange& range : ranges.parts()) {
    text += (text.empty() ? "" : ",") + std::to_string(range.first) + "-" + std::to_string(range.last);
  }
  return text;
}

TEST(Range, OfTenBytes) {  // RFC 9110 section 14.1
  struct Row {
    const char* value;
    const char* expected;
  };
  for (const Row& row : std::vector<Row>{
           {"bytes=0-0", "0-0"},
           {"bytes=2-5", "2-5"},
           {"Bytes=2-5", "2-5"},
           {"bytes=2-", "2-9"},
           {"bytes=-3", "7-9"},
           {"bytes=-30", "0-9"},
           {"bytes=5-99999999999999999999999", "5-9"},
           {"bytes=9-9", "9-9"},
           {"bytes=10-", "416"},
           {"bytes=-0", "416"},
           {"bytes=99999999999999999999999-", "416"},
           {"bytes= 0-1 , 4-5", "0-1,4-5"},
           {"bytes=4-5,0-1", "4-5,0-1"},
           {"bytes=0-3,2-5", "0-5"},
           {"bytes=0-1,2-3", "0-3"},
           {"bytes=2-3,0-1", "0-3"},
           {"bytes=0-1,8-9,1-8", "0-9"},
           {"bytes=0-1,20-30", "0-1"},
           {"bytes=0-,0-,0-", "0-9"},
           {"bytes=", "ignored"},
           {"bytes", "ignored"},
           {"bytes=5-2", "ignored"},
           {"bytes=a-b", "ignored"},
           {"bytes=-", "ignored"},
           {"bytes=--1", "ignored"},
           {"bytes=1-2-3", "ignored"},
           {"bytes=1 -2", "ignored"},
           {"bytes=0-1,x", "ignored"},
           {"bytes=+1-2", "ignored"},
           {"items=0-1", "ignored"},
           {"bytes =0-1", "ignored"},
       }) {
    EXPECT_EQ(resolved(row.value, 10), row.expected) << row.value;
  }
  EXPECT_EQ(resolved("bytes=0-", 0), "416");
  EXPECT_EQ(resolved("bytes=-1", 0), "416");
  std::string many = "bytes=0-0";
  for (size_t i = 0; i < kMaxRanges; ++i) many += "," + std::to_string(2 * i + 2) + "-";
  EXPECT_EQ(resolved(many, 100), "ignored") << "more than anybody needs";
}

// The bytes that are asked for, as a set.
TEST(Range, MergingNeitherLosesNorRepeatsABytes) {
  std::mt19937 random(9);
  for (int i = 0; i < 3000; ++i) {
    const uint64_t length = 1 + random() % 40;
    std::string value = "bytes=";
    std::set<uint64_t> asked;
    for (size_t k = 1 + random() % 8; k > 0; --k) {
      const uint64_t a = random() % 45, b = a + random() % 12;
      if (value.back() != '=') value += ",";
      if (random() % 5 == 0) {
        value += "-" + std::to_string(a);
        for (uint64_t at = length - std::min(a, length); at < length; ++at) asked.insert(at);
      } else {
        value += std::to_string(a) + "-" + std::to_string(b);
        for (uint64_t at = a; at <= b && at < length; ++at) asked.insert(at);
      }
    }
    const ResolvedRanges ranges = resolve(*parse_range(value), length);
    std::set<uint64_t> got;
    for (const ByteRange& range : ranges.parts()) {
      for (uint64_t at = range.first; at <= range.last; ++at) ASSERT_TRUE(got.insert(at).second) << value;
      ASSERT_FALSE(got.contains(range.last + 1) && range.last + 1 < length && ranges.count == 1);
    }
    ASSERT_EQ(got, asked) << value << " of " << length;
    ASSERT_EQ(asked.empty(), ranges.kind == ResolvedRanges::Kind::kUnsatisfiable);
  }
}

TEST(Range, BeforeTheLengthIsKnown) {
  EXPECT_EQ(single_without_length(*parse_range("bytes=2-5")), (RangeSpec{false, 2, 5}));
  EXPECT_EQ(single_without_length(*parse_range("bytes=2-")), (RangeSpec{false, 2, RangeSpec::kOpen}));
  EXPECT_FALSE(single_without_length(*parse_range("bytes=-2")));
  EXPECT_FALSE(single_without_length(*parse_range("bytes=0-1,3-4")));
}

TEST(ContentRange, IsReadAndWritten) {  // RFC 9110 section 14.4
  for (const char* value : {"bytes 0-4/10", "bytes 0-4/*", "bytes */10", "bytes 9-9/10"}) {
    const auto range = parse_content_range(value);
    ASSERT_TRUE(range) << value;
    std::string buffer(100, ' ');
    HeadWriter out(buffer);
    write_content_range(out, *range);
    EXPECT_EQ(out.written(), std::string("Content-Range: ") + value + "\r\n");
  }
  for (const char* value :
       {"", "bytes", "bytes 0-4", "bytes 5-4/10", "bytes 0-10/10", "bytes */*", "bytes a-b/c", "bytes=0-4/10",
        "items 0-4/10", "bytes 0-4/99999999999999999999", "bytes -4/10", "bytes 0-4/10 "}) {
    EXPECT_FALSE(parse_content_range(value)) << value;
  }
}

TEST(Multipart, IsAsLongAsAnnounced) {  // RFC 9110 section 14.6
  const std::string body = "0123456789";
  const std::vector<ByteRange> parts = {{0, 1}, {5, 9}};
  for (const char* type : {"text/plain", ""}) {
    std::string whole;
    for (size_t i = 0; i < parts.size(); ++i) {
      std::string buffer(300, ' ');
      HeadWriter out(buffer);
      write_part_head(out, "XYZ", type, parts[i], body.size(), i == 0);
      whole.append(out.written()).append(body.substr(parts[i].first, parts[i].size()));
    }
    std::string buffer(300, ' ');
    HeadWriter out(buffer);
    write_parts_end(out, "XYZ");
    whole.append(out.written());
    EXPECT_EQ(multipart_size(parts, body.size(), "XYZ", type), whole.size());
    if (*type != '\0') {
      EXPECT_EQ(whole,
                "--XYZ\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
                "\r\n--XYZ\r\nContent-Type: text/plain\r\nContent-Range: bytes 5-9/10\r\n\r\n56789\r\n--XYZ--\r\n");
    }
  }
}

}  // namespace
}  // namespace levee
