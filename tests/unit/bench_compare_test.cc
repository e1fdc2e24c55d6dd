// The tables that `levee-bench compare` makes of what it measured.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "bench/compare/case.h"
#include "bench/compare/rounds.h"
#include "bench/compare/tables.h"

namespace levee::bench {
namespace {

using testing::HasSubstr;
using testing::Not;

Json results() {
  return Json::parse(R"({
    "machine": {"date": "2026-01-02T03:04:05Z", "cores": 2, "cpu": "A <fast> one", "versions": {"nginx": "1.22"}},
    "quick": false,
    "scenarios": {"hits": {"title": "Hits & more",
      "headlines": [{"as": "ratio", "what": "cpu_us", "label": "1 KiB hits"},
                    {"as": "ms", "what": "p99", "label": "p99"}, {"as": "count", "what": "most", "label": "most"}],
      "peers": {"levee": {"cpu_us": 5, "p99": 2.26, "most": 8}, "nginx": {"cpu_us": 10, "p99": 1490, "most": 12345}},
      "rounds": {"levee": [{"cpu_us": 5}, {"cpu_us": 4}], "nginx": [{"cpu_us": 10}, {"cpu_us": 8}]},
      "not_measured": {"ats": "does not start"}}},
    "micro": {"parse": 123.4}})");
}

TEST(Compare, ARatioIsThePeersRequestsPerCpuSecondToNginxs) {
  EXPECT_THAT(markdown_table(results()), HasSubstr("| 1 KiB hits | **2.00** | 1.00 | | | | |\n"));
}

TEST(Compare, FiguresHaveTheirUnitsAndAsManyDigitsAsAreOfUse) {
  EXPECT_THAT(markdown_table(results()), HasSubstr("| p99 | **2.3 ms** | 1,490 ms | | | | |\n"));
  EXPECT_THAT(markdown_table(results()), HasSubstr("| most | **8** | 12,345 | | | | |\n"));
}

TEST(Compare, TheTableSaysWhenAndWhereItWasMeasured) {
  EXPECT_THAT(markdown_table(results()), HasSubstr("2026-01-02, 2 cores, A <fast> one"));
  Json shortened = results();
  EXPECT_THAT(markdown_table(shortened), Not(HasSubstr("shortened")));
  shortened["quick"] = true;
  EXPECT_THAT(markdown_table(shortened), HasSubstr("shortened"));
}

TEST(Compare, TheTerminalSaysWhatWasNotMeasured) {
  const Json all = results();
  const std::string text = terminal_table("hits", all.at("scenarios").at("hits"));
  EXPECT_THAT(text, HasSubstr("cpu_us 5.00"));
  EXPECT_THAT(text, HasSubstr("2.00 x nginx"));
  EXPECT_THAT(text, HasSubstr("ats not measured: does not start"));
}

TEST(Compare, HowFarItsRoundsAreApartStandsBesideARatio) {
  Json all = results();
  Json& hits = all["scenarios"]["hits"];
  EXPECT_THAT(terminal_table("hits", hits), Not(HasSubstr("2.00 to")));
  hits["rounds"]["nginx"][1]["cpu_us"] = 12;
  EXPECT_THAT(terminal_table("hits", hits), HasSubstr("2.50 x nginx (2.00 to 3.00)"));
  EXPECT_THAT(html_page(all), HasSubstr("2.50 (2.00 to 3.00)"));
  EXPECT_THAT(markdown_table(all), HasSubstr("**2.50** |"));
}

TEST(Compare, ABusyMachineIsSaid) {
  Json all = results();
  EXPECT_THAT(markdown_table(all), Not(HasSubstr("load")));
  all["machine"]["load_before"] = 7.4;
  EXPECT_THAT(markdown_table(all), HasSubstr("2 cores, A <fast> one, beside other work (load 7.4):"));
}

Json plan_results() {
  return Json::parse(R"({"title": "evening: A <big> one",
    "headlines": [{"as": "ms", "what": "p99", "label": "start-up p99"}, {"as": "ratio", "what": "cpu_us", "label": "answers"}],
    "peers": {"nginx": {"p99": 1490, "cpu_us": 10}, "levee": {"cpu_us": 8}},
    "rounds": {"nginx": [{"cpu_us": 10}], "levee": [{"cpu_us": 8}]},
    "verdicts": {"nginx": {"held": 1, "rounds": 3, "says": "It does not hold: errors"},
                 "levee": {"held": 3, "rounds": 3, "says": "It holds."}},
    "not_measured": {"varnish": "does not start"}})");
}

