#include "bench/rehearse/outcome_text.h"

#include <cmath>
#include <cstring>
#include <utility>

#include "bench/figures/report.h"

namespace levee::bench {
namespace {

const Measure& measure_of(const Promise& promise) {
  return kMeasures[promise.measure];
}

std::string kind_word(Judged::Kind kind) {
  switch (kind) {
    case Judged::Kind::kKept:
      return "kept";
    case Judged::Kind::kBroken:
      return "BROKEN";
    case Judged::Kind::kUnknown:
      return "UNKNOWN";
    case Judged::Kind::kUnjudged:
      return "unjudged";
  }
  return {};
}

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

std::string value_text(const Judged& judged) {
  if (!judged.value) return "nothing measured it";
  return with_unit(*judged.value, measure_of(judged.promise).unit);
}

std::string milliseconds(double value) {
  return with_unit(value, Unit::kTime);
}

// "51 ms late at p99 and 300 ms at worst"
std::string bottleneck_words(const Lateness& late) {
  std::string text = milliseconds(late.p99_ms) + " late at p99 and " + milliseconds(late.most_ms) + " at worst";
  if (late.waited > kWaitedMost) {
    text += ", and " + with_unit(late.waited, Unit::kShare) + " of its requests waited for a connection";
  }
  return text;
}

// Which promises the generator may have broken itself. "errors at most 0.0 %, ..."
std::string unjudged(const Verdict& verdict) {
  std::string text;
  for (const Judged& judged : verdict.judged) {
    if (judged.kind == Judged::Kind::kUnjudged) text += (text.empty() ? "" : ", ") + promise_words(judged.promise);
  }
  return text;
}

// "not one viewer saw a frame, and ..."
std::string untested(const Verdict& verdict) {
  std::string text;
  for (const std::string& each : verdict.untested) text += (text.empty() ? "" : ", and ") + each;
  return text;
}

// "(evening.plan:3)"
std::string place(const Plan& plan, const Promise& promise) {
  return "(" + plan.file + ":" + std::to_string(promise.line) + ")";
}

std::string unmeasured(const Plan& plan, const Verdict& verdict) {
  std::string text = "nothing measured ";
  for (const Judged& judged : verdict.judged) {
    if (judged.kind != Judged::Kind::kUnknown) continue;
    return text + std::string(measure_of(judged.promise).name) + " " + place(plan, judged.promise);
  }
  return text;
}

std::string interrupted(const Plan& plan, const Outcome& outcome) {
  return "No verdict: it was interrupted after " + with_unit(std::round(outcome.took_s * 1000), Unit::kTime) + " of " +
         with_unit(static_cast<double>(plan.duration.count()), Unit::kTime) + ".";
}

Json second_json(const Moment& moment) {
  const Second& of = moment.of;
  return {{"viewers", of.viewers},
          {"requests", of.requests},
          {"answered", of.answered},
          {"told", of.told},
          {"hits", of.hits},
          {"collapsed", of.collapsed},
          {"errors", of.errors},
          {"stalls", of.stalls},
          {"stalled", of.stalled},
          {"bytes", of.bytes},
          {"first_byte_p50_ms", moment.first_byte_p50_ms},
          {"first_byte_p99_ms", moment.first_byte_p99_ms},
          {"start_up_p99_ms", moment.start_up_p99_ms},
          {"origin_requests", moment.origin_requests},
          {"origin_active", moment.origin_active},
          {"node_cpu_s", moment.node_cpu_s},
          {"node_resident", moment.node_resident},
          {"generator_lag_p99_ms", moment.lag_p99_ms},
          {"generator_cpu_s", moment.generator_cpu_s}};
}

}  // namespace

std::string promise_words(const Promise& promise) {
  const Measure& measure = measure_of(promise);
  return std::string(measure.name) + " at most " + with_unit(promise.most, measure.unit);
}

std::string bottleneck(const Outcome& outcome) {
  std::string text;
  const Lateness late = outcome.lateness();
  if (late.excuses(Excuse::kSecondsLate)) {
    text = "The generator itself was " + milliseconds(late.most_ms) +
           " late at worst: what it kept back came all at once, and whatever broke may have broken by that.";
  } else if (late.p99_ms > kLagMostMs) {
    text = "The generator itself was " + milliseconds(late.p99_ms) +
           " late at p99: latencies and stalls were better than measured.";
  }
  if (outcome.waited > 0) {
    text += (text.empty() ? "" : " ") + std::to_string(outcome.waited) +
            " requests waited for a connection of the generator's" +
            (outcome.shortage != 0 ? std::string(" (its machine said: ") + std::strerror(outcome.shortage) + ")" : "") +
            "; their wait counts" + (late.waited > kWaitedMost ? ", and may be what broke." : ".");
  }
  return text;
}

std::vector<std::string> remarks(const Outcome& outcome) {
  std::vector<std::string> remarks;
  if (std::string slow = bottleneck(outcome); !slow.empty()) remarks.push_back(std::move(slow));
  const Verdict& verdict = outcome.verdict;
  const bool is_said = verdict.kind == Verdict::Kind::kNone && unjudged(verdict).empty();  // in the verdict's own line
  if (!verdict.untested.empty() && !is_said) remarks.push_back("Not tested: " + untested(verdict) + ".");
  if (outcome.asked_elsewhere > 0) {
    std::string hosts;
    for (const std::string& host : outcome.elsewhere) hosts += (hosts.empty() ? "" : ", ") + host;
    remarks.push_back(std::to_string(outcome.asked_elsewhere) + " requests were for media on other hosts (" + hosts +
                      "). The target was asked for it, so nothing here tells of those hosts.");
  }
  return remarks;
}

std::string hindrance(const Outcome& outcome) {
  const Lateness late = outcome.lateness();
  const bool is_late = late.p99_ms > kLagMostMs || late.most_ms > kSecondsLateMs;
  if (is_late || late.waited <= kWaitedMost) return "late by " + milliseconds(late.p99_ms) + " at p99";
  return "short of connections for " + with_unit(late.waited, Unit::kShare) + " of its requests";
}

std::string verdict_line(const Plan& plan, const Outcome& outcome) {
  const Verdict& verdict = outcome.verdict;
  switch (verdict.kind) {
    case Verdict::Kind::kHolds:
      return "It holds.";
    case Verdict::Kind::kNone:
      if (outcome.interrupted_by != 0) return interrupted(plan, outcome);
      if (unjudged(verdict).empty()) return "No verdict: every promise was kept, but " + untested(verdict) + ".";
      return "No verdict: the generator was the bottleneck, " + bottleneck_words(outcome.lateness()) +
             ", so it may have broken " + unjudged(verdict) + " itself. Use fewer viewers, " +
             (outcome.lateness().waited > kWaitedMost ? "more connections, " : "") + "or a quieter machine.";
    case Verdict::Kind::kBreaks:
      break;
  }
  if (!verdict.first) return "It does not hold: " + unmeasured(plan, verdict) + ".";
  const Judged& first = verdict.judged[*verdict.first];
  return "It does not hold: " + promise_words(first.promise) + " broke first, at " + std::to_string(*first.second + 1) +
         " s; at the end it was " + value_text(first) + " " + place(plan, first.promise) + ".";
}

std::string verdict_word(Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::kHolds:
      return "holds";
    case Verdict::Kind::kBreaks:
      return "does not hold";
    case Verdict::Kind::kNone:
      return "none";
  }
  return {};
}

