#include <gtest/gtest.h>

#include "proxy/client/input.h"

namespace levee {
namespace {

void receive(Input& input, std::string_view bytes) {
  const auto room = input.room();
  ASSERT_GE(room.size(), bytes.size());
  std::memcpy(room.data(), bytes.data(), bytes.size());
  input.commit(bytes.size());
}

TEST(Input, KeepsTheHeadWhereItIsWhileBytesBehindItsBodyArrive) {
  Input input;
  receive(input, "head");
  const std::string_view head = input.unread();
  input.consume(head.size());
  const std::string much(3 * Input::kUsual, 'x');
  input.append("a");
  input.append(much);
  input.append("b");
  EXPECT_EQ(head, "head");
  EXPECT_FALSE(input.empty());
  input.start_over();
  EXPECT_EQ(input.unread(), "a" + much + "b");
}

TEST(Input, MakesRoomByMovingWhatIsUnreadAndThenByGrowing) {
  Input input;
  receive(input, std::string(Input::kUsual, 'a'));
  EXPECT_TRUE(input.room().empty());
  input.consume(10);
  input.make_room();
  EXPECT_EQ(input.room().size(), 10U);
  receive(input, "0123456789");
  input.make_room();
  EXPECT_EQ(input.room().size(), Input::kUsual);
  EXPECT_TRUE(input.unread().ends_with("a0123456789"));
  input.clear();
  EXPECT_TRUE(input.empty());
  EXPECT_EQ(input.room().size(), Input::kUsual);
}

}  // namespace
}  // namespace levee