TEST(Compare, APlansTableHasAColumnForEachServerWithItsVerdict) {
  EXPECT_EQ(plan_table(plan_results()),
            "evening: A <big> one\n"
            "                                                  Levee        nginx\n"
            "  verdict                                         holds       1 of 3\n"
            "  start-up p99                                        -     1,490 ms\n"
            "  answers a CPU second, by nginx's                 1.25         1.00\n"
            "  nginx: It does not hold: errors\n"
            "  varnish not measured: does not start\n");
}

TEST(Compare, AServerThatWasNotJudgedIsNotSaidToBreak) {
  Json plan = plan_results();
  Json& nginx = plan["verdicts"]["nginx"];
  nginx = {{"held", 0}, {"unjudged", 3}, {"rounds", 3}, {"says", "No verdict: the generator was late"}};
  EXPECT_THAT(plan_table(plan), HasSubstr("  verdict                                         holds   no verdict\n"));
  Json all = results();
  all["scenarios"]["evening"] = plan;
  EXPECT_THAT(html_page(all), HasSubstr("class=\"unsure\">held 0 of 3<br>no verdict on 3</td>"));
  nginx["unjudged"] = 2;
  EXPECT_THAT(plan_table(plan), HasSubstr("       holds       0 of 3\n"));
  nginx["unjudged"] = 0;
  EXPECT_THAT(plan_table(plan), HasSubstr("       holds     does not\n"));
}

TEST(Compare, ThePageHasAPlansVerdicts) {
  Json all = results();
  all["scenarios"]["evening"] = plan_results();
  EXPECT_THAT(html_page(all), HasSubstr("held 1 of 3</td><td>It does not hold: errors"));
}

TEST(Rounds, TheirMedianIsOfTheRoundsThatHaveAFigure) {
  const std::vector<Json> rounds = {{{"a", 1.0}, {"b", 1.0}}, {{"a", 50.0}}, {{"a", 3.0}, {"b", 4.0}, {"c", 7.0}}};
  EXPECT_EQ(medians(rounds), (Json{{"a", 3.0}, {"b", 2.5}, {"c", 7.0}}));
}

TEST(Rounds, ARatioIsOfFiguresOfTheSameRound) {
  const Json base = {{{"a", 10.0}}, {{"a", 100.0}}, {{"a", 9.0}}, {{"a", 7.0}}};
  EXPECT_EQ(paired_ratio(base, {{{"a", 5.0}}, {{"a", 50.0}}, {{"a", 1.0}}}, "a"), (Ratio{2, 2, 9}));
  EXPECT_EQ(paired_ratio(base, {Json::object(), {{"a", 25.0}}, {{"a", 0.0}}}, "a"), (Ratio{4, 4, 4}))
      << "one failed, one took nothing";
  EXPECT_EQ(paired_ratio(base, Json::array(), "a"), std::nullopt);
}

TEST(Compare, ThePageStandsAlone) {
  const std::string page = html_page(results());
  EXPECT_THAT(page, HasSubstr("Hits &amp; more"));
  EXPECT_THAT(page, HasSubstr("A &lt;fast&gt; one"));
  EXPECT_THAT(page, HasSubstr("12,345"));
  EXPECT_THAT(page, HasSubstr("ats not measured"));
  EXPECT_THAT(page, Not(HasSubstr("http")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
}

TEST(Compare, EveryServerOfEveryScenarioHasAConfiguration) {
  std::set<std::string> names;
  for (const bool quick : {false, true}) {
    for (const auto& scenarios : {speed_scenarios(quick), overload_scenarios(quick)}) {
      for (const Scenario& scenario : scenarios) {
        names.insert(scenario.name);
        EXPECT_FALSE(scenario.headlines.empty()) << scenario.name;
        for (const std::string& server : scenario.servers) {
          EXPECT_TRUE(std::filesystem::exists("bench/peers/" + server + "/peer.conf")) << server;
        }
      }
    }
  }
  EXPECT_EQ(names.size(), 17U);
}

}  // namespace
}  // namespace levee::bench
