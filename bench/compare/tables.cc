#include "bench/compare/tables.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <set>
#include <vector>

#include "bench/compare/rounds.h"
#include "bench/figures/chart.h"

namespace levee::bench {
namespace {

constexpr std::array<std::string_view, 6> kPeers = {"levee", "nginx", "varnish", "ats", "haproxy", "loop"};
constexpr std::array<std::string_view, 6> kTitles = {"Levee", "nginx", "Varnish", "ATS", "HAProxy", "the loop"};

std::string format(const char* how, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), how, value);
  return text.data();
}

// Thousands with commas, and as many decimals as are of use.
std::string plain(double value) {
  std::string text = format(value < 10 && value != 0 ? "%.1f" : "%.0f", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  const size_t dot = std::min(text.find('.'), text.size());
  for (size_t at = dot; at > 3 && text[at - 4] != '-'; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::optional<double> figure(const Json& scenario, std::string_view peer, const std::string& what) {
  const auto found = scenario.at("peers").find(std::string(peer));
  if (found == scenario.at("peers").end() || !found->contains(what)) return std::nullopt;
  return found->at(what).get<double>();
}

// nginx's cost over the peer's, round by round.
std::optional<Ratio> ratio(const Json& scenario, const Json& headline, std::string_view peer) {
  if (headline.at("as") != "ratio") return std::nullopt;
  const Json& rounds = scenario.at("rounds");
  const auto base = rounds.find("nginx"), other = rounds.find(std::string(peer));
  if (base == rounds.end() || other == rounds.end()) return std::nullopt;
  return paired_ratio(*base, *other, headline.at("what"));
}

// The value as a table has it.
std::optional<double> shown(const Json& scenario, const Json& headline, std::string_view peer) {
  if (headline.at("as") != "ratio") return figure(scenario, peer, headline.at("what"));
  const auto found = ratio(scenario, headline, peer);
  return found ? std::optional(found->median) : std::nullopt;
}

// How far the rounds are apart.
std::string range(const std::optional<Ratio>& ratio) {
  if (!ratio || ratio->least == ratio->most) return {};
  return " (" + format("%.2f", ratio->least) + " to " + format("%.2f", ratio->most) + ")";
}

std::string in_words(double value, const std::string& as) {
  if (as == "ratio") return format("%.2f", value);
  if (as == "count") return plain(value);
  if (as == "percent") return plain(value) + " %";
  return plain(value) + " " + as;
}

void each_headline(const Json& results, const auto& visit) {
  for (const auto& [name, scenario] : results.at("scenarios").items()) {
    for (const Json& headline : scenario.at("headlines")) visit(scenario, headline);
  }
}

constexpr const char* kStyle =
    R"(body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;
color:#1b1f24;background:#fff}h1{font-size:1.5rem}h2{font-size:1.05rem;margin:2rem 0 .4rem}p,td,th{font-size:.9rem}
table{border-collapse:collapse}td{overflow-wrap:anywhere}td,th{text-align:left;padding:.15rem 1.2rem .15rem 0;vertical-align:top}td.n{text-align:right}
.bar{display:grid;grid-template-columns:5.5rem 1fr;gap:.2rem .6rem;align-items:center;font-size:.85rem}
.bar i{display:inline-block;height:.9rem;background:#b8c2cc;border-radius:2px;margin-right:.5rem;vertical-align:middle}
.bar .levee i{background:#0b6e99}h3{font-size:.9rem;font-weight:600;margin:1rem 0 .3rem}
.bar span,td.k{white-space:nowrap}td.good,td.bad,td.unsure{white-space:nowrap;font-weight:600;color:#17784a}td.bad{color:#b3202f}
td.unsure{color:#8a5a00}
@media(prefers-color-scheme:dark){body{color:#e6e9ec;background:#14181c}.bar i{background:#55606b}
.bar .levee i{background:#3fa7d6}td.good{color:#62d69b}td.bad{color:#ff8591}
td.unsure{color:#f3c05f}})";

std::string bars(const Json& scenario, const Json& headline) {
  const std::string as = headline.at("as");
  double most = 0;
  for (const std::string_view peer : kPeers) most = std::max(most, shown(scenario, headline, peer).value_or(0));
  std::string out = "<h3>" + escaped(headline.at("label").get<std::string>());
  out += as == "ratio" ? " (by server CPU second, nginx = 1)</h3>" : "</h3>";
  out += "<div class=\"bar\">";
  for (size_t i = 0; i < kPeers.size(); ++i) {
    const auto value = shown(scenario, headline, kPeers[i]);
    if (!value) continue;
    const double width = most > 0 ? std::clamp(70 * *value / most, 0.2, 70.0) : 0.2;
    out += "<span>" + std::string(kTitles[i]) + "</span><span class=\"" + std::string(kPeers[i]) +
           "\"><i style=\"width:" + format("%.1f", width) + "%\"></i>" + in_words(*value, as) +
           range(ratio(scenario, headline, kPeers[i])) + "</span>";
  }
  return out + "</div>";
}

// What became of a plan's promises with each; empty: it is no plan.
std::string verdicts(const Json& scenario) {
  if (!scenario.contains("verdicts")) return {};
  std::string out = "<table>";
  for (size_t i = 0; i < kPeers.size(); ++i) {
    const auto verdict = scenario.at("verdicts").find(kPeers[i]);
    if (verdict == scenario.at("verdicts").end()) continue;
    const int held = verdict->at("held"), rounds = verdict->at("rounds"), unjudged = verdict->value("unjudged", 0);
    const char* const look = held == rounds ? "good" : held + unjudged == rounds ? "unsure" : "bad";
    out += "<tr><td>" + std::string(kTitles[i]) + "</td><td class=\"" + look + "\">held " + std::to_string(held) +
           " of " + std::to_string(rounds) + (unjudged > 0 ? "<br>no verdict on " + std::to_string(unjudged) : "") +
           "</td><td>" + escaped(verdict->at("says").get<std::string>()) + "</td></tr>";
  }
  return out + "</table>";
}

constexpr size_t kLabelWidth = 42, kCellWidth = 12;

std::string padded(const std::string& text, size_t width) {
  return text.size() < width ? text + std::string(width - text.size(), ' ') : text;
}
std::string aligned(const std::string& text, size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string verdict_word(const Json& verdict) {
  const int held = verdict.at("held"), rounds = verdict.at("rounds"), unjudged = verdict.value("unjudged", 0);
  if (held == rounds) return "holds";
  if (unjudged == rounds) return "no verdict";
  return held + unjudged == 0 ? "does not" : std::to_string(held) + " of " + std::to_string(rounds);
}

std::string not_measured(const Json& scenario) {
  std::string out;
  for (const auto& [peer, why] : scenario.at("not_measured").items()) {
    out += "  " + peer + " not measured: " + why.get<std::string>() + "\n";
  }
  return out;
}

}  // namespace

std::string terminal_table(const std::string& name, const Json& scenario) {
  std::string out = "\n" + name + ": " + scenario.at("title").get<std::string>() + "\n";
  for (const auto& [peer, figures] : scenario.at("peers").items()) {
    out += "  " + peer + std::string(peer.size() < 8 ? 8 - peer.size() : 0, ' ');
    for (const auto& [what, value] : figures.items()) out += "  " + what + " " + format("%.2f", value.get<double>());
    for (const Json& headline : scenario.at("headlines")) {
      const auto by = ratio(scenario, headline, peer);
      if (by) out += "  " + format("%.2f", by->median) + " x nginx" + range(by);
    }
    out += "\n";
  }
  return out + not_measured(scenario);
}

std::string plan_table(const Json& scenario) {
  std::string out = scenario.at("title").get<std::string>() + "\n" + padded("", kLabelWidth);
  const auto each_peer = [&](const auto& cell) {
    for (size_t i = 0; i < kPeers.size(); ++i) {
      if (scenario.at("peers").contains(kPeers[i])) out += " " + aligned(cell(i), kCellWidth);
    }
    out += "\n";
  };
  each_peer([](size_t i) { return std::string(kTitles[i]); });
  out += padded("  verdict", kLabelWidth);
  each_peer([&](size_t i) { return verdict_word(scenario.at("verdicts").at(kPeers[i])); });
  for (const Json& headline : scenario.at("headlines")) {
    const std::string as = headline.at("as");
    out += padded("  " + headline.at("label").get<std::string>() + (as == "ratio" ? " a CPU second, by nginx's" : ""),
                  kLabelWidth);
    each_peer([&](size_t i) {
      const auto value = shown(scenario, headline, kPeers[i]);
      return value ? in_words(*value, as) : std::string("-");
    });
  }
  for (size_t i = 0; i < kPeers.size(); ++i) {
    const auto verdict = scenario.at("verdicts").find(kPeers[i]);
    if (verdict == scenario.at("verdicts").end() || verdict->at("held") == verdict->at("rounds")) continue;
    out += "  " + std::string(kTitles[i]) + ": " + verdict->at("says").get<std::string>() + "\n";
  }
  return out + not_measured(scenario);
}

// The day on which all was measured, or the first and the last.
std::string days(const Json& results) {
  const std::string date = results.at("machine").at("date");
  std::set<std::string> all;
  for (const Json& scenario : results.at("scenarios")) all.insert(scenario.value("date", date).substr(0, 10));
  if (all.empty()) return date.substr(0, 10);
  return all.size() == 1 ? *all.begin() : *all.begin() + " to " + *all.rbegin();
}

// What else the machine did when the comparison began.
std::string beside_what(const Json& machine) {
  const double load = machine.value("load_before", 0.0);
  return load > machine.at("cores").get<double>() ? ", beside other work (load " + format("%.1f", load) + ")" : "";
}

std::string markdown_table(const Json& results) {
  const Json& machine = results.at("machine");
  std::string out = "Measured " + days(results) + ", " + std::to_string(machine.at("cores").get<int>()) + " cores, " +
                    machine.at("cpu").get<std::string>() + beside_what(machine) +
                    (results.at("quick").get<bool>() ? ", shortened forms:\n\n|" : ":\n\n|");
  for (const std::string_view title : kTitles) out += " | " + std::string(title);
  out += " |\n|--|";
  for (size_t i = 0; i < kPeers.size(); ++i) out += "--|";
  out += "\n";
  each_headline(results, [&](const Json& scenario, const Json& headline) {
    out += "| " + headline.at("label").get<std::string>();
    for (const std::string_view peer : kPeers) {
      const auto value = shown(scenario, headline, peer);
      const std::string text = value ? in_words(*value, headline.at("as")) : "";
      out += text.empty() ? " |" : peer == "levee" ? " | **" + text + "**" : " | " + text;
    }
    out += " |\n";
  });
  return out;
}

std::optional<std::string> with_table(const std::string& readme, const Json& results) {
  constexpr std::string_view kBegin = "<!-- performance: written by `make readme`, from bench/results.json -->\n";
  const size_t begin = readme.find(kBegin);
  const size_t end = readme.find("<!-- end of performance -->\n");
  if (begin == std::string::npos || end == std::string::npos) return std::nullopt;
  return readme.substr(0, begin + kBegin.size()) + markdown_table(results) + readme.substr(end);
}

std::string html_page(const Json& results) {
  std::string out =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\"><title>Levee beside its peers</title><style>";
  out += kStyle;
  out += "</style><h1>Levee beside its peers</h1><table>";
  for (const auto& [what, value] : results.at("machine").items()) {
    if (value.is_object()) continue;
    out += "<tr><td class=\"k\">" + escaped(what) + "</td><td>" +
           escaped(value.is_string() ? value.get<std::string>() : format("%.4g", value.get<double>())) + "</td></tr>";
  }
  for (const auto& [peer, version] : results.at("machine").at("versions").items()) {
    out += "<tr><td class=\"k\">" + escaped(peer) + "</td><td>" + escaped(version.get<std::string>()) + "</td></tr>";
  }
  out += "</table>";
  if (results.at("quick").get<bool>()) out += "<p>Shortened forms of the scenarios (--quick).</p>";
  for (const auto& [name, scenario] : results.at("scenarios").items()) {
    out += "<h2>" + escaped(scenario.at("title").get<std::string>()) + "</h2>";
    out += verdicts(scenario);
    for (const Json& headline : scenario.at("headlines")) out += bars(scenario, headline);
    for (const auto& [peer, why] : scenario.at("not_measured").items()) {
      out += "<p>" + escaped(peer) + " not measured: " + escaped(why.get<std::string>()) + "</p>";
    }
  }
  if (results.contains("micro")) {
    out += "<h2>Parts, nanoseconds each</h2><table>";
    for (const auto& [name, ns] : results.at("micro").items()) {
      out += "<tr><td>" + escaped(name) + "</td><td class=\"n\">" + plain(ns.get<double>()) + "</td></tr>";
    }
    out += "</table>";
  }
  return out + "</html>\n";
}

}  // namespace levee::bench
