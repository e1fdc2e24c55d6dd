// The report and its charts, the live picture, and what a cache says of itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "bench/figures/chart.h"
#include "bench/rehearse/page.h"
#include "bench/rehearse/screen.h"
#include "bench/viewer/cache_word.h"

namespace levee::bench {
namespace {

size_t count(const std::string& text, const std::string& word) {
  size_t found = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

TEST(Chart, ItsLinesAreRoundNumbers) {
  EXPECT_EQ(ticks(7, Chart::Scale::kCount), (std::vector<double>{0, 2, 4, 6, 8}));
  EXPECT_EQ(ticks(900, Chart::Scale::kCount), (std::vector<double>{0, 500, 1000}));
  EXPECT_EQ(ticks(0, Chart::Scale::kCount), (std::vector<double>{0, 1}));
  EXPECT_EQ(ticks(300, Chart::Scale::kMilliseconds), (std::vector<double>{0.1, 1, 10, 100, 1000}));
}

TEST(Chart, ValuesHaveUnits) {
  EXPECT_EQ(scaled(2500, Chart::Scale::kMilliseconds), "2.5 s");
  EXPECT_EQ(scaled(0.1, Chart::Scale::kMilliseconds), "0.1 ms");
  EXPECT_EQ(scaled(0.25, Chart::Scale::kShare), "25 %");
  EXPECT_EQ(scaled(12'000, Chart::Scale::kCount), "12 k");
}

TEST(Chart, ASecondWithoutALatencyIsAGap) {
  const Chart chart{.title = "a", .scale = Chart::Scale::kMilliseconds, .series = {{"p99", "c1", {1, 0, 5, 5}}}};
  const std::string line = chart_html(chart);
  const size_t at = line.find("d=\"");
  EXPECT_EQ(count(line.substr(at, line.find('"', at + 3) - at), "M"), 2U);
}

TEST(Chart, AMarkAtTheEndIsNotCutOff) {
  Chart chart{.title = "a", .series = {{"b", "c1", {1, 2, 3, 4}}}};
  chart.marks = {{1, "a mark"}, {4, "broken"}};
  const std::string html = chart_html(chart);
  EXPECT_EQ(count(html, "class=\"mark\" text-anchor=\"end\""), 1U) << html;
  EXPECT_EQ(count(html, "class=\"mark\" text-anchor=\"middle\""), 1U) << html;
}

TEST(Chart, WhatItIsToldCannotBreakThePage) {
  Chart chart{.title = "<script>\"'&", .series = {{"<b>", "c1", {1, 2}}}};
  chart.marks.push_back({1, "<i>"});
  const std::string html = chart_html(chart);
  EXPECT_EQ(html.find("<script>"), std::string::npos);
  EXPECT_EQ(html.find("<i>"), std::string::npos);
  EXPECT_NE(html.find("&lt;script&gt;&quot;&#39;&amp;"), std::string::npos);
}

class ReportTest : public testing::Test {
 protected:
  ReportTest() {
    plan_.name = "evening";
    plan_.file = "evening.plan";
    plan_.arrivals.push_back({.count = 10});
    plan_.promises.push_back({.measure = *measure_named("errors"), .most = 0.01, .line = 3});
    for (int i = 0; i < 3; ++i) {
      Moment moment;
      moment.of.viewers = 10;
      moment.values[plan_.promises[0].measure] = i > 0 ? 0.5 : 0.0;
      outcome_.seconds.push_back(moment);
    }
    outcome_.events.push_back({1500, "kill <node2>"});
    outcome_.origin = OriginCounts{.requests = 20, .least = 10};
    outcome_.took_s = 3;
    outcome_.verdict =
        judge(plan_.promises, {outcome_.seconds[0].values, outcome_.seconds[1].values, outcome_.seconds[2].values}, {});
  }
  Plan plan_;
  Outcome outcome_;
};

TEST_F(ReportTest, ThePageSaysTheVerdictAndNeedsNoNetwork) {
  const std::string page =
      report_page(plan_, outcome_, {.date = "now", .machine = "here", .plan_text = "viewers <9>;"});
  EXPECT_NE(page.find("It does not hold."), std::string::npos);
  EXPECT_NE(page.find("errors at most 1.0 % broke first, at 2 s"), std::string::npos);
  EXPECT_NE(page.find("kill &lt;node2&gt;"), std::string::npos);
  EXPECT_NE(page.find("viewers &lt;9&gt;;"), std::string::npos);
  EXPECT_GT(count(page, "<svg"), 5U);
  EXPECT_EQ(count(page, "<svg"), count(page, "</svg>"));
  for (const char* const outside : {"http://", "https://", "src=", "url(", "<script"}) {
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
}

TEST_F(ReportTest, ThePictureAlwaysHasAsManyLines) {
  const std::string before = picture(plan_, outcome_, 80, 40);
  outcome_.events.clear();
  EXPECT_EQ(count(picture(plan_, outcome_, 200, 40), "\n"), count(before, "\n"));
  EXPECT_NE(before.find("kill <node2>"), std::string::npos);
}

TEST_F(ReportTest, ThePictureFitsTheTerminal) {
  outcome_.events.push_back({2000, std::string(300, 'x')});
  outcome_.seconds[2].of.requests = 1;
  for (const size_t width : {20U, 59U, 80U, 200U}) {
    std::istringstream lines(picture(plan_, outcome_, width, 40));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(std::ranges::count_if(line, [](char byte) { return (byte & 0xC0) != 0x80; }), width) << line;
    }
  }
  EXPECT_EQ(count(picture(plan_, outcome_, 80, 5), "\n"), 5U);
  EXPECT_NE(picture(plan_, outcome_, 80, 5).find("█"), std::string::npos);  // whole characters
}

TEST_F(ReportTest, APictureThatIsNarrowShowsTheNewestSecondsAndTheClock) {
  plan_.name = "an-evening-with-a-long-name";
  plan_.duration = std::chrono::seconds(60);
  outcome_.seconds.assign(30, Moment{});
  outcome_.seconds.back().of.requests = 1;
  for (const size_t width : {40U, 50U, 60U, 200U}) {
    std::istringstream lines(picture(plan_, outcome_, width, 40));
    std::string title, line;
    std::getline(lines, title);
    EXPECT_TRUE(title.ends_with("  30 of 60 s")) << title;
    while (line.find("requests ") == std::string::npos && std::getline(lines, line)) {
    }
    EXPECT_TRUE(line.ends_with("█")) << line;
  }
}

TEST_F(ReportTest, ALineTellsOfSeveralSeconds) {
  outcome_.seconds[1].of.requests = 90;
  outcome_.seconds[2].of.requests = 10;
  EXPECT_NE(line_of_seconds(outcome_, 2).find("requests/s 50 "), std::string::npos);
  EXPECT_NE(line_of_seconds(outcome_, 9).find("requests/s 33 "), std::string::npos);
}

TEST_F(ReportTest, WhatNoAnswerSaidIsNoHitRatio) {
  outcome_.seconds.back().of.answered = outcome_.tally.total.answered = 9;
  EXPECT_NE(line_of_seconds(outcome_, 2).find("hits     -  stalled"), std::string::npos);
  EXPECT_EQ(report_page(plan_, outcome_, {}).find("hits and collapsed"), std::string::npos);
  outcome_.seconds.back().of.told = outcome_.tally.total.told = 4;
  outcome_.seconds.back().of.hits = outcome_.tally.total.hits = 3;
  EXPECT_NE(line_of_seconds(outcome_, 2).find("hits  75 %  stalled"), std::string::npos);
  EXPECT_NE(picture(plan_, outcome_, 80, 40).find("75.0 %"), std::string::npos);
  EXPECT_NE(report_page(plan_, outcome_, {}).find("<b>75.00 %</b><span>hits and collapsed"), std::string::npos);
}

TEST(CacheWord, IsReadFromWhatCachesSay) {
  const auto word = [](std::string_view fields) {
    ResponseHead head;
    head.fields = fields;
    return cache_word(head);
  };
  EXPECT_EQ(word("Cache-Status: levee; hit; ttl=3\r\n"), CacheWord::kHit);
  EXPECT_EQ(word("Cache-Status: levee; fwd=miss; collapsed\r\n"), CacheWord::kCollapsed);
  EXPECT_EQ(word("Cache-Status: levee; fwd=miss\r\nX-Cache: HIT\r\n"), CacheWord::kMiss);
  EXPECT_EQ(word("Cache-Status: shield;hit, edge; fwd=miss\r\n"), CacheWord::kHit);
  EXPECT_EQ(word("Cache-Status: a; hit=?0\r\n"), CacheWord::kMiss);
  EXPECT_EQ(word("X-Cache-Status: HIT\r\n"), CacheWord::kHit);
  for (const std::string hit :
       {"STALE", "UPDATING", "REVALIDATED", "hit", "Hit from cloudfront", "RefreshHit from cloudfront", "MISS, HIT",
        "TCP_MEM_HIT from a1 (AkamaiGHost)", "hit-fresh", "hit cached"}) {
    EXPECT_EQ(word("X-Cache: " + hit + "\r\n"), CacheWord::kHit) << hit;
    EXPECT_EQ(word("x-cache-status: " + hit + "\r\n"), CacheWord::kHit) << hit;
  }
  for (const std::string miss : {"MISS", "EXPIRED", "BYPASS", "Miss from cloudfront", "MISS from white.example",
                                 "DYNAMIC", "hit-stale", "HITPASS"}) {
    EXPECT_EQ(word("X-Cache: " + miss + "\r\n"), CacheWord::kMiss) << miss;
  }
  EXPECT_EQ(word("X-Cache-Status: -\r\nServer: x\r\n"), CacheWord::kNone) << "nginx, where it did not look";
}

}  // namespace
}  // namespace levee::bench
