// Purges as texts that travel.
#include <gtest/gtest.h>

#include "proxy/cluster/purge_order.h"

namespace levee {
namespace {

using By = PurgeOrder::By;

TEST(PurgeOrder, ComesBackAsItWent) {
  const std::vector<PurgeOrder> orders{{By::kKey, false, "main", {"httporigin/a b?c=\xff"}},
                                       {By::kTag, true, "main", {"big news", "a,b", "c"}},
                                       {By::kPrefix, true, "other", {""}}};
  for (const PurgeOrder& order : orders) {
    const auto back = parse_order(format_order(order));
    ASSERT_TRUE(back) << format_order(order);
    EXPECT_EQ(back->by, order.by);
    EXPECT_EQ(back->soft, order.soft);
    EXPECT_EQ(back->zone, order.zone);
    EXPECT_EQ(back->words, order.words);
  }
}

TEST(PurgeOrder, CoversAKeyOfItsZoneOrAllThatBeginSo) {
  const PurgeOrder key{By::kKey, false, "main", {"/a"}}, prefix{By::kPrefix, false, "main", {"/a"}};
  EXPECT_TRUE(covers(key, "main", "/a"));
  EXPECT_FALSE(covers(key, "main", "/ab"));
  EXPECT_FALSE(covers(key, "other", "/a"));
  EXPECT_TRUE(covers(prefix, "main", "/ab"));
  EXPECT_FALSE(covers(prefix, "main", "/b"));
  EXPECT_FALSE(covers({By::kTag, false, "main", {"/a"}}, "main", "/a"));
}

TEST(PurgeOrder, OtherTextsAreNone) {
  for (const char* text :
       {"", "key", "keys\nsoft\nmain\nx", "tag\nsoft\nmain", "tag\nmild\nmain\na", "tag\nhard\nmain\n"})
    EXPECT_FALSE(parse_order(text)) << text;
}

}  // namespace
}  // namespace levee
