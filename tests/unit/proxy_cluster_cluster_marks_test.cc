// Where the marks of a Cluster's masters stand.
#include <gtest/gtest.h>

#include "proxy/cluster/cluster_marks.h"

namespace levee {
namespace {

TEST(ClusterMarks, AMarkStandsInTheSlotThatWasAskedFor) {
  for (const uint16_t slot : {uint16_t{0}, uint16_t{5461}, uint16_t{16383}}) {
    const std::string key = mark_key("levee", slot);
    EXPECT_TRUE(key.starts_with("levee:mark{")) << key;
    EXPECT_EQ(hash_slot(key), slot);
  }
}

TEST(ClusterMarks, APrefixWithATagOfItsOwnHasNoMarks) {
  EXPECT_EQ(mark_key("{pop}", 0), "");
  EXPECT_EQ(mark_key("{pop}", hash_slot("pop")), "") << "the stream shows what is lost there";
}

}  // namespace
}  // namespace levee
