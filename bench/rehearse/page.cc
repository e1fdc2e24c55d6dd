#include "bench/rehearse/page.h"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "bench/figures/chart.h"
#include "bench/figures/print.h"
#include "bench/rehearse/outcome_text.h"

namespace levee::bench {
namespace {

constexpr const char* kStyle = R"(
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1d2430;--soft:#5c6675;--grid:#e3e7ec;--c1:#2563c9;--c2:#d2620a;
--c3:#1d8a57;--c4:#c22f3d;--good:#17784a;--goodbg:#e2f4ea;--bad:#b3202f;--badbg:#fbe6e8;--none:#8a5a00;--nonebg:#fdf1d8}
@media(prefers-color-scheme:dark){:root{--bg:#14171c;--card:#1d2128;--ink:#e6e9ee;--soft:#9aa5b4;--grid:#323943;--c1:#6ea4ff;
--c2:#ff9b4d;--c3:#4fce91;--c4:#ff7582;--good:#62d69b;--goodbg:#16352a;--bad:#ff8591;--badbg:#3d1d22;--none:#f3c05f;--nonebg:#3a2d12}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
main{max-width:960px;margin:0 auto;padding:28px 20px 48px}h1{font-size:24px;margin:0}h2{font-size:17px;margin:34px 0 10px}
.about{color:var(--soft);margin:2px 0 18px}.verdict{border-radius:10px;padding:16px 20px;margin:0 0 18px;border-left:8px solid}
.verdict b{display:block;font-size:26px;line-height:1.2}.holds{background:var(--goodbg);border-color:var(--good)}
.holds b{color:var(--good)}.breaks{background:var(--badbg);border-color:var(--bad)}.breaks b{color:var(--bad)}
.none{background:var(--nonebg);border-color:var(--none)}.none b{color:var(--none)}
table{border-collapse:collapse;width:100%;background:var(--card);border-radius:10px;overflow:hidden}
th,td{text-align:left;padding:7px 12px;border-bottom:1px solid var(--grid);vertical-align:top}tr:last-child td{border-bottom:0}
th{font-weight:600;color:var(--soft);font-size:13px}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.k{width:1%}td.n{white-space:nowrap}td small{color:var(--soft);display:block}.kept{color:var(--good);font-weight:600}.broken{color:var(--bad);font-weight:600}
.unsure{color:var(--none);font-weight:600}.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px}
.tile{background:var(--card);border-radius:10px;padding:10px 14px}.tile b{display:block;font-size:20px;white-space:nowrap}
.tile span{color:var(--soft);font-size:13px}figure{margin:0 0 14px;background:var(--card);border-radius:10px;padding:12px 14px 6px}
figcaption{font-size:14px;margin-bottom:4px}figcaption span{color:var(--soft);margin-left:6px}
.legend{float:right;font-size:13px}svg{width:100%;height:auto;display:block}.grid{stroke:var(--grid);stroke-width:1}
.tick{fill:var(--soft);font-size:12px}.unit{fill:var(--soft);font-size:12px;font-style:italic}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.area{opacity:.14;stroke:none}
.line.c1{stroke:var(--c1)}.line.c2{stroke:var(--c2)}.line.c3{stroke:var(--c3)}.line.c4{stroke:var(--c4)}
.area.c1{fill:var(--c1)}.area.c2{fill:var(--c2)}.area.c3{fill:var(--c3)}.area.c4{fill:var(--c4)}
.key{display:inline-block;width:14px;height:3px;margin:0 5px 3px 10px;vertical-align:middle}.key.c1{background:var(--c1)}
.key.c2{background:var(--c2)}.key.c3{background:var(--c3)}.key.c4{background:var(--c4)}
.key.limit{background:none;border-top:2px dashed var(--soft)}line.limit{stroke:var(--soft);stroke-dasharray:6 4;stroke-width:1.5}
line.mark{stroke:var(--soft);stroke-dasharray:2 3}text.mark{fill:var(--soft);font-size:11px}
line.broke{stroke:var(--bad);stroke-dasharray:none;stroke-width:1.5}text.broke{fill:var(--bad);font-weight:600}
.tip{fill:transparent}.tip:hover{fill:var(--ink);fill-opacity:.07}pre{background:var(--card);border-radius:10px;padding:12px 14px;
overflow:auto;font-size:13px}.wide{overflow-x:auto}summary{cursor:pointer;color:var(--soft)}footer{color:var(--soft);font-size:13px;margin-top:26px}
@media(max-width:640px){main{padding:18px 10px 32px}th,td{padding:6px 7px}figure{padding-bottom:18px}
svg{overflow:visible;margin-top:16px}.tick,.unit{font-size:26px}text.mark{font-size:22px}.unit{transform:translateY(-24px)}
.tick.second{transform:translateY(9px)}.unit.second{transform:translateY(30px)}.line{stroke-width:4}.grid,line.mark{stroke-width:2}
.legend{float:none;display:block}.key{margin-left:0}.legend .key~.key{margin-left:10px}}
)";

using Of = std::function<double(const Moment&)>;

Chart::Series series(const Outcome& outcome, std::string name, std::string colour, const Of& of, bool filled = false) {
  Chart::Series made{.name = std::move(name), .colour = std::move(colour), .values = {}, .filled = filled};
  for (const Moment& moment : outcome.seconds) made.values.push_back(of(moment));
  return made;
}

// Faults by their letters, and where the first promise broke.
std::vector<Chart::Mark> marks(const Outcome& outcome) {
  std::vector<Chart::Mark> made;
  for (size_t i = 0; i < outcome.events.size(); ++i) {
    made.push_back({.second = static_cast<double>(outcome.events[i].at_ms) / 1000,
                    .label = std::string(1, static_cast<char>('A' + i % 26))});
  }
  const auto& first = outcome.verdict.first;
  if (first) {
    made.push_back({.second = static_cast<double>(*outcome.verdict.judged[*first].second + 1),
                    .label = "broken",
                    .is_break = true});
  }
  std::sort(made.begin(), made.end(), [](const Chart::Mark& a, const Chart::Mark& b) { return a.second < b.second; });
  return made;
}

std::optional<double> limit_of(const Plan& plan, std::string_view measure) {
  for (const Promise& promise : plan.promises) {
    if (kMeasures[promise.measure].name == measure) return promise.most;
  }
  return std::nullopt;
}

std::string banner(const Plan& plan, const Outcome& outcome) {
  const Verdict::Kind kind = outcome.verdict.kind;
  const char* const look = kind == Verdict::Kind::kHolds ? "holds" : kind == Verdict::Kind::kBreaks ? "breaks" : "none";
  const std::string line = verdict_line(plan, outcome);
  const size_t end = std::min(line.find(kind == Verdict::Kind::kHolds ? '.' : ':'), line.size());
  std::string rest = line.substr(std::min(end + 1, line.size()));
  if (kind == Verdict::Kind::kHolds) {
    rest = "Every promise was kept for " + print("%.0f seconds", outcome.took_s) +
           (outcome.tally.joined > 0 ? " and " + std::to_string(outcome.tally.joined) + " arrivals." : ".");
  }
  return print("<div class=\"verdict %s\"><b>", look) + escaped(line.substr(0, end)) + ".</b>" + escaped(rest) +
         "</div>\n";
}

std::string promises(const Outcome& outcome) {
  std::string text =
      "<table><tr><th>Promise</th><th class=\"n\">at most</th><th class=\"n\">measured</th><th>verdict</th></tr>\n";
  for (const Judged& judged : outcome.verdict.judged) {
    const Measure& measure = kMeasures[judged.promise.measure];
    const bool kept = judged.kind == Judged::Kind::kKept;
    const bool broken = judged.kind == Judged::Kind::kBroken;
    text += "<tr><td>" + std::string(measure.name) + "<small>" + std::string(measure.help) +
            "</small></td><td class=\"n\">" + with_unit(judged.promise.most, measure.unit) + "</td><td class=\"n\">" +
            (judged.value ? with_unit(*judged.value, measure.unit) : "nothing") + "</td><td class=\"" +
            (kept     ? "kept\">kept"
             : broken ? "broken\">broken"
                      : "unsure\">not judged");
    if (judged.second) text += " since " + std::to_string(*judged.second + 1) + " s";
    text += "</td></tr>\n";
  }
  return text + "</table>\n";
}

std::string tiles(const Plan& plan, const Outcome& outcome) {
  const ViewerTally& tally = outcome.tally;
  std::string text = "<div class=\"tiles\">";
  const auto tile = [&text](const std::string& value, const std::string& what) {
    text += "<div class=\"tile\"><b>" + escaped(value) + "</b><span>" + escaped(what) + "</span></div>";
  };
  uint32_t most = 0;
  for (const Moment& moment : outcome.seconds) most = std::max(most, moment.of.viewers);
  if (!plan.arrivals.empty()) tile(std::to_string(most), "viewers at a time");
  tile(scaled(tally.total.requests, Chart::Scale::kCount), "requests");
  if (outcome.took_s > 0) {
    tile(print("%.1f Mb/s", static_cast<double>(tally.total.bytes) * 8 / 1e6 / outcome.took_s),
         "to clients, on average");
  }
  if (const Second& total = tally.total; total.told > 0) {
    tile(print("%.2f %%", 100.0 * (total.hits + total.collapsed) / total.told), "hits and collapsed");
  }
  if (outcome.origin) {
    tile(std::to_string(outcome.origin->requests), "origin requests; least " + std::to_string(outcome.origin->least));
    tile(std::to_string(outcome.origin->most_active), "at the origin at a time");
  }
  if (outcome.node_cpu_s > 0) tile(print("%.2f s", outcome.node_cpu_s), "processor time of the nodes");
  return text + "</div>\n";
}

double ratio(uint32_t part, uint32_t whole) {
  return whole > 0 ? static_cast<double>(part) / whole : 0;
}

std::string draw(Chart chart, const Outcome& outcome) {
  chart.marks = marks(outcome);
  return chart_html(chart);
}

std::string audience_charts(const Plan& plan, const Outcome& outcome) {
  const auto stalls = [](const Moment& m) { return m.of.stalls; };
  return draw({.title = "Viewers",
               .note = "who watch, and who wait for media",
               .unit = "viewers",
               .series = {series(
                              outcome, "watching", "c1", [](const Moment& m) { return m.of.viewers; }, true),
                          series(
                              outcome, "stalled", "c4", [](const Moment& m) { return m.of.stalled; }, true)}},
              outcome) +
         draw({.title = "Start-up",
               .note = "p99 from joining to the first frame, of those who saw it in that second",
               .scale = Chart::Scale::kMilliseconds,
               .series = {series(outcome, "p99", "c2", [](const Moment& m) { return m.start_up_p99_ms; })},
               .limit = limit_of(plan, "start_up_p99")},
              outcome) +
         draw({.title = "Stalls that began",
               .unit = "per second",
               .series = {series(outcome, "stalls", "c4", stalls, true)}},
              outcome);
}

// Nothing where no answer said.
std::string cache_chart(const Outcome& outcome) {
  if (outcome.tally.total.told == 0) return {};
  const auto hits = [](const Moment& m) { return ratio(m.of.hits, m.of.told); };
  const auto spared = [](const Moment& m) { return ratio(m.of.hits + m.of.collapsed, m.of.told); };
  return draw(
      {.title = "Answers from the cache",
       .note = "hits, and those who shared another's fetch, of the answers that say",
       .scale = Chart::Scale::kShare,
       .series = {series(outcome, "hits", "c3", hits, true), series(outcome, "hits and collapsed", "c1", spared)}},
      outcome);
}

std::string request_charts(const Plan& plan, const Outcome& outcome) {
  const std::string_view measure = plan.arrivals.empty() ? "request_first_byte_p99" : "segment_first_byte_p99";
  return draw({.title = "First byte",
               .note = "of segments and plain requests, from when each was due",
               .scale = Chart::Scale::kMilliseconds,
               .series = {series(outcome, "p99", "c2", [](const Moment& m) { return m.first_byte_p99_ms; }),
                          series(outcome, "p50", "c1", [](const Moment& m) { return m.first_byte_p50_ms; })},
               .limit = limit_of(plan, measure)},
              outcome) +
         cache_chart(outcome) +
         draw({.title = "Requests of clients",
               .unit = "per second",
               .series = {series(
                              outcome, "requests", "c1", [](const Moment& m) { return m.of.requests; }, true),
                          series(outcome, "errors", "c4", [](const Moment& m) { return m.of.errors; })}},
              outcome);
}

std::string origin_chart(const Plan& plan, const Outcome& outcome) {
  const auto requests = [](const Moment& m) { return static_cast<double>(m.origin_requests); };
  return draw({.title = "Origin",
               .note = "what it was asked, and how much of it at a time",
               .unit = "requests",
               .series = {series(outcome, "per second", "c2", requests, true),
                          series(outcome, "at a time", "c4", [](const Moment& m) { return m.origin_active; })},
               .limit = limit_of(plan, "origin_concurrency")},
              outcome);
}

std::string lag_chart(const Outcome& outcome) {
  return draw(
      {.title = "Generator's lag",
       .note = "how late this program itself was: past 50 ms times, past 1 s all but wrong bodies may be its doing",
       .scale = Chart::Scale::kMilliseconds,
       .series = {series(outcome, "p99", "c1", [](const Moment& m) { return m.lag_p99_ms; })},
       .limit = kLagMostMs,
       .limit_word = "too late past"},
      outcome);
}

std::string charts(const Plan& plan, const Outcome& outcome) {
  return (plan.arrivals.empty() ? "" : audience_charts(plan, outcome)) + request_charts(plan, outcome) +
         (outcome.origin ? origin_chart(plan, outcome) : "") + lag_chart(outcome);
}

std::string events(const Outcome& outcome) {
  if (outcome.events.empty()) return {};
  std::string text =
      "<h2>What happened</h2><table><tr><th class=\"k\"></th><th class=\"n k\">at</th><th>what</th></tr>\n";
  for (size_t i = 0; i < outcome.events.size(); ++i) {
    text += print("<tr><td><b>%c</b></td><td class=\"n\">%.1f s</td><td>", static_cast<char>('A' + i % 26),
                  static_cast<double>(outcome.events[i].at_ms) / 1000) +
            escaped(outcome.events[i].what) + "</td></tr>\n";
  }
  return text + "</table>\n";
}

std::string latencies(const Outcome& outcome) {
  std::string text =
      "<h2>Latencies</h2><div class=\"wide\"><table><tr><th></th><th class=\"n\">count</th><th class=\"n\">p50</th><th "
      "class=\"n\">p90</th>"
      "<th class=\"n\">p99</th><th class=\"n\">p99.9</th><th class=\"n\">most</th></tr>\n";
  const auto row = [&text](const char* name, const Histogram& histogram) {
    if (histogram.count() == 0) return;
    text += "<tr><td>" + std::string(name) + "</td><td class=\"n\">" + std::to_string(histogram.count()) + "</td>";
    for (const double share : {0.5, 0.9, 0.99, 0.999, 1.0}) {
      text += "<td class=\"n\">" + with_unit(static_cast<double>(histogram.at(share)) / 1000, Unit::kTime) + "</td>";
    }
    text += "</tr>\n";
  };
  const ViewerTally& tally = outcome.tally;
  row("start-up", tally.start_up);
  row("segment, first byte", tally.segment_first_byte);
  row("segment, last byte", tally.segment_whole);
  row("playlist, last byte", tally.playlist_whole);
  row("plain request, first byte", tally.request_first_byte);
  row("plain request, last byte", tally.request_whole);
  row("the generator's own lag", outcome.lag);
  row("the same, at each request", outcome.work_lag);
  return text + "</table></div>\n";
}

}  // namespace

Setting setting_here(const Plan& plan) {
  Setting setting;
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 40> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%d %H:%M UTC", &parts);
  setting.date = date.data();
  utsname system{};
  uname(&system);
  setting.machine =
      std::to_string(std::thread::hardware_concurrency()) + " processors, " + system.sysname + " " + system.release;
  std::ifstream file(plan.file);
  setting.plan_text.assign(std::istreambuf_iterator<char>(file), {});
  return setting;
}

std::string report_page(const Plan& plan, const Outcome& outcome, const Setting& setting) {
  std::string text =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>";
  text += escaped(plan.name) + ": " + escaped(verdict_line(plan, outcome)) + "</title><style>" + kStyle +
          "</style></head><body><main>\n";
  text += "<h1>Rehearsal: " + escaped(plan.name) + "</h1><p class=\"about\">" + escaped(plan.about) + "</p>\n";
  text += banner(plan, outcome);
  for (const std::string& remark : remarks(outcome)) {
    text += "<div class=\"verdict none\">" + escaped(remark) + "</div>\n";
  }
  text += promises(outcome) + "<h2>In sum</h2>" + tiles(plan, outcome);
  text += events(outcome) + "<h2>Second by second</h2>\n" + charts(plan, outcome) + latencies(outcome);
  if (!setting.plan_text.empty()) {
    text += "<h2>The plan</h2><details><summary>" + escaped(plan.file) + "</summary><pre>" +
            escaped(setting.plan_text) + "</pre></details>\n";
  }
  return text + "<footer>levee-bench rehearse, " + escaped(setting.date) + ", " + escaped(setting.machine) + ". " +
         std::to_string(outcome.connections) + " connections at most; " + std::to_string(outcome.lent) +
         " requests on a connection lent from another client.</footer></main></body></html>\n";
}

}  // namespace levee::bench
