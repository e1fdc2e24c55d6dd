// The pure parts of the bundled origin: playlists, conditions, pace, capacity, bodies that both ends know.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bench/origin/answer.h"
#include "bench/origin/capacity_model.h"
#include "bench/origin/live_stream.h"
#include "bench/origin/media.h"
#include "bench/origin/pattern.h"
#include "bench/origin/site.h"

namespace levee::bench {
namespace {

Request get(const std::string& target, const std::string& fields = "") {
  return *parse_request("GET " + target + " HTTP/1.1\r\n" + fields);
}

TEST(LiveStream, ListsASegmentWhenItIsComplete) {
  const LiveStream stream;
  EXPECT_EQ(stream.newest(20'000), 9);
  EXPECT_EQ(stream.newest(21'999), 9);
  EXPECT_EQ(stream.newest(22'000), 10);
  EXPECT_TRUE(stream.exists(9, 20'000));
  EXPECT_FALSE(stream.exists(10, 20'000));
}

TEST(LiveStream, ListsTheSegmentInProductionWhenItIsDeliveredWhileItGrows) {
  const LiveStream stream{.at_once = true};
  EXPECT_EQ(stream.newest(20'000), 10);
  EXPECT_EQ(stream.begins_ms(10), 20'000);
  EXPECT_EQ(stream.ends_ms(10), 21'900);
}

TEST(LiveStream, HintsThePartAfterTheNewest) {
  const LiveStream stream{.part_ms = 500};
  EXPECT_TRUE(stream.playlist(20'600, "", ".bin")
                  .ends_with("URI=\"10.0.bin\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"10.1.bin\"\n"));
  EXPECT_TRUE(stream.playlist(20'000, "", ".bin").ends_with("TYPE=PART,URI=\"10.0.bin\"\n"));
}

TEST(LowLatency, AHintedPartIsHeldUntilItIsWholeAndNoneBeyondIt) {
  const Site site(SiteOptions{});
  const auto at = [&](const char* part) { return site.answer(get(std::string("/sim/1000x2000x500/") + part), 20'600); };
  EXPECT_EQ(at("10.0.bin").status, 200);
  EXPECT_EQ(at("10.1.bin").status, 200);
  EXPECT_EQ(at("10.1.bin").pace.begins_ms, 21'000);
  EXPECT_EQ(at("10.1.bin").pace.ends_ms, 21'000);
  EXPECT_EQ(at("10.2.bin").status, 404);
}

TEST(LowLatency, APlaylistIsHeldForWhatIsNearAndRefusedForTheRest) {
  const Site site(SiteOptions{});
  const auto at = [&](const char* query) {
    return site.answer(get(std::string("/sim/1000x2000x500/index.m3u8?") + query), 20'600);  // 10.0 is the newest part
  };
  EXPECT_EQ(at("_HLS_msn=10&_HLS_part=1").pace.begins_ms, 21'000);
  EXPECT_EQ(at("_HLS_msn=10").pace.begins_ms, 22'000);              // its last part
  EXPECT_EQ(at("_HLS_msn=10&_HLS_part=4").pace.begins_ms, 22'500);  // part 0 of the next
  EXPECT_EQ(at("_HLS_msn=11&_HLS_part=2").status, 200);             // six parts further: the limit at half a second
  EXPECT_EQ(at("_HLS_msn=11&_HLS_part=3").status, 400);
  EXPECT_EQ(at("_HLS_msn=11").status, 200);
  EXPECT_EQ(at("_HLS_msn=12").status, 400);
  EXPECT_EQ(at("_HLS_part=1").status, 400);                                                  // of which segment?
  EXPECT_EQ(site.answer(get("/sim/1000x2000/index.m3u8?_HLS_part=1"), 20'600).status, 200);  // it has no parts
}

TEST(LiveStream, ItsPlaylistSlides) {
  const LiveStream stream{.window = 2};
  const std::string text = stream.playlist(20'000, "init.mp4", ".m4s");
  EXPECT_NE(text.find("#EXT-X-MEDIA-SEQUENCE:8\n"), std::string::npos);
  EXPECT_NE(text.find("#EXTINF:2.000,\n8.m4s\n#EXTINF:2.000,\n9.m4s\n"), std::string::npos);
  EXPECT_EQ(text.find("10.m4s"), std::string::npos);
}

TEST(Pattern, AByteInTheWrongPlaceIsSeen) {
  const Pattern pattern("/a");
  const std::string bytes(pattern.at(1000).substr(0, 100));
  EXPECT_TRUE(pattern.matches(1000, bytes));
  EXPECT_FALSE(pattern.matches(1001, bytes));
  EXPECT_FALSE(Pattern("/b").matches(1000, bytes));
}

TEST(Site, AnswersARangeOfAnObject) {
  const Site site(SiteOptions{.media = ""});
  const Answer answer = site.answer(get("/object/1000/x", "Range: bytes=990-\r\n"), 0);
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.length, 10U);
  EXPECT_TRUE(Pattern("/object/1000/x").matches(990, answer.run(0)));
  EXPECT_NE(answer.fields.find("Content-Range: bytes 990-999/1000\r\n"), std::string::npos);
}

TEST(Site, SendsTheWholeWhenTheValidatorOfARangeIsAnother) {
  const Site site(SiteOptions{.media = ""});
  const std::string fields = "Range: bytes=990-\r\nIf-Range: \"other\"\r\n";
  EXPECT_EQ(site.answer(get("/object/1000/x", fields), 0).status, 200);
  EXPECT_EQ(site.answer(get("/object/1000/x", "If-None-Match: \"o1000\"\r\n"), 0).status, 304);
  EXPECT_EQ(site.answer(get("/object/1000/x", "Range: bytes=1000-\r\n"), 0).status, 416);
}

TEST(Site, HasSegmentsOfAnyBitRate) {
  const Site site(SiteOptions{.media = ""});
  EXPECT_EQ(site.answer(get("/sim/5000x1000/9.bin"), 10'000).length, 5000U);
  EXPECT_EQ(site.answer(get("/sim/5000x1000/10.bin"), 10'000).status, 404);
  EXPECT_EQ(site.answer(get("/sim/5000/9.bin"), 10'000).status, 404);
}

TEST(Site, TakesItsFaultsFromTheQueryToo) {
  const Site site(SiteOptions{.media = ""});
  const Answer answer = site.answer(get("/object/10/x?ttfb=50&rate=5&cc=max-age=60&status=503"), 0);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.pace.ttfb_ms, 50);
  EXPECT_EQ(answer.pace.rate, 5U);
  EXPECT_NE(answer.fields.find("Cache-Control: max-age=60\r\n"), std::string::npos);
}

TEST(Site, RefusesWhatItCannotBe) {
  const Site site(SiteOptions{.media = ""});
  const auto status = [&](const std::string& query) { return site.answer(get("/object/10/x?" + query), 0).status; };
  for (const char* bad : {"status=99999", "status=0", "status=199", "status=", "status=ok", "ttfb=-5", "ttfb=1s",
                          "rate=x", "ttfb=9223372036854775807", "rate=9223372036854775807", "chunked=2"}) {
    EXPECT_EQ(status(bad), 400) << bad;
  }
  EXPECT_EQ(status("status=999&ttfb=0&rate=0&chunked=0"), 999);
}

TEST(Pace, LetsASegmentGrowWithTheClock) {
  const Pace pace{.begins_ms = 1000, .ends_ms = 2000};
  EXPECT_EQ(pace.allowed(500, 0, 1500), 250U);
  EXPECT_EQ(pace.allowed(500, 0, 2000), 500U);
  EXPECT_EQ(Pace{.rate = 100}.allowed(500, 1000, 0), 100U);
  EXPECT_EQ((Pace{.begins_ms = 1000, .ends_ms = 1000}.allowed(500, 0, 999)),
            500U);  // there as a whole, a timer's grain early
}

TEST(CapacityModel, ServesQueuesAndRefuses) {
  CapacityModel model({.slots = 1, .service_ms = 10, .queue = 1});
  std::vector<int> started;
  const auto start = [&](int who) { return [&started, who](int64_t) { started.push_back(who); }; };
  EXPECT_EQ(model.enter(1, start(1)), CapacityModel::Entry::kServed);
  EXPECT_EQ(model.enter(2, start(2)), CapacityModel::Entry::kQueued);
  EXPECT_EQ(model.enter(3, start(3)), CapacityModel::Entry::kRefused);
  model.leave();
  EXPECT_EQ(started, (std::vector<int>{1, 2}));
}

TEST(CapacityModel, AChangeStartsThoseWhoFitAndInterruptsNobody) {
  CapacityModel model({.slots = 1, .service_ms = 10, .queue = 5});
  int started = 0;
  for (uint64_t ticket = 1; ticket <= 4; ++ticket) model.enter(ticket, [&](int64_t) { ++started; });
  model.change({.slots = 3, .service_ms = 10, .queue = 5});
  EXPECT_EQ(started, 3);
  model.change({.slots = 1, .service_ms = 10, .queue = 5});
  model.leave();
  EXPECT_EQ(started, 3);
  EXPECT_EQ(model.serving(), 2U);
  model.leave();
  model.leave();
  EXPECT_EQ(started, 4);
}

TEST(CapacityModel, OneThatGaveUpIsNotServed) {
  CapacityModel model({.slots = 1, .service_ms = 10, .queue = 5});
  bool served = false;
  model.enter(1, [](int64_t) {});
  model.enter(2, [&](int64_t) { served = true; });
  model.abandon(2);
  model.leave();
  EXPECT_FALSE(served);
  EXPECT_EQ(model.serving(), 0U);
}

TEST(CapacityModel, SlowsDownPastWhatItBears) {
  CapacityModel model({.slots = 1, .service_ms = 10, .queue = 100, .collapse_past = 2});
  int64_t last = 0;
  for (uint64_t i = 0; i < 9; ++i) model.enter(i, [&](int64_t service_ms) { last = service_ms; });
  EXPECT_EQ(last, 10);
  model.leave();  // 7 still wait
  EXPECT_EQ(last, 35);
}

TEST(CapacityModel, WithoutSlotsNobodyIsHeld) {
  CapacityModel model({.slots = 0, .service_ms = 10});
  int64_t service = -1;
  EXPECT_EQ(model.enter(1, [&](int64_t service_ms) { service = service_ms; }), CapacityModel::Entry::kServed);
  EXPECT_EQ(service, 0);
}

// Each is the next one's turn: were it a call inside of a call, the stack would end before the queue.
TEST(CapacityModel, AQueueOfThoseWhoNeedNoTimeIsServedInARow) {
  CapacityModel model({.slots = 1, .queue = 1'000'000});
  model.enter(0, [](int64_t) {});
  int served = 0, inside = 0, deepest = 0;
  for (uint64_t ticket = 1; ticket <= 1000; ++ticket) {
    model.enter(ticket, [&](int64_t) {
      deepest = std::max(deepest, ++inside);
      ++served;
      model.leave();
      --inside;
    });
  }
  model.leave();
  EXPECT_EQ(served, 1000);
  EXPECT_EQ(deepest, 1);
  EXPECT_EQ(model.serving(), 0U);
}

// The decode time of the first track, which stands in the first tfdt box.
uint64_t first_time(const std::string& segment) {
  const size_t at = segment.find("tfdt");
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(segment[at + 8 + i]);
  return value;
}

TEST(Media, ItsTimeGoesOnWhereTheLoopBegins) {
  const auto media = Media::load("bench/media");
  ASSERT_TRUE(media);
  for (int64_t sequence = 0; sequence < 20; ++sequence) {
    EXPECT_EQ(first_time(media->fmp4(sequence + 1)) - first_time(media->fmp4(sequence)), 2U * 12800) << sequence;
  }
}

TEST(Media, ItsPacketCountersGoOnWhereTheLoopBegins) {
  const auto media = Media::load("bench/media");
  ASSERT_TRUE(media);
  std::vector<int> next(8192, -1);
  for (int64_t sequence = 100; sequence < 120; ++sequence) {
    const std::string data = media->ts(sequence);
    for (size_t at = 0; at < data.size(); at += 188) {
      const auto byte = [&](size_t i) { return static_cast<unsigned char>(data[at + i]); };
      const size_t pid = (byte(1) & 0x1fU) << 8 | byte(2);
      if ((byte(3) & 0x10) == 0) continue;
      const int counter = byte(3) & 0x0f;
      ASSERT_TRUE(next[pid] < 0 || counter == next[pid]) << sequence << " " << pid;
      next[pid] = (counter + 1) & 0x0f;
    }
  }
}

}  // namespace
}  // namespace levee::bench
