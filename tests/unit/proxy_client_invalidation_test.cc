#include <gtest/gtest.h>

#include "proxy/client/invalidation.h"

namespace levee {
namespace {

struct Row {
  const char* reference;
  const char* target;  // null: not ours
};

// RFC 3986 section 5.4, as far as it goes for references of one origin.
constexpr Row kRows[] = {
    {"", "/b/c/d?q"},
    {"g", "/b/c/g"},
    {"./g", "/b/c/g"},
    {"g/", "/b/c/g/"},
    {"/g", "/g"},
    {"//host/g", "/g"},
    {"//host", "/"},
    {"//host?y", "/?y"},
    {"?y", "/b/c/d?y"},
    {"g?y", "/b/c/g?y"},
    {"#s", "/b/c/d?q"},
    {"g#s", "/b/c/g"},
    {".", "/b/c/"},
    {"./", "/b/c/"},
    {"..", "/b/"},
    {"../g", "/b/g"},
    {"../..", "/"},
    {"../../../g", "/g"},
    {"/./g", "/g"},
    {"/../g", "/g"},
    {"g;x=1/../y", "/b/c/y"},
    {"g?y/../x", "/b/c/g?y/../x"},
    {"HTTP://HOST/g", "/g"},
    {"http:g", nullptr},
    {"https://host/", nullptr},
    {"http://other/", nullptr},
    {"//host:80/", nullptr},
    {"g h", nullptr},
    {"mailto:x", nullptr},
};

TEST(Invalidation, AReferenceIsResolvedWithinItsOrigin) {
  for (const Row& row : kRows) {
    const auto target = same_origin_target(row.reference, "/b/c/d?q", "http", "host");
    EXPECT_EQ(target.value_or("none"), row.target != nullptr ? row.target : "none") << row.reference;
  }
}

}  // namespace
}  // namespace levee
