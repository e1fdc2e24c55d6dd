#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proxy/http/conditional.h"

namespace levee {
namespace {

constexpr const char* kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* kThen = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";
const Validators kStrong{"\"a\"", 784111777, 784111999};
const Validators kWeak{"W/\"a\"", 784111777, 784111999};
const Validators kNone{{}, {}, {}};

Fields fields_of(const std::string& lines) {
  Fields fields;
  EXPECT_TRUE(fields.read_lines(lines));
  return fields;
}

TEST(Conditional, IsEvaluatedInOrder) {  // RFC 9110 section 13
  using enum Condition;
  const std::string not_a = "If-None-Match: \"b\"\r\n", a = "If-None-Match: \"a\"\r\n";
  struct Row {
    const char* rule;
    std::string lines;
    Validators known;
    Method method;
    int status;
    Condition expected;
  };
  const auto since = [](const char* date) { return std::string("If-Modified-Since: ") + date + "\r\n"; };
  const auto unmodified = [](const char* date) { return std::string("If-Unmodified-Since: ") + date + "\r\n"; };
  for (const Row& row : std::vector<Row>{
           {"13: none", "", kStrong, Method::kGet, 200, kProceed},
           {"13.1.2: same", a, kStrong, Method::kGet, 200, kNotModified},
           {"13.1.2: HEAD", a, kStrong, Method::kHead, 200, kNotModified},
           {"13.1.2: other", not_a, kStrong, Method::kGet, 200, kProceed},
           {"13.1.2: list", "If-None-Match: \"x\" , W/\"y\",\"a\"\r\n", kStrong, Method::kGet, 200, kNotModified},
           {"13.1.2: lines", not_a + a, kStrong, Method::kGet, 200, kNotModified},
           {"13.1.2: comma in a tag", "If-None-Match: \"x,\", \"a\"\r\n", kStrong, Method::kGet, 200, kNotModified},
           {"8.8.3: backslash is itself", "If-None-Match: \"x\\\", \"a\"\r\n", kStrong, Method::kGet, 200,
            kNotModified},
           {"13.1.2: within another", "If-None-Match: \"xa\"\r\n", kStrong, Method::kGet, 200, kProceed},
           {"13.1.2: weak in the request", "If-None-Match: W/\"a\"\r\n", kStrong, Method::kGet, 200, kNotModified},
           {"13.1.2: weak stored", a, kWeak, Method::kGet, 200, kNotModified},
           {"13.1.2: *", "If-None-Match: *\r\n", kNone, Method::kGet, 200, kNotModified},
           {"13.1.2: no tag known", a, kNone, Method::kGet, 200, kProceed},
           {"13.1.2: PUT", a, kStrong, Method::kPut, 200, kPreconditionFailed},
           {"13.2.2: before the date", not_a + since(kAfter), kStrong, Method::kGet, 200, kProceed},
           {"13.2.2: although the date differs", a + since(kBefore), kStrong, Method::kGet, 200, kNotModified},
           {"13.1.3: same", since(kThen), kStrong, Method::kGet, 200, kNotModified},
           {"13.1.3: later", since(kAfter), kStrong, Method::kGet, 200, kNotModified},
           {"13.1.3: earlier", since(kBefore), kStrong, Method::kGet, 200, kProceed},
           {"13.1.3: junk", since("yesterday"), kStrong, Method::kGet, 200, kProceed},
           {"13.1.3: twice", since(kThen) + since(kThen), kStrong, Method::kGet, 200, kProceed},
           {"13.1.3: POST", since(kThen), kStrong, Method::kPost, 200, kProceed},
           {"13.1.3: Date stands in", since(kThen), {{}, {}, 784111777}, Method::kGet, 200, kNotModified},
           {"13.1.3: an earlier one", since(kBefore), {{}, {}, 784111777}, Method::kGet, 200, kProceed},
           {"13.1.3: nothing known", since(kThen), kNone, Method::kGet, 200, kProceed},
           {"13.2.1: 404", a, kStrong, Method::kGet, 404, kProceed},
           {"13.1.1: same", "If-Match: \"a\"\r\n", kStrong, Method::kGet, 200, kProceed},
           {"13.1.1: other", "If-Match: \"b\"\r\n", kStrong, Method::kGet, 200, kPreconditionFailed},
           {"13.1.1: weak never", "If-Match: W/\"a\"\r\n", kWeak, Method::kGet, 200, kPreconditionFailed},
           {"13.1.1: *", "If-Match: *\r\n", kStrong, Method::kGet, 200, kProceed},
           {"13.2.2: then If-None-Match", "If-Match: \"a\"\r\n" + a, kStrong, Method::kGet, 200, kNotModified},
           {"13.1.4: same", unmodified(kThen), kStrong, Method::kGet, 200, kProceed},
           {"13.1.4: changed since", unmodified(kBefore), kStrong, Method::kGet, 200, kPreconditionFailed},
           {"13.1.4: If-Match goes first", "If-Match: \"a\"\r\n" + unmodified(kBefore), kStrong, Method::kGet, 200,
            kProceed},
           {"13.1.4: junk", unmodified("x"), kStrong, Method::kGet, 200, kProceed},
       }) {
    SCOPED_TRACE(row.rule);
    EXPECT_EQ(evaluate(fields_of(row.lines), row.method, row.status, row.known), row.expected);
  }
}

TEST(Conditional, IfRangeNamesExactlyThisRepresentation) {  // RFC 9110 section 13.1.5
  const auto allows = [](const std::string& value, const Validators& known) {
    return if_range_allows(fields_of("If-Range: " + value + "\r\n"), known);
  };
  EXPECT_TRUE(if_range_allows(fields_of(""), kNone));
  EXPECT_TRUE(allows("\"a\"", kStrong));
  EXPECT_FALSE(allows("\"b\"", kStrong));
  EXPECT_FALSE(allows("W/\"a\"", kWeak));
  EXPECT_FALSE(allows("\"a\"", kWeak));
  EXPECT_TRUE(allows(kThen, kStrong));
  EXPECT_FALSE(allows(kAfter, kStrong)) << "exactly, not later";
  EXPECT_FALSE(allows(kBefore, kStrong));
  EXPECT_FALSE(allows(kThen, {{}, 784111777, 784111777})) << "it may have changed within that second";
  EXPECT_FALSE(allows("junk", kStrong));
  EXPECT_FALSE(if_range_allows(fields_of("If-Range: \"a\"\r\nIf-Range: \"b\"\r\n"), kStrong));
}

TEST(Conditional, A304HasWhatThe200HadButForItsContent) {  // RFC 9110 section 15.4.5
  for (const FieldId id : {FieldId::kCacheControl, FieldId::kContentLocation, FieldId::kDate, FieldId::kETag,
                           FieldId::kExpires, FieldId::kVary, FieldId::kLastModified, FieldId::kOther}) {
    EXPECT_TRUE(belongs_in_304(id)) << field_name(id);
  }
  for (const FieldId id :
       {FieldId::kContentEncoding, FieldId::kContentLanguage, FieldId::kContentLength, FieldId::kContentMd5,
        FieldId::kContentRange, FieldId::kContentType, FieldId::kTransferEncoding}) {
    EXPECT_FALSE(belongs_in_304(id)) << field_name(id);
  }
}

TEST(EntityTags, AreComparedAsTheTableSays) {  // RFC 9110 section 8.8.3.2
  EXPECT_FALSE(strongly_equal("W/\"1\"", "W/\"1\""));
  EXPECT_TRUE(weakly_equal("W/\"1\"", "W/\"1\""));
  EXPECT_FALSE(weakly_equal("W/\"1\"", "W/\"2\""));
  EXPECT_FALSE(strongly_equal("W/\"1\"", "\"1\""));
  EXPECT_TRUE(weakly_equal("W/\"1\"", "\"1\""));
  EXPECT_TRUE(strongly_equal("\"1\"", "\"1\""));
  for (const char* text : {"\"\"", "\"a\"", "W/\"a\""}) EXPECT_TRUE(is_entity_tag(text)) << text;
  for (const char* text : {"", "a", "\"", "\"a", "w/\"a\"", "W/a", "\"a b\"", "\"a\"b\""})
    EXPECT_FALSE(is_entity_tag(text)) << text;
}

}  // namespace
}  // namespace levee
