// Bodies: growing, trimming, views, releasing, resting.
#include "cache/body.h"
#include "tests/unit/cache_fixture.h"

namespace levee {
namespace {

std::string pattern(size_t size) {
  std::string text(size, ' ');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
  return text;
}

struct BodyTest : ::testing::Test {
  std::shared_ptr<Budget> budget = std::make_shared<Budget>(1 << 30);
};

TEST_F(BodyTest, ADeclaredLengthTakesOneExactChunk) {
  Body body(budget, 1000);
  EXPECT_EQ(body.reserve().size(), 1000u);
  body.append(bytes_of(pattern(1000)));
  EXPECT_TRUE(body.complete().empty());
  EXPECT_EQ(text_of(body), pattern(1000));
  EXPECT_EQ(budget->used(), allocated(1000));
}

TEST_F(BodyTest, ALargeDeclaredLengthIsCutIntoChunksTheLastExact) {
  const std::string text = pattern(256 * 1024 + 10);
  Body body(budget, text.size());
  body.append(bytes_of(text));
  body.complete();
  std::array<iovec, 4> views{};
  ASSERT_EQ(body.views(0, views), 2u);
  EXPECT_EQ(views[0].iov_len, 256u * 1024);
  EXPECT_EQ(views[1].iov_len, 10u);
  EXPECT_EQ(text_of(body), text);
}

TEST_F(BodyTest, MoreThanDeclaredStillFits) {
  Body body(budget, 4);
  body.append(bytes_of("more than four"));
  EXPECT_EQ(text_of(body), "more than four");
}

TEST_F(BodyTest, AnUnknownLengthIsTrimmedAndTheOldChunkHandedOut) {
  Body body(budget, std::nullopt);
  body.append(bytes_of("short"));
  std::array<iovec, 1> before{};
  ASSERT_EQ(body.views(0, before), 1u);
  const auto retired = body.complete();
  ASSERT_EQ(retired.size(), 1u);
  EXPECT_EQ(before[0].iov_base, retired[0].data.get()) << "views taken before stay good while the chunk lives";
  EXPECT_EQ(text_of(body), "short");
}

TEST_F(BodyTest, AnUnknownLengthWastesAtMostAThird) {
  for (const size_t size : {10u, 5'000u, 17'000u, 100'000u, 700'000u, 3'000'000u}) {
    Body body(budget, std::nullopt);
    for (size_t done = 0; done < size;) {
      const auto room = body.reserve();
      const size_t count = std::min<size_t>({room.size(), size - done, 1460});
      body.commit(count);
      done += count;
    }
    body.complete();
    EXPECT_LE(budget->used(), size + size / 3 + 64) << size;
  }
}

TEST_F(BodyTest, ViewsStartAnywhere) {
  const std::string text = pattern(300'000);
  Body body(budget, std::nullopt);
  body.append(bytes_of(text));
  for (const uint64_t offset : {0u, 1u, 4095u, 4096u, 4097u, 299'999u}) {
    std::array<iovec, 1> view{};
    ASSERT_EQ(body.views(offset, view), 1u);
    const std::string_view seen(static_cast<const char*>(view[0].iov_base), view[0].iov_len);
    EXPECT_EQ(seen, std::string_view(text).substr(offset, seen.size()));
  }
  std::array<iovec, 1> view{};
  EXPECT_EQ(body.views(300'000, view), 0u);
  EXPECT_EQ(body.views(300'001, view), 0u);
}

TEST_F(BodyTest, WhatIsReleasedIsGoneAndTheRestStays) {
  Body body(budget, 3 * 64 * 1024, 64 * 1024);
  const std::string text = pattern(3 * 64 * 1024);
  body.append(bytes_of(text));
  EXPECT_EQ(body.release_below(64 * 1024 - 1).size(), 0u);
  EXPECT_EQ(body.release_below(130'000).size(), 1u);
  EXPECT_EQ(body.released(), 64u * 1024);
  std::array<iovec, 1> view{};
  EXPECT_EQ(body.views(10, view), 0u);
  EXPECT_EQ(body.views(130'000, view), 1u);
  EXPECT_EQ(budget->used(), 2u * 64 * 1024);
}

TEST_F(BodyTest, ANewBodyChargesAndADeadOneGivesAllBack) {
  {
    Body body(budget, std::nullopt);
    body.append(bytes_of(pattern(1'000'000)));
    EXPECT_GE(budget->used(), 1'000'000u);
    body.complete();
  }
  EXPECT_EQ(budget->used(), 0u);
}

TEST_F(BodyTest, TextRestsAndComesBackWhole) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "#EXTINF:4.000,\nsegment" + std::to_string(i) + ".m4s\n";
  Body body(budget, text.size());
  body.append(bytes_of(text));
  body.complete();
  const auto resting = Body::rest(body, budget);
  ASSERT_TRUE(resting);
  EXPECT_TRUE(resting->is_resting());
  EXPECT_EQ(resting->size(), text.size());
  EXPECT_LT(resting->footprint(), body.footprint() / 2);
  std::array<iovec, 1> view{};
  EXPECT_EQ(resting->views(0, view), 0u);
  EXPECT_EQ(text_of(*Body::wake(*resting, budget)), text);
}

TEST_F(BodyTest, WhatDoesNotShrinkDoesNotRest) {
  std::string noise(10'000, ' ');
  uint32_t state = 1;
  for (char& c : noise) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  Body body(budget, noise.size());
  body.append(bytes_of(noise));
  body.complete();
  EXPECT_FALSE(Body::rest(body, budget));
}

}  // namespace
}  // namespace levee