std::string verdict_text(const Plan& plan, const Outcome& outcome) {
  std::string text;
  for (const Judged& judged : outcome.verdict.judged) {
    text += "  " + padded(kind_word(judged.kind), 9) + padded(promise_words(judged.promise), 46) + "measured " +
            value_text(judged);
    if (judged.second) text += ", since second " + std::to_string(*judged.second + 1);
    text += "\n";
  }
  for (const std::string& remark : remarks(outcome)) text += "\n" + remark + "\n";
  return text + "\n" + verdict_line(plan, outcome) + "\n";
}

Json verdict_json(const Plan& plan, const Outcome& outcome) {
  const Verdict& verdict = outcome.verdict;
  Json json{{"verdict", verdict_word(verdict.kind)}, {"says", verdict_line(plan, outcome)}};
  if (!verdict.untested.empty()) json["untested"] = verdict.untested;
  if (verdict.first) json["broke_first"] = measure_of(verdict.judged[*verdict.first].promise).name;
  for (const Judged& judged : verdict.judged) {
    Json promise{{"promise", measure_of(judged.promise).name}, {"most", judged.promise.most}};
    promise["judged"] = kind_word(judged.kind);
    if (judged.value) promise["measured"] = *judged.value;
    if (judged.second) promise["broken_since_s"] = *judged.second + 1;
    json["promises"].push_back(promise);
  }
  return json;
}

Json outcome_json(const Plan& plan, const Outcome& outcome) {
  const ViewerTally& tally = outcome.tally;
  Json json{{"plan", plan.name}, {"about", plan.about}, {"seconds", outcome.took_s}};
  json.update(verdict_json(plan, outcome));
  json["viewers"] = {{"joined", tally.joined},
                     {"started", tally.started},
                     {"stalled", tally.stalled_viewers},
                     {"watched_s", static_cast<double>(tally.watched_us) / 1e6},
                     {"stall_s", static_cast<double>(tally.stall_us) / 1e6},
                     {"skipped_segments", tally.skipped_segments},
                     {"switches", tally.total.switches}};
  json["requests"] = {{"sent", tally.total.requests},       {"answered", tally.total.answered},
                      {"told", tally.total.told},           {"hits", tally.total.hits},
                      {"collapsed", tally.total.collapsed}, {"errors", tally.total.errors},
                      {"wrong_bodies", tally.wrong_bodies}, {"bytes", tally.total.bytes}};
  json["latency_ms"] = {{"start_up", latency_json(tally.start_up)},
                        {"segment_first_byte", latency_json(tally.segment_first_byte)},
                        {"segment_whole", latency_json(tally.segment_whole)},
                        {"playlist_whole", latency_json(tally.playlist_whole)},
                        {"request_first_byte", latency_json(tally.request_first_byte)},
                        {"request_whole", latency_json(tally.request_whole)}};
  if (outcome.asked_elsewhere > 0) {
    json["requests"]["elsewhere"] = {{"requests", outcome.asked_elsewhere}, {"hosts", outcome.elsewhere}};
  }
  if (outcome.origin) {
    json["origin"] = {{"requests", outcome.origin->requests},
                      {"least", outcome.origin->least},
                      {"most_active", outcome.origin->most_active},
                      {"refused", outcome.origin->refused}};
  }
  json["node_cpu_s"] = outcome.node_cpu_s;
  json["generator"] = {{"lag_ms", latency_json(outcome.lag)},
                       {"work_lag_ms", latency_json(outcome.work_lag)},
                       {"says", bottleneck(outcome)},
                       {"connections", outcome.connections},
                       {"lent", outcome.lent},
                       {"waited", outcome.waited}};
  for (const Happening& event : outcome.events) {
    json["events"].push_back({{"at_ms", event.at_ms}, {"what", event.what}});
  }
  for (const Moment& moment : outcome.seconds) json["by_second"].push_back(second_json(moment));
  return json;
}

}  // namespace levee::bench
